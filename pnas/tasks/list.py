"""`task=list`: the runs that exist, newest first."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any

from pnas.config import Settings
from pnas.errors import RunDirectoryError
from pnas.records.run_directory import JOURNAL, TRAINING, holds_run
from pnas.reports.data.number_format import count, decimal, duration
from pnas.reports.data.run_reader import read_run
from pnas.reports.data.run_view import RunView
from pnas.reports.terminal.text_grid import Column, Grid
from pnas.runs.command_context import Context
from pnas.runs.display_paths import relative
from pnas.runs.run_selection import select_run_dirs
from pnas.system.console import print_json, print_line
from pnas.system.wording import plural


class _Row:
    """One run as it is listed.

    Attributes:
        run_dir: Run directory.
        view: What its journal says; None if it cannot be read.
        error: Why it cannot be read.
    """

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.view: RunView | None = None
        self.error = ""
        try:
            self.view = read_run(run_dir)
        except RunDirectoryError as error:
            self.error = str(error)
        except PermissionError as error:
            self.error = f"cannot be read ({error.strerror})"


def run(settings: Settings, context: Context) -> None:
    """Print one line a run. A run that cannot be read has one too, which says why.

    Args:
        settings: Settings of the command.
        context: The command around the task.
    """
    outputs = context.run_dir.parent
    run_dirs = _run_dirs(settings, outputs)
    is_json = settings.task.format == "json"
    if not run_dirs and not is_json:
        print_line(context.console, f"no runs in {relative(outputs)} yet")
        return

    run_dirs.sort(key=_changed_at, reverse=True)
    newest = run_dirs[: settings.task.top]
    if is_json:
        print_json(context.console, [_as_plain(_Row(run_dir)) for run_dir in newest])
        return

    title = f"{plural(len(run_dirs), 'run')}, newest first"
    if len(newest) < len(run_dirs):
        title += f" (the first {len(newest):,})"
    rows = [_Row(run_dir) for run_dir in newest]
    Grid.of(title, _COLUMNS, rows).print(context.console)


def _run_dirs(settings: Settings, outputs: Path) -> list[Path]:
    if settings.task.files:
        return select_run_dirs(settings.task.files)
    return [path for path in outputs.glob("*") if _may_hold_run(path)]


def _may_hold_run(path: Path) -> bool:
    """Whether a folder is a run's, or one that only its owner may look into."""
    try:
        return holds_run(path)
    except PermissionError:
        return True


def _changed_at(run_dir: Path) -> float:
    """Return when a run was last written to, in seconds since the epoch."""
    times = []
    # The latest facts of a journal may be in its write-ahead log.
    for name in (JOURNAL, f"{JOURNAL}-wal"):
        found = _stat(run_dir / name)
        if found is not None and found.st_size:
            times.append(found.st_mtime)
    if times:
        return max(times)
    # A training of an early version, or a journal that something has emptied.
    found = _stat(run_dir / TRAINING) or _stat(run_dir / JOURNAL)
    return 0.0 if found is None else found.st_mtime


def _stat(path: Path) -> os.stat_result | None:
    # A run may be removed while it is listed.
    try:
        return path.stat()
    except OSError:
        return None


def _as_plain(row: _Row) -> dict[str, Any]:
    """Return a run as JSON values; one that cannot be read has an error and nothing else."""
    if row.view is None:
        return {"run": str(row.run_dir), "error": row.error}
    view = row.view
    return {
        "run": str(row.run_dir),
        "name": view.name,
        "task": view.task,
        "status": view.status,
        "best_reward": view.best.reward if view.best else None,
        "best_cell": str(view.best.cell) if view.best else None,
        "winner_reward": view.winner_reward,
        "winner_cell": str(view.winner["cell"]) if view.winner else None,
        "test_accuracy": view.found_test_accuracy,
        "children": len(view.children),
        "ended": len(view.ended),
        "failed": len(view.failed),
        "seconds": view.seconds,
        "predictor": view.predictor,
        "changed_at": _changed_at(row.run_dir),
    }


def _task(row: _Row) -> str:
    return row.view.task if row.view else ""


def _status(row: _Row) -> str:
    return row.view.status if row.view else "unreadable"


def _best_reward(row: _Row) -> str:
    return decimal(row.view.best.reward) if row.view and row.view.best else ""


def _winner_reward(row: _Row) -> str:
    return decimal(row.view.winner_reward) if row.view else ""


def _test_accuracy(row: _Row) -> str:
    return decimal(row.view.found_test_accuracy) if row.view else ""


def _children(row: _Row) -> str:
    if row.view is None:
        return ""
    ended = len(row.view.ended)
    planned = len(row.view.children)
    return count(ended) if ended == planned else f"{count(ended)} of {count(planned)}"


def _failed(row: _Row) -> str:
    return count(len(row.view.failed)) if row.view and row.view.failed else ""


def _time(row: _Row) -> str:
    return duration(row.view.seconds) if row.view else ""


def _predictor(row: _Row) -> str:
    return row.view.predictor if row.view else ""


def _changed(row: _Row) -> str:
    return datetime.fromtimestamp(_changed_at(row.run_dir)).strftime("%Y-%m-%d %H:%M")


def _best_cell_or_error(row: _Row) -> str:
    return str(row.view.found_cell) if row.view and row.view.found_cell else row.error


_WINNER = "mean reward of the winner, whose test accuracy and cell are then listed"

_COLUMNS = (
    Column("run", lambda row: str(relative(row.run_dir)), prose=True),
    Column("task", _task, prose=True),
    Column("status", _status, prose=True),
    Column("best", _best_reward),
    Column("winner", _winner_reward, about=_WINNER),
    Column("test", _test_accuracy),
    Column("children", _children),
    Column("failed", _failed),
    Column("time", _time),
    Column("predictor", _predictor, prose=True),
    Column("changed", _changed),
    Column("best cell", _best_cell_or_error, prose=True),
)
