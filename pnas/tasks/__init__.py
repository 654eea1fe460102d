"""One module a task, each wiring the rooms below. `run_job` picks one and meets its errors."""

import errno
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import NoReturn

from omegaconf import DictConfig

from pnas.config import Settings, read_settings
from pnas.errors import NotWritable, PnasError
from pnas.tasks.context import Context, read_context

_NOT_WRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG)

Task = Callable[[Settings, Context], float | None]


def run_job(config: DictConfig) -> float | None:
    """Run the task that ``config`` names, as the current Hydra job.

    A single command ends here on a user's mistake, with one line and its exit code; in a multirun the error
    goes to Hydra's launcher, which runs the other jobs.
    """
    # TensorFlow, here and in workers, shows only what went wrong.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    context = read_context()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        settings = read_settings(config)
        task: Task = import_module(f"pnas.tasks.{settings.task.name}").run
        return task(settings, context)
    except (PnasError, OSError) as caught:
        error = _as_users_error(caught)
        _remove_if_empty(context.run_dir)
        if context.sweep is not None:
            raise error from caught
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


def _interrupt(signum: int, frame: FrameType | None) -> NoReturn:
    """A scheduler's SIGTERM closes a search as cleanly as Ctrl-C."""
    raise KeyboardInterrupt


def _as_users_error(error: PnasError | OSError) -> PnasError:
    """A disk that is full or may not be written is the user's to put right; other system errors are ours."""
    if isinstance(error, PnasError):
        return error
    if error.errno not in _NOT_WRITABLE:
        raise error
    return NotWritable(
        f"{error.filename or 'a file'}: cannot be opened or written ({error.strerror}). What was stored is "
        "intact; the same command continues when this is put right"
    )


def _remove_if_empty(run_dir: Path) -> None:
    """Hydra made the directory before the command could be refused."""
    try:
        run_dir.rmdir()
    except OSError:
        return
