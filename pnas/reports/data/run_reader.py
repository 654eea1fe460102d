"""Reads a run directory for reports: one reading of its journal."""

from collections.abc import Mapping
from pathlib import Path

from pnas.errors import RunDirectoryError
from pnas.records import summarize
from pnas.records.earlier_training import open_run
from pnas.records.front import read_front
from pnas.records.journal_reader import JournalReader
from pnas.records.run_directory import LOCK
from pnas.records.run_task import is_training
from pnas.records.summary import PREDICTED_SECONDS
from pnas.records.training_journal import read_training
from pnas.reports.data.run_view import RunView
from pnas.system import file_lock


def read_run(run_dir: Path, status: str | None = None) -> RunView:
    """Read the journal of ``run_dir``; nothing is written.

    Args:
        run_dir: Directory that holds the journal.
        status: Status of the search, for a caller who knows better than the journal.

    Raises:
        RunDirectoryError: There is no journal, or it cannot be read.
    """
    with open_run(run_dir) as journal:
        return view_journal(journal, run_dir, status)


def view_journal(journal: JournalReader, run_dir: Path, status: str | None = None) -> RunView:
    """Return what the open ``journal`` of ``run_dir`` holds; see `read_run`."""
    stored = str(journal.meta("status", "running"))
    if stored == "running" and not is_held(run_dir):
        stored = "interrupted"
    config = journal.meta("config") or {}
    if not isinstance(config, Mapping):
        raise RunDirectoryError(f"{journal.path}: its configuration was not written by pnas")
    summary = summarize(journal)
    return RunView(
        path=run_dir,
        name=str(journal.meta("name") or run_dir.name),
        status=status or stored,
        config=config,
        choices=journal.meta("choices") or {},
        children=journal.children(),
        stages=journal.stages(),
        stage_figures=summary["stages"],
        winner=summary["winner"],
        optimism=journal.meta("optimism"),
        front=read_front(journal),
        events=journal.events(),
        seconds=float(journal.meta("search_seconds", 0.0)),
        test_accuracy=journal.meta("test_accuracy"),
        stopped_by=journal.meta("stopped_by"),
        sweep=journal.meta("sweep"),
        started_at=journal.meta("started_at"),
        fingerprint=journal.meta("data_fingerprint"),
        overrides=_strings(journal.meta("overrides")),
        training=read_training(journal) if is_training(config) else None,
        predicted_seconds=journal.meta(PREDICTED_SECONDS),
    )


def is_held(run_dir: Path) -> bool:
    """Return whether a process works on ``run_dir`` at this moment. Looks, and writes nothing."""
    return file_lock.is_held(run_dir / LOCK)


def _strings(values: object) -> tuple[str, ...]:
    if not isinstance(values, list):
        return ()
    return tuple(str(value) for value in values)
