"""Whether a run directory is a copy of another one, and the identity that a copy gets.

A journal knows its search by an id, by which MLflow finds the runs of the search, and by the
directory that it lies in. A directory that was moved stays the same search. One that was copied is
another search from then on: two that write to the same MLflow runs would mix their results.
"""

import uuid
from pathlib import Path

from pnas.errors import RunDirectoryError
from pnas.records.journal import Journal
from pnas.records.journal_reader import JournalReader
from pnas.records.run_directory import JOURNAL

RUN_DIR = "run_dir"
"""Name, in the journal, of the directory that it lay in when a command last wrote it."""


def settle_identity(journal: Journal, run_dir: Path) -> str | None:
    """Give the run in ``run_dir`` an identity of its own if it is a copy of another one.

    Journals of versions that did not store their directory count as originals.

    Args:
        journal: Its journal, open for writing.
        run_dir: The run directory.

    Returns:
        One line that says what was done; None if the run is no copy.
    """
    here = run_dir.resolve()
    stored = journal.meta(RUN_DIR)
    if stored == str(here):
        return None
    if stored is None or not _holds_same_search(Path(stored), journal):
        journal.set_meta(**{RUN_DIR: str(here)})
        return None

    journal.note("copied", source=stored, search_id=journal.meta("search_id"))
    journal.set_meta(
        **{RUN_DIR: str(here)},
        search_id=uuid.uuid4().hex,
        name=here.name,
        tracking=None,
        tracked=False,
    )
    return f"{run_dir} is a copy of {stored}; it goes on as a run of its own, {here.name}"


def _holds_same_search(run_dir: Path, journal: Journal) -> bool:
    try:
        with JournalReader(run_dir / JOURNAL) as other:
            return bool(other.meta("search_id") == journal.meta("search_id"))
    except RunDirectoryError:
        return False
