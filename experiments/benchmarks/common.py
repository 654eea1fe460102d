"""What the benchmarks share: clocks, interleaved repetitions, spread, tables, and the machine they ran on."""

import math
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version


@dataclass
class Timing:
    """Seconds of one measurement: by the clock, and of this process's processor time, all threads together."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def clock() -> Iterator[Timing]:
    """Time the block; the yielded timing is filled in at its end."""
    timing = Timing()
    wall = time.perf_counter()
    cpu = time.process_time()
    try:
        yield timing
    finally:
        timing.wall = time.perf_counter() - wall
        timing.cpu = time.process_time() - cpu


def timed(work: Callable[[], object], repeats: int) -> list[Timing]:
    """Times of ``repeats`` runs of ``work``."""
    return interleaved({"": work}, repeats)[""]


def interleaved(works: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[Timing]]:
    """Times of each of ``works``, taken in turn, so that what else the machine does meets all of them alike."""
    timings: dict[str, list[Timing]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            with clock() as timing:
                work()
            timings[name].append(timing)
    return timings


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median (lowest to highest)."""
    low, middle, high = (
        f"{v:,.{digits}f}" for v in (min(values), statistics.median(values), max(values))
    )
    return f"{middle} ({low} to {high})" if len(values) > 1 else middle


def mean_sd(values: Sequence[float], digits: int = 2) -> str:
    """Mean +- standard deviation."""
    deviation = f" +- {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{digits}f}{deviation}"


def paired_interval(differences: Sequence[float]) -> tuple[float, float, float]:
    """Mean of paired differences and its 95 % confidence interval (Student's t)."""
    from scipy.stats import t

    mean = statistics.mean(differences)
    n = len(differences)
    margin = (
        float(t.ppf(0.975, n - 1)) * statistics.stdev(differences) / math.sqrt(n)
        if n > 1
        else math.inf
    )
    return mean, mean - margin, mean + margin


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A Markdown table, first column to the left, the others to the right."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    rules = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    for row in (cells[0], rules, *cells[1:]):
        first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        print("| " + " | ".join([first.strip().ljust(widths[0]), *others]) + " |")
    print(flush=True)


def progress(line: str) -> None:
    """Say what is being measured, apart from the results."""
    print(line, file=sys.stderr, flush=True)


def print_machine(*packages: str) -> None:
    """The machine, its load, and the versions of ``packages``."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    print(f"{cpu_model()}, {cores} cores, {platform.system()}, load {load}", end="; ")
    print(f"Python {platform.python_version()}{', ' if versions else ''}{versions}", flush=True)


def cpu_model() -> str:
    """The processor's name where the system tells it."""
    try:
        with open("/proc/cpuinfo") as lines:
            return next(
                line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
            )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
