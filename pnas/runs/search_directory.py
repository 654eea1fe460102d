"""A search's run directory, opened for this command: a new one, or the one that it continues."""

import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from pnas.config import Settings, read_stored_settings
from pnas.errors import InvalidValue, RunDirectoryError
from pnas.records import Journal
from pnas.records.journal_errors import JournalDamaged
from pnas.records.journal_recovery import save_what_can_be_read
from pnas.records.resumability import check_resumable, raised_limits
from pnas.records.run_directory import CONFIG, CONTROLLER, JOURNAL, hold
from pnas.runs.command_context import Context
from pnas.system.atomic_write import write_text

MADE_OF = "tabulated"
"""Name, in the journal, of what a table is made of; its presence tells a tabulation from a search."""


@contextmanager
def opened_run(settings: Settings, context: Context) -> Iterator[Journal]:
    """Hold the run directory of this command and yield its journal.

    Raises:
        RunDirectoryError: it is in use, holds something else, or cannot be read.
        InvalidValue: it was started with a configuration of another meaning.
    """
    run_dir = context.run_dir
    _check_ours(context)
    run_dir.mkdir(parents=True, exist_ok=True)
    with hold(run_dir), closing(_open_journal(run_dir / JOURNAL)) as journal:
        stored = journal.meta("config")
        if stored is None:
            _begin(settings, context, journal)
        else:
            # Keys that have come since with their defaults, as which the search was run.
            _continue(settings, context, journal, read_stored_settings(stored).as_dict())
        yield journal


def is_finished(settings: Settings, run_dir: Path) -> bool:
    """Whether ``run_dir`` holds a search that has nothing left to do for this command.

    Raises:
        RunDirectoryError: its journal cannot be read.
    """
    if not (run_dir / JOURNAL).exists():
        return False
    try:
        with closing(Journal(run_dir / JOURNAL)) as journal:
            stored = journal.meta("config")
            if stored is None or journal.meta("status") != "finished":
                return False
            current = read_stored_settings(stored).as_dict()
            return not raised_limits(current, settings.as_dict())
    except JournalDamaged:  # who opens it to write says what can be saved
        return False


def check_same_data(journal: Journal, fingerprint: str, key: str = "data") -> None:
    """Refuse to continue on data that is not what the stored rewards were measured on. ``key`` names it.

    Raises:
        InvalidValue: the fingerprints differ.
    """
    stored = journal.meta("data_fingerprint")
    if stored is None:
        journal.set_meta(data_fingerprint=fingerprint)
    elif stored != fingerprint:
        raise InvalidValue(
            key, f"must be what {journal.path.parent} was started on ({stored})", fingerprint
        )


def check_tabulation(run_dir: Path, journal: Journal) -> None:
    """Refuse to search in the run directory of a table.

    Raises:
        RunDirectoryError: it is one.
    """
    if journal.meta(MADE_OF) is not None:
        raise RunDirectoryError(
            f"name: {run_dir} holds a table of task=tabulate. Choose another name"
        )


def _check_ours(context: Context) -> None:
    """A directory with other people's files is not turned into a run."""
    run_dir = context.run_dir
    if run_dir.is_dir() and not (run_dir / JOURNAL).exists():
        others = sorted(
            path.name
            for path in run_dir.iterdir()
            if not path.name.startswith((".lock", ".hydra", f".{JOURNAL}"))
        )
        if others:
            raise RunDirectoryError(
                f"name: {run_dir} is not a run directory (it holds {others[0]}). Choose another name"
            )


def _open_journal(path: Path) -> Journal:
    try:
        return Journal(path, create=True)
    except JournalDamaged as error:
        raise JournalDamaged(f"{error}. {save_what_can_be_read(path)}") from error


def _continue(
    settings: Settings, context: Context, journal: Journal, stored: dict[str, Any]
) -> None:
    """Take up what is stored, with the limits of this command."""
    config = settings.as_dict()
    check_resumable(context.run_dir, stored, config)
    if raised := raised_limits(stored, config):
        # Stage 1 is all cells of one block, whatever K is. Beyond the former B are rounds at that size, if anything.
        beyond = stored["state_space"]["B"] + 1
        journal.continue_with_raised_limits(
            config, raised, replan_from=2 if "controller.K" in raised else beyond
        )
        limits = ", ".join(
            f"{key} from {before} to {after}" for key, (before, after) in raised.items()
        )
        context.console.print(f"raised: {limits}", markup=False, highlight=False, soft_wrap=True)
    _write_config(context.run_dir, journal.meta("config"))
    _drop_predictors_without_stage(context.run_dir, journal)


def _drop_predictors_without_stage(run_dir: Path, journal: Journal) -> None:
    """A predictor whose stage is planned again, or was cut off while it learned, is not to be found by anyone."""
    closed = {f"stage_{stage.b}" for stage in journal.stages() if stage.closed_at is not None}
    for path in (run_dir / CONTROLLER).glob("stage_*"):
        if path.name not in closed:
            shutil.rmtree(path)


def _write_config(run_dir: Path, config: dict[str, Any]) -> None:
    text = OmegaConf.to_yaml(OmegaConf.create(config))
    path = run_dir / CONFIG
    # Left alone if it is right: a command that changes nothing leaves no trace.
    if not path.is_file() or path.read_text() != text:
        write_text(path, text)


def _begin(settings: Settings, context: Context, journal: Journal) -> None:
    config = settings.as_dict()
    _write_config(context.run_dir, config)
    name = settings.name if context.job is None else f"{settings.name}-{context.job}"
    journal.set_meta(
        search_id=uuid.uuid4().hex,
        name=name,
        sweep=context.sweep,
        choices=dict(context.choices),
        started_at=time.time(),
        status="running",
        config=config,
    )
