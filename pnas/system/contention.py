"""How much of the processor other processes take from those that are about to be started."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pnas.system.cores import allowed_cores, available_cores

_STAT = Path("/proc/stat")

_WINDOW = 0.2
"""Seconds for which cores are watched; the system counts in hundredths of a second."""

_SATURATED = 0.9
"""Share of the time from which on busy cores may have more than one process each."""


class _CoreTimes(NamedTuple):
    """What cores have done since the machine was started, in ticks of the system.

    Attributes:
        busy: Ticks in which they ran something.
        total: All ticks.
    """

    busy: int
    total: int


def contention(workers: int) -> float:
    """Return by how much other processes will slow ``workers`` processes down.

    The cores that this process may use are watched for a moment. The load average would count what
    has ended within the last minute, and in a container what runs on all other cores.

    Args:
        workers: Number of processes that are about to be started.

    Returns:
        Processes a core, at least 1. Where the system does not tell what its cores do, its load
        average is taken.
    """
    cores = allowed_cores()
    others = _processes_of_others(cores)
    # A limit of processor time (cgroups) is below what the cores could do.
    own = workers / available_cores()
    return max(1.0, own, (others + workers) / len(cores))


def _processes_of_others(cores: set[int]) -> float:
    """Return how many processes of others run on ``cores`` at a time."""
    own = time.process_time()
    before = _core_times(cores)
    time.sleep(_WINDOW)
    after = _core_times(cores)
    own = time.process_time() - own
    if before is None or after is None or after.total == before.total:
        return _share_of_load(cores)
    share = (after.busy - before.busy) / (after.total - before.total)
    if share >= _SATURATED:
        return max(share * len(cores), _share_of_load(cores))
    return max(0.0, share * len(cores) - own / _WINDOW)


def _core_times(cores: set[int]) -> _CoreTimes | None:
    """Return the times of ``cores``; None where the system does not tell them.

    A line of /proc/stat is ``cpu<number> user nice system idle iowait irq softirq steal ...``, in
    ticks.
    """
    lines: list[str] = []
    with suppress(OSError):
        lines = _STAT.read_text().splitlines()
    busy = 0
    total = 0
    for line in lines:
        name, *words = line.split()
        number = name.removeprefix("cpu")
        if not number.isdecimal() or int(number) not in cores:
            continue
        user, nice, system, idle, iowait, irq, softirq, steal, *_ = map(int, words)
        ran = user + nice + system + irq + softirq + steal
        busy += ran
        total += ran + idle + iowait
    return _CoreTimes(busy, total) if total else None


def _share_of_load(cores: set[int]) -> float:
    """Return how many of the processes that wait or run are on ``cores``, if they are spread."""
    try:
        load = os.getloadavg()[0]
    except OSError:
        return 0.0
    return load * len(cores) / (os.cpu_count() or len(cores))
