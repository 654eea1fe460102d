"""The run directory of a search or a table, opened by this command: new or continued."""

import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from pnas.config import Settings, read_stored_settings
from pnas.errors import InvalidValue, RunDirectoryError
from pnas.records import Journal
from pnas.records.journal_errors import JournalDamaged
from pnas.records.journal_recovery import save_what_can_be_read
from pnas.records.resumability import check_resumable, raised_limits, with_changeable_values
from pnas.records.run_directory import (
    CHILDREN,
    CONFIG,
    CONTROLLER,
    JOURNAL,
    SUMMARY,
    TRAINING,
    WEIGHTS,
    hold,
)
from pnas.records.run_identity import settle_identity
from pnas.records.run_task import TRAIN, kind_of, kind_of_task
from pnas.runs.command_context import Context
from pnas.system.atomic_write import write_text
from pnas.system.console import print_line

TABULATED = "tabulated"
"""Key, in the journal, of what a table is made of; only tabulations have it."""

SECONDS_FOR_ORPHANS = 60.0
"""Seconds that a job of a multirun waits for its run directory. The job of an earlier command whose
launcher was killed closes it 10 s later (`pnas.multirun.job_process`), and ends its children."""

OF_NO_CONSEQUENCE = (".lock", ".hydra", f".{JOURNAL}")
"""Beginnings of the names of files that may lie in the directory of a run that never started."""

_MADE_BY_A_SEARCH = frozenset({SUMMARY, CHILDREN, CONTROLLER, WEIGHTS})
"""What only a search or a table leaves beside its journal."""


@contextmanager
def open_run(settings: Settings, context: Context) -> Iterator[Journal]:
    """Hold the run directory of this command for the length of a ``with`` block.

    Args:
        settings: Settings of the command.
        context: The command around the task.

    Yields:
        The journal, which holds the configuration of this command.

    Raises:
        RunDirectoryError: The directory is in use, holds something else, or cannot be read.
        InvalidValue: The run was started with a configuration of another meaning.
    """
    run_dir = context.run_dir
    check_run_directory(run_dir, settings.task.name)
    run_dir.mkdir(parents=True, exist_ok=True)
    timeout = 0.0 if context.sweep is None else SECONDS_FOR_ORPHANS
    with hold(run_dir, timeout), open_journal(run_dir / JOURNAL) as journal:
        stored = journal.meta("config")
        if stored is None:
            begin_journal(settings, context, journal)
        else:
            _check_task(run_dir, settings.task.name, journal)
            # Keys that this version has added get their defaults, as which the run was made.
            current = read_stored_settings(stored).as_dict()
            _continue(settings, context, journal, current)
        copied = settle_identity(journal, run_dir)
        if copied is not None:
            print_line(context.console, copied)
        yield journal


def is_finished(settings: Settings, run_dir: Path) -> bool:
    """Whether ``run_dir`` holds a search that has nothing left to do for this command.

    Raises:
        RunDirectoryError: Its journal cannot be read.
    """
    if not (run_dir / JOURNAL).exists():
        return False
    try:
        with Journal(run_dir / JOURNAL) as journal:
            stored = journal.meta("config")
            if stored is None or journal.meta("status") != "finished":
                return False
            current = read_stored_settings(stored).as_dict()
            return not raised_limits(current, settings.as_dict())
    except JournalDamaged:  # opening it for writing reports what can be saved
        return False


def check_same_data(journal: Journal, fingerprint: str, key: str = "data") -> None:
    """Check that a run continues on the data that its stored rewards were measured on.

    Args:
        journal: The journal; it takes the fingerprint if it has none.
        fingerprint: Fingerprint of this command's data.
        key: Key that names the data, for the error message.

    Raises:
        InvalidValue: The fingerprints differ.
    """
    stored = journal.meta("data_fingerprint")
    if stored is None:
        journal.set_meta(data_fingerprint=fingerprint)
    elif stored != fingerprint:
        rule = f"must be what {journal.path.parent} was started on ({stored})"
        raise InvalidValue(key, rule, fingerprint)


def check_holds_no_other(run_dir: Path, task: str) -> None:
    """Check that ``run_dir`` is not the run directory of another task, before any work starts.

    Args:
        run_dir: Run directory of this command, which may not be there yet.
        task: Name of the task of this command.

    Raises:
        RunDirectoryError: It is one.
    """
    if not (run_dir / JOURNAL).is_file():
        return
    try:
        with Journal(run_dir / JOURNAL) as journal:
            _check_task(run_dir, task, journal)
    except JournalDamaged:  # opening it for writing reports what can be saved
        return


def _check_task(run_dir: Path, task: str, journal: Journal) -> None:
    """Check that the run of ``journal``, if it has begun, was begun by ``task``."""
    config = journal.meta("config")
    if config is not None:
        refuse_other_kind(run_dir, stored=kind_of(config), wanted=kind_of_task(task))


