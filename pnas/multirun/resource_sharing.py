"""Jobs of one multirun side by side: each takes a share of the cores and GPUs instead of all."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pnas.execution import visible_gpus
from pnas.system.file_lock import lock_until_exit

_T = TypeVar("_T")
_SHARES = ".shares"


def take_share(sweep_dir: Path, jobs_at_once: int, job: int) -> None:
    """Confine this process, and those it starts, to one of ``jobs_at_once`` shares of the machine.

    A share is held by a lock file of the sweep until this process ends, however it ends; so the
    next job takes the share that has become free. Where there are fewer cores or GPUs than jobs,
    some jobs share one.

    Args:
        sweep_dir: Directory of the multirun.
        jobs_at_once: Number of jobs that run side by side.
        job: Number of this job.
    """
    if jobs_at_once < 2:
        return
    index = _claim(sweep_dir / _SHARES, jobs_at_once)
    if index is None:
        index = job % jobs_at_once

    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, share_of(cores, index, jobs_at_once))
    gpus = visible_gpus()
    if gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(share_of(gpus, index, jobs_at_once))


def share_of(items: Sequence[_T], index: int, shares: int) -> Sequence[_T]:
    """Return the neighbouring items that make up share ``index`` of ``shares``, at least one."""
    count = len(items)
    start = count * index // shares
    stop = count * (index + 1) // shares
    if start == stop:
        return [items[index % count]]
    return items[start:stop]


def _claim(folder: Path, shares: int) -> int | None:
    """Return the first free share; None if jobs of an earlier command still hold all of them."""
    folder.mkdir(exist_ok=True)
    for index in range(shares):
        if lock_until_exit(folder / str(index)):
            return index
    return None
