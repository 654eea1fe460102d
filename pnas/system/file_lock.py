"""Locks between processes, by a lock file: one holder at a time, released when the process dies.

The lock is `flock`'s where the file system has it. Some network and FUSE file systems have not;
there a lease takes its place: a file beside the lock file that its holder touches every few seconds
(`filelock.SoftFileLease`), so that others notice when the holder has died.

What a lock file contains is the users' business: a lock neither reads nor changes it.
"""

import errno
import fcntl
import logging
import os
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from filelock import BaseFileLock

NO_FLOCK = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP})
"""What `flock` fails with where the file system cannot lock at all."""

LEASE_SECONDS = 30.0
"""Seconds without a sign of life after which a lease is abandoned. All processes must agree."""

_GLANCE_SECONDS = 0.02
"""Time in which a lock is tried again that is not to be waited for: `is_held` takes it for an
instant."""

_FORGOTTEN_SECONDS = 4 * LEASE_SECONDS
"""Age from which a lease is that of a holder who has died, whatever clocks differ by."""

_GROUP_MODE = 0o664

_log = logging.getLogger(__name__)
_held_until_exit: list["BaseFileLock"] = []


class LockIsHeld(TimeoutError):
    """Another process holds the lock."""


@contextmanager
def file_lock(path: Path, timeout: float = -1) -> Iterator[None]:
    """Hold the lock ``path`` for the length of a ``with`` block.

    Args:
        path: The lock file. It is made if need be, and stays.
        timeout: Seconds to wait for another holder; -1 waits for ever, 0 does not wait.

    Raises:
        LockIsHeld: It was not free within ``timeout``.
        OSError: The lock file cannot be made.
    """
    lock = _acquire(path, timeout)
    try:
        yield
    finally:
        lock.release()


def lock_until_exit(path: Path) -> bool:
    """Hold the lock ``path`` until this process ends, however it ends.

    Returns:
        Whether it was free.

    Raises:
        OSError: The lock file cannot be made.
    """
    try:
        lock = _acquire(path, timeout=0)
    except LockIsHeld:
        return False
    _held_until_exit.append(lock)
    return True


def is_held(path: Path) -> bool:
    """Whether a process holds the lock ``path`` at this moment. Writes nothing."""
    if _is_leased(path):
        return True
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in NO_FLOCK
    finally:
        os.close(descriptor)
    return False


def _acquire(path: Path, timeout: float) -> "BaseFileLock":
    # Imported here because it takes 40 ms, and a command that prints help locks nothing.
    from filelock import FileLock, Timeout

    # Not per thread: the thread that releases a lock may be another than the one that took it.
    lock = FileLock(
        path, timeout=timeout, thread_local=False, fallback_to_soft=False, **_shared_mode(path)
    )
    try:
        if timeout == 0:
            lock.acquire(timeout=_GLANCE_SECONDS, poll_interval=_GLANCE_SECONDS / 4)
        else:
            lock.acquire()
    except Timeout as error:
        raise LockIsHeld(f"{path} is held by another process") from error
    except OSError as error:
        if error.errno not in NO_FLOCK:
            raise
        return _acquire_lease(path, timeout, error)
    return lock


def _shared_mode(path: Path) -> dict[str, Any]:
    """The mode of a new lock file in a folder that a group shares; every member may then lock."""
    folder = path.parent
    if path.exists() or not folder.is_dir():
        return {}
    is_shared = bool(folder.stat().st_mode & stat.S_IWGRP)
    is_temporary = bool(folder.stat().st_mode & stat.S_ISVTX)
    return {"mode": _GROUP_MODE} if is_shared and not is_temporary else {}


def _acquire_lease(path: Path, timeout: float, reason: OSError) -> "BaseFileLock":
    from filelock import SoftFileLease, Timeout

    _log.info(
        "%s: the file system cannot lock files (%s); a lease file is used", path, reason.strerror
    )
    lease_path = _lease_path(path)
    lease = SoftFileLease(lease_path, lease_duration=LEASE_SECONDS, thread_local=False)
    if timeout >= 0 and _is_of_another_machine(lease_path):
        # Whether a holder on another machine is alive shows only after a while.
        timeout = max(timeout, LEASE_SECONDS + 5.0)
    try:
        lease.acquire(timeout=timeout)
    except Timeout as error:
        raise LockIsHeld(f"{path} is held by another process") from error
    return lease


def _lease_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.lease")


def _is_leased(path: Path) -> bool:
    """Whether there is a lease of ``path`` that its holder has touched lately."""
    try:
        touched = _lease_path(path).stat().st_mtime
    except OSError:
        return False
    return time.time() - touched < _FORGOTTEN_SECONDS


def _is_of_another_machine(lease_path: Path) -> bool:
    try:
        lines = lease_path.read_text(errors="replace").splitlines()
    except OSError:
        return False
    return f"host={socket.gethostname()}" not in lines