def refuse_other_kind(run_dir: Path, stored: str, wanted: str) -> None:
    """Raise `RunDirectoryError` if a run is of the kind ``stored`` and not of that ``wanted``."""
    if stored != wanted:
        raise RunDirectoryError(
            f"name: {run_dir} holds {stored}, not {wanted}. Choose another name"
        )


def check_run_directory(run_dir: Path, task: str) -> None:
    """Check that ``run_dir`` is a run's, new or empty: other people's files are left alone.

    Raises:
        RunDirectoryError: It holds something else.
    """
    if not run_dir.is_dir() or (run_dir / JOURNAL).exists():
        return
    names = [path.name for path in run_dir.iterdir()]
    others = sorted(name for name in names if not name.startswith(OF_NO_CONSEQUENCE))
    if CONFIG in others and _MADE_BY_A_SEARCH & set(others):
        raise RunDirectoryError(
            f"name: {run_dir} has lost its journal ({JOURNAL}), the only file that a search "
            "continues from. Put it back from a backup, or choose another name and keep this "
            f"directory for its {CHILDREN}; trainings that cache.path holds are found again"
        )
    if TRAINING in others:
        refuse_other_kind(run_dir, stored=kind_of_task(TRAIN), wanted=kind_of_task(task))
    if others:
        raise RunDirectoryError(
            f"name: {run_dir} is not a run directory (it holds {others[0]}). Choose another name"
        )


def open_journal(path: Path) -> Journal:
    """Open or make the journal at ``path`` for writing.

    Raises:
        JournalDamaged: It is damaged; what can be read was saved beside it.
    """
    try:
        return Journal(path, create=True)
    except JournalDamaged as error:
        raise JournalDamaged(f"{error}. {save_what_can_be_read(path)}") from error


def begin_journal(settings: Settings, context: Context, journal: Journal) -> None:
    """Store in a new journal what the run is."""
    config = settings.as_dict()
    write_config(context.run_dir, config)
    name = settings.name if context.job is None else f"{settings.name}-{context.job}"
    journal.set_meta(
        search_id=uuid.uuid4().hex,
        name=name,
        sweep=context.sweep,
        choices=dict(context.choices),
        overrides=list(context.overrides),
        started_at=time.time(),
        status="running",
        config=config,
    )


def keep_command(settings: Settings, context: Context, journal: Journal) -> None:
    """Store the command by which a run goes on, and the limits that it goes on with.

    Args:
        settings: Settings of the command.
        context: The command around the task.
        journal: Journal of the run, which the command really continues: one that only looks at a
            finished run changes nothing.
    """
    config = with_changeable_values(journal.meta("config"), settings.as_dict())
    # What reports say to type, in order to continue from here.
    journal.set_meta(config=config, overrides=list(context.overrides))
    write_config(context.run_dir, config)


def write_config(run_dir: Path, config: dict[str, Any]) -> None:
    """Write config.yaml. One that is right is left alone, so that its time of change stays."""
    text = OmegaConf.to_yaml(OmegaConf.create(config))
    path = run_dir / CONFIG
    # A damaged file need not be text.
    if not path.is_file() or path.read_bytes() != text.encode():
        write_text(path, text)


def _continue(
    settings: Settings, context: Context, journal: Journal, stored: dict[str, Any]
) -> None:
    """Continue the stored run with the limits of this command."""
    config = settings.as_dict()
    check_resumable(context.run_dir, stored, config)
    raised = raised_limits(stored, config)
    if raised:
        _raise_limits(journal, stored, config, raised)
        limits = [f"{key} from {before} to {after}" for key, (before, after) in raised.items()]
        print_line(context.console, f"raised: {', '.join(limits)}")
    if raised or journal.meta("status") != "finished":
        keep_command(settings, context, journal)
    else:
        write_config(context.run_dir, journal.meta("config"))
    _remove_predictors_without_stage(context.run_dir, journal)


def _raise_limits(
    journal: Journal,
    stored: dict[str, Any],
    config: dict[str, Any],
    raised: dict[str, tuple[Any, Any]],
) -> None:
    # Stage 1 is all cells of one block, whatever K is. Stages beyond the former B have cells of
    # that size, and follow larger cells now.
    stage_beyond = stored["state_space"]["B"] + 1
    replan_from = 2 if "controller.K" in raised else stage_beyond
    journal.continue_with_raised_limits(config, raised, replan_from=replan_from)


def _remove_predictors_without_stage(run_dir: Path, journal: Journal) -> None:
    """Remove predictors whose stage is planned again, or was interrupted while they were fitted."""
    closed = {f"stage_{stage.b}" for stage in journal.stages() if stage.closed_at is not None}
    for path in (run_dir / CONTROLLER).glob("stage_*"):
        if path.name not in closed:
            shutil.rmtree(path)
