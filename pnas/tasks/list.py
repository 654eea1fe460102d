"""`task=list`: the runs there are, newest first."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pnas.config import Settings
from pnas.errors import RunDirectoryError
from pnas.records.run_directory import JOURNAL
from pnas.reports.data.run_reader import RunView, read_run
from pnas.reports.terminal.result_tables import count, decimal, duration
from pnas.reports.terminal.text_grid import Column, Grid
from pnas.runs.command_context import Context
from pnas.runs.display_paths import relative
from pnas.runs.run_selection import run_dirs

_Row = tuple[Path, RunView | None, str]
"""A run directory, what its journal says, and why it cannot be read."""


def run(settings: Settings, context: Context) -> None:
    """Print one line a run. A run that cannot be read has one too, which says why."""
    homes = (
        run_dirs(settings.task.files)
        if settings.task.files
        else list(_below(context.run_dir.parent))
    )
    newest = sorted(homes, key=_changed, reverse=True)[: settings.task.top]
    shown = f"{len(homes):,} runs, newest first"
    title = shown if len(newest) == len(homes) else f"{shown} (the first {len(newest):,})"
    if not homes:
        context.console.print(
            f"no runs in {relative(context.run_dir.parent)} yet", markup=False, highlight=False
        )
        return
    Grid.of(title, _COLUMNS, [_read(home) for home in newest]).print(context.console)


def _below(outputs: Path) -> Iterator[Path]:
    yield from (path.parent for path in outputs.glob(f"*/{JOURNAL}"))


def _changed(home: Path) -> float:
    # A journal's latest facts may be in its write-ahead log.
    files = [home / JOURNAL, home / f"{JOURNAL}-wal"]
    return max(
        (path.stat().st_mtime for path in files if path.is_file() and path.stat().st_size),
        default=0.0,
    )


def _read(home: Path) -> _Row:
    try:
        return home, read_run(home), ""
    except RunDirectoryError as error:
        return home, None, str(error)


def _when(home: Path) -> str:
    return datetime.fromtimestamp(_changed(home)).strftime("%Y-%m-%d %H:%M")


def _children(run: RunView) -> str:
    done = count(len(run.ended))
    return done if len(run.ended) == len(run.children) else f"{done} of {count(len(run.children))}"


_COLUMNS = (
    Column("run", lambda row: str(relative(row[0])), prose=True),
    Column("status", lambda row: row[1].status if row[1] else "unreadable", prose=True),
    Column("best", lambda row: decimal(row[1].best.reward) if row[1] and row[1].best else ""),
    Column("test", lambda row: decimal(row[1].test_accuracy) if row[1] else ""),
    Column("children", lambda row: _children(row[1]) if row[1] else ""),
    Column("failed", lambda row: count(len(row[1].failed)) if row[1] and row[1].failed else ""),
    Column("time", lambda row: duration(row[1].seconds) if row[1] else ""),
    Column("predictor", lambda row: row[1].predictor if row[1] else "", prose=True),
    Column("changed", lambda row: _when(row[0])),
    Column(
        "best cell",
        lambda row: str(row[1].best.cell) if row[1] and row[1].best else row[2],
        prose=True,
    ),
)
