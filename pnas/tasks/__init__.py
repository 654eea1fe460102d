"""One module a task, each wiring the rooms below. `run_job` picks one and meets its errors."""

import errno
import math
import os
import signal
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from pnas.config import Settings, plain_config, read_settings
from pnas.errors import NotWritable, PnasError
from pnas.multirun.job_launching import run_apart
from pnas.multirun.resource_sharing import take_share
from pnas.runs.command_context import Context, read_context
from pnas.system.redaction import scrub

_NOT_WRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG)

Task = Callable[[Settings, Context], float | None]


def run_job(config: DictConfig) -> float | None:
    """Run the task that ``config`` names, as the current Hydra job.

    A single command ends here on a user's mistake, with one line and its exit code. A job of a multirun runs in a
    process of its own; if it fails, that is reported at the multirun's end, and does not stop the other jobs.
    """
    context = read_context()
    if context.sweep is not None:
        return _objective(run_apart(plain_config(config), context))
    try:
        return perform(config, context)
    except PnasError as error:
        print(scrub(str(error)), file=sys.stderr)
        sys.exit(error.exit_code)


def _objective(value: float | None) -> float | None:
    """What the sweeper is told of a job. Optuna ends at a NaN: to it a job that failed is worth nothing, 0."""
    is_optuna = "optuna" in str(HydraConfig.get().sweeper.get("_target_"))
    return 0.0 if is_optuna and value is not None and math.isnan(value) else value


def perform(config: DictConfig | Mapping[str, Any], context: Context) -> float | None:
    """Check ``config`` and run its task in this process.

    Raises:
        PnasError: a mistake that the user can correct.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    os.environ.setdefault(
        "TF_CPP_MIN_LOG_LEVEL", "3"
    )  # TensorFlow, here and in workers, shows only what went wrong
    try:
        settings = read_settings(config)
        if (
            context.sweep_dir is not None
            and context.job is not None
            and settings.executor.workers is None
        ):
            take_share(context.sweep_dir, context.jobs_at_once, context.job)
        task: Task = import_module(f"pnas.tasks.{settings.task.name}").run
        return task(settings, context)
    except OSError as error:
        raise _as_users_error(error) from error
    finally:
        _remove_if_empty(context.run_dir)


def _interrupt(signum: int, frame: FrameType | None) -> NoReturn:
    """A scheduler's SIGTERM closes a search as cleanly as Ctrl-C."""
    raise KeyboardInterrupt


def _as_users_error(error: OSError) -> PnasError:
    """A disk that is full or may not be written is the user's to put right; other system errors are ours."""
    if error.errno not in _NOT_WRITABLE:
        raise error
    return NotWritable(
        f"{error.filename or 'a file'}: cannot be opened or written ({error.strerror}). What was stored is "
        "intact; the same command continues when this is put right"
    )


def _remove_if_empty(run_dir: Path) -> None:
    """Hydra made the directory, also for a command that is refused or has nothing to leave there."""
    try:
        run_dir.rmdir()
    except OSError:
        return
