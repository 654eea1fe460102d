"""The line that ends a command which the user has stopped."""

from pathlib import Path

from pnas.records import Journal
from pnas.reports.data.number_format import count_children


def stopped_line(journal: Journal, run_dir: Path, besides: str = "") -> str:
    """Return what is kept of a search, a table or a preflight, and how it goes on.

    Args:
        journal: Its journal.
        run_dir: Its run directory.
        besides: What the same command needs besides, such as `` with name=demo``.
    """
    ended = sum(child.ended_at is not None for child in journal.children())
    kept = f"{count_children(ended)} {'is' if ended == 1 else 'are'} kept"
    return f"stopped; {kept} in {run_dir}. The same command{besides} continues"
