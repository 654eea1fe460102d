"""Locks between processes, by a lock file: one holder at a time, let go when the process dies."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


class LockIsHeld(Exception):
    """Another process holds the lock."""


@contextmanager
def file_lock(path: Path, timeout: float = -1) -> Iterator[None]:
    """Hold the lock ``path`` for the length of a ``with`` block.

    Args:
        path: The lock file. It is made if need be, and stays.
        timeout: Seconds to wait for another holder; -1 waits for ever, 0 does not wait.

    Raises:
        LockIsHeld: It was not free within ``timeout``.
    """
    lock = FileLock(path, timeout=timeout)
    try:
        lock.acquire()
    except Timeout as error:
        raise LockIsHeld(str(path)) from error
    try:
        yield
    finally:
        lock.release()
