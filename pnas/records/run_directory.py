"""One run directory: the names of what it holds, and the lock for one process at a time."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pnas.errors import RunDirectoryError
from pnas.system.file_lock import LockIsHeld, file_lock
from pnas.system.process_name import process_name

JOURNAL = "journal.sqlite"
TRAINING = "training.json"
CONFIG = "config.yaml"
SUMMARY = "summary.json"
CHILDREN = "children.csv"
CONTROLLER = "controller"
WEIGHTS = "weights"
ERRORS = "errors"
RUNGS = "rungs"
TABLE = "table.yaml"
LOCK = ".lock"

FILES_COMPLETE = "files_complete"
"""Key, in the journal, of whether all files derived from a finished run were written."""

_LONGEST_HOLDER = 100


def holds_run(path: Path) -> bool:
    """Whether the directory ``path`` holds a run.

    Trainings of versions up to 0.1.0 have training.json in place of a journal.
    """
    return (path / JOURNAL).is_file() or (path / TRAINING).is_file()


@contextmanager
def hold(run_dir: Path, timeout: float = 0.0) -> Iterator[None]:
    """Hold ``run_dir`` for this process for the length of a ``with`` block.

    The operating system releases it if the process dies. The lock file names the holder.

    Args:
        run_dir: Run directory.
        timeout: Seconds to wait for another process to release it.

    Raises:
        RunDirectoryError: Another process holds it (its process id is named), or it cannot be
            written.
    """
    with ExitStack() as stack:
        _lock(run_dir, stack, timeout)
        path = run_dir / LOCK
        _write_holder(path, process_name())
        yield
        _write_holder(path, "")


def _lock(run_dir: Path, stack: ExitStack, timeout: float) -> None:
    """Take the lock of ``run_dir``; ``stack`` releases it."""
    path = run_dir / LOCK
    try:
        stack.enter_context(file_lock(path, timeout=timeout))
    except LockIsHeld:
        raise RunDirectoryError(f"{run_dir}: is in use by {_read_holder(path)}") from None
    except OSError as error:
        raise RunDirectoryError(f"{run_dir}: cannot be written ({error.strerror})") from error


def _write_holder(path: Path, holder: str) -> None:
    # In place: a file that replaced this one would not be the locked one.
    path.write_text(holder, encoding="utf-8")


def _read_holder(path: Path) -> str:
    with path.open("rb") as file:
        stored = file.read(_LONGEST_HOLDER)
    return stored.decode(errors="replace").strip() or "another process"
