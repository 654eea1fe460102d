"""Temporary folders with the output of worker processes, removed even after a search was killed."""

import shutil
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from pnas.system.file_lock import LockIsHeld, file_lock

_PREFIX = "pnas-workers-"
_LOCK = "lock"


class WorkerLogs:
    """A temporary folder with one log file for each worker.

    The process that made a folder holds a lock in it. A process that is killed leaves its folder
    behind without that lock; whoever makes the next folder removes it.
    """

    def __init__(self) -> None:
        _remove_abandoned()
        # Locked before it gets the name that others look for, so it never seems abandoned.
        draft = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}"))
        self._lock = ExitStack()
        self._lock.enter_context(file_lock(draft / _LOCK, timeout=0))
        self._folder = draft.rename(draft.with_name(draft.name.removeprefix(".")))

    def path(self, worker: int) -> Path:
        """Return the log file of the worker with the index ``worker``."""
        return self._folder / f"worker-{worker}.log"

    def remove(self) -> None:
        """Remove the folder. May be called more than once."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.close()


def _remove_abandoned() -> None:
    """Remove the folders of processes that ended without removing them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # Folders of other users, or one that another process removes at the same time.
        with suppress(OSError, LockIsHeld):
            _remove_if_abandoned(folder)


def _remove_if_abandoned(folder: Path) -> None:
    if folder.is_symlink() or not (folder / _LOCK).is_file():
        return
    with file_lock(folder / _LOCK, timeout=0):
        shutil.rmtree(folder, ignore_errors=True)
