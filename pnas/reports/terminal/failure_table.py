"""The children that failed, as a table."""

from pnas.reports.data.number_format import duration
from pnas.reports.data.run_view import RunView
from pnas.reports.terminal.text_grid import Column, Grid

_MOST_FAILURES = 50


def failure_table(run: RunView) -> Grid | None:
    """Return one row a failed child, of many the first 50; None if none failed."""
    if not run.failed:
        return None
    title = f"{len(run.failed):,} failed"
    if len(run.failed) > _MOST_FAILURES:
        title += f", the first {_MOST_FAILURES} of them"
    return Grid.of(title, _COLUMNS, run.failed[:_MOST_FAILURES])


_COLUMNS = (
    Column("b", lambda child: str(len(child.cell))),
    Column("attempts", lambda child: str(child.starts or "")),
    Column("after", lambda child: duration(child.seconds)),
    Column("why", lambda child: child.error or "for no known reason", prose=True),
    Column("cell", lambda child: str(child.cell), prose=True),
)
