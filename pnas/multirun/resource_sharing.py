"""Several jobs of one multirun at once: each takes its share of the cores and GPUs, instead of each taking all."""

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pnas.execution import visible_gpus

_T = TypeVar("_T")
_SHARES = ".shares"
_held: list[int] = []  # descriptors of this process's locks, kept open until it ends


def take_share(sweep_dir: Path, jobs_at_once: int, job: int) -> None:
    """Confine this process, and those it starts, to one of ``jobs_at_once`` shares of the machine.

    A share is held by locking a file of the sweep until this process ends, however it ends; so the next job takes
    up that of the one that made room for it. Where there are fewer cores or GPUs than jobs, some share one.
    """
    if jobs_at_once < 2:
        return
    index = _claim(sweep_dir / _SHARES, jobs_at_once)
    index = job % jobs_at_once if index is None else index
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, share_of(sorted(os.sched_getaffinity(0)), index, jobs_at_once))
    if gpus := visible_gpus():
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(share_of(gpus, index, jobs_at_once))


def share_of(items: Sequence[_T], index: int, shares: int) -> Sequence[_T]:
    """The items of share ``index`` of ``shares``: neighbours, at least one."""
    count = len(items)
    return items[count * index // shares : count * (index + 1) // shares] or [items[index % count]]


def _claim(folder: Path, shares: int) -> int | None:
    """The first share that nobody holds; None if all are held (by jobs that an earlier command left behind)."""
    folder.mkdir(exist_ok=True)
    for index in range(shares):
        descriptor = os.open(folder / str(index), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            continue
        _held.append(descriptor)
        return index
    return None
