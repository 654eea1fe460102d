"""One task in this process: settings checked, a share of the machine taken, errors printed."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from omegaconf import DictConfig

from pnas.config import Settings, read_settings
from pnas.config.former_options import former_options
from pnas.config.task_specs import PLANNED_TASKS, SOURCED_TASKS, TASK_SPECS
from pnas.errors import RunDirectoryError, require
from pnas.extensions import explaining_extensions
from pnas.multirun.resource_sharing import take_share
from pnas.runs.command_context import Context
from pnas.runs.display_paths import relative
from pnas.runs.meant_config import meant_config
from pnas.system.import_locks import postpone_in_import
from pnas.system.interrupts import note_press
from pnas.system.os_errors import as_user_error
from pnas.system.wording import one_of

Task = Callable[[Settings, Context], float | None]
"""A command: it returns what a sweeper maximizes, or None."""

_READING_TASKS = frozenset({"list", "show", "watch", "rank", "report"})
"""Tasks that need no run directory of their own, and so work on a disk that cannot be written."""


def execute_task(config: DictConfig | Mapping[str, Any], context: Context) -> float | None:
    """Check ``config`` and run its task in this process.

    Args:
        config: Composed configuration.
        context: The command around the task.

    Returns:
        What a sweeper maximizes; None if the task has no such value.

    Raises:
        PnasError: The user made a mistake, or has to put something right.
    """
    # TensorFlow, here and in workers, prints errors only.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with explaining_extensions(), _sigterm_interrupts():
            settings = read_settings(meant_config(config, context))
            _check_plan(settings)
            _check_source(settings, context)
            for line in former_options(context.choices):
                print(line, file=sys.stderr)
            _make_run_dir(settings, context)
            _take_share(settings, context)
            task: Task = TASK_SPECS.factory(settings.task.name)
            return task(settings, context)
    except OSError as error:
        place = relative(context.run_dir) if context.run_dir.is_dir() else None
        raise as_user_error(error, place) from error
    finally:
        _remove_if_empty(context.run_dir)


def _check_plan(settings: Settings) -> None:
    """Refuse to do the work of a task that has no plan to print in its place."""
    name = settings.task.name
    rule = f"must be false with task={name}: only {one_of(PLANNED_TASKS)} has a plan"
    is_possible = name in PLANNED_TASKS or not settings.plan_only
    require(is_possible, "plan_only", rule, settings.plan_only)


def _check_source(settings: Settings, context: Context) -> None:
    """Refuse a run or a cell that was typed for a task that does not read it.

    Without ``task=train``, what was meant to train a cell would search for another one.
    """
    name = settings.task.name
    if "cell" in context.typed:
        rule = f"must be null with task={name}: only task=train reads it"
        require(settings.cell is None or name == "train", "cell", rule, settings.cell)
    if "from" not in context.typed or settings.source is None:
        return
    rule = f"must be null with task={name}: only task={one_of(SOURCED_TASKS)} reads it"
    require(name in SOURCED_TASKS, "from", rule, settings.source)
    has_files = bool(getattr(settings.task, "files", None))
    require(not has_files, "from", "must be null if task.files is given", settings.source)


def _take_share(settings: Settings, context: Context) -> None:
    """Confine a job of a multirun to its share, unless its number of workers was typed."""
    if context.sweep_dir is None or context.job is None:
        return
    if settings.executor.workers is None:
        take_share(context.sweep_dir, context.jobs_at_once, context.job)


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """Let SIGTERM interrupt this block; only the main thread of a process receives signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _raise_interrupt)
    try:
        yield
    finally:
        # None: a handler that was not set from Python.
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)


def _raise_interrupt(signum: int, frame: FrameType | None) -> None:
    """Let a scheduler's SIGTERM end a search as cleanly as Ctrl-C."""
    if postpone_in_import(signum, frame):
        return
    note_press()
    raise KeyboardInterrupt


def _make_run_dir(settings: Settings, context: Context) -> None:
    """Make the run directory, unless this command leaves nothing in it."""
    if settings.plan_only or settings.task.name in _READING_TASKS:
        return
    try:
        context.run_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = f"cannot be made ({error.strerror})"
        raise RunDirectoryError(f"{relative(context.run_dir)}: {reason}") from error


def _remove_if_empty(run_dir: Path) -> None:
    # A command that is refused has nothing to leave there.
    try:
        run_dir.rmdir()
    except OSError:
        return
