"""How many cores this process may use, by its affinity and the limits of its cgroups."""

import os
from contextlib import suppress
from pathlib import Path

from pnas.system.cgroups import cgroup_folders


def available_cores() -> int:
    """Return the number of cores that the operating system lets this process use.

    A container with a limit on processor time (``docker run --cpus=2``) still sees every core of
    its machine; the limit is that of its cgroup.
    """
    cores = len(allowed_cores())
    quota = cpu_quota()
    if quota is None:
        return cores
    return max(1, min(cores, int(quota)))


def allowed_cores() -> set[int]:
    """Return the numbers of the cores that this process may run on; each may be taken by others."""
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def cpu_quota() -> float | None:
    """Return the smallest CPU limit of this process's cgroups, in cores; None without one."""
    quotas = []
    for folder in cgroup_folders("cpu"):
        for quota in (_quota_v2(folder), _quota_v1(folder)):
            if quota is not None:
                quotas.append(quota)
    return min(quotas, default=None)


def _quota_v2(folder: Path) -> float | None:
    """Return the limit in ``cpu.max``: the words ``quota period`` in microseconds, or ``max``."""
    with suppress(OSError, ValueError):
        quota, period = (folder / "cpu.max").read_text().split()
        return _ratio(quota, period)
    return None


def _quota_v1(folder: Path) -> float | None:
    """Return the limit in ``cpu.cfs_quota_us``, which is -1 without one."""
    with suppress(OSError, ValueError):
        quota = (folder / "cpu.cfs_quota_us").read_text()
        period = (folder / "cpu.cfs_period_us").read_text()
        return _ratio(quota, period)
    return None


def _ratio(quota: str, period: str) -> float | None:
    if quota.strip() == "max":
        return None
    cores = int(quota) / int(period) if int(period) > 0 else 0.0
    return cores if cores > 0 else None
