"""What the benchmarks share: commands, clocks, summaries, tables, sample cells."""

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import numpy as np

from pnas.state_space import Cell, SlotSpace

ROOT = Path(__file__).parents[2]
RUN = ROOT / "run.py"
SMALL_OPERATORS = ("3x3 conv", "3x3 dconv", "3x3 maxpool", "identity")
"""Operators of conf/state_space/small.yaml, which the quickstart searches."""

CELL_OF_1 = "(-2, 3x3 dconv, -1, 3x3 maxpool)"
WARM_UP_CELL = "(-1, identity, -1, identity)"
"""A cell that is quick to train, for the first child of a process."""

_SEEDS_AT_ONCE = 10
"""Seeds between two writes of their results."""

Result = TypeVar("Result")


# -- commands --------------------------------------------------------------------------------------


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser whose help is the docstring of the script as it is written."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def command_environment(**variables: str) -> dict[str, str]:
    """Return the environment of a subprocess that imports the package from this checkout."""
    path = str(ROOT)
    # An empty entry would stand for the working directory.
    if os.environ.get("PYTHONPATH"):
        path += os.pathsep + os.environ["PYTHONPATH"]
    return {**os.environ, "PYTHONPATH": path, **variables}


def call_in_new_process(
    call: str, *arguments: object, python: str = sys.executable, **variables: str
) -> str:
    """Call a function of a script of this folder in a process of its own.

    Args:
        call: The function, as ``script.function``; it gets its arguments as text.
        arguments: Arguments of the function.
        python: Interpreter.
        variables: Environment variables.

    Returns:
        What the function printed.
    """
    script, _, function = call.partition(".")
    code = f"import sys, {script}; {script}.{function}(*sys.argv[1:])"
    folder = str(Path(__file__).parent)
    environment = command_environment(TF_CPP_MIN_LOG_LEVEL="3", **variables)
    environment["PYTHONPATH"] = os.pathsep.join([folder, environment["PYTHONPATH"]])
    done = subprocess.run(
        [python, "-c", code, *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=3600,
    )
    return done.stdout


# -- clocks ----------------------------------------------------------------------------------------


@dataclass
class Timing:
    """Seconds of one measurement.

    Attributes:
        wall: Seconds by the clock.
        cpu: Processor seconds of this process, all threads together.
    """

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def clock() -> Iterator[Timing]:
    """Time a block; the yielded timing is filled in at its end."""
    timing = Timing()
    wall = time.perf_counter()
    cpu = time.process_time()
    try:
        yield timing
    finally:
        timing.wall = time.perf_counter() - wall
        timing.cpu = time.process_time() - cpu


def wall_seconds(work: Callable[[], object]) -> float:
    """Return the seconds by the clock of one run of ``work``."""
    with clock() as timing:
        work()
    return timing.wall


def timed(work: Callable[[], object], repeats: int) -> list[Timing]:
    """Time ``repeats`` runs of ``work``."""
    return interleaved({"": work}, repeats)[""]


def interleaved(works: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[Timing]]:
    """Time each of ``works`` in turn, so that other load of the machine meets all of them alike."""
    timings: dict[str, list[Timing]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            with clock() as timing:
                work()
            timings[name].append(timing)
    return timings


# -- summaries -------------------------------------------------------------------------------------


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Return ``median (lowest to highest)``."""
    middle = f"{statistics.median(values):,.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def mean_sd(values: Sequence[float], digits: int = 2) -> str:
    """Return ``mean +- standard deviation``."""
    mean = f"{statistics.mean(values):.{digits}f}"
    if len(values) == 1:
        return mean
    return f"{mean} +- {statistics.stdev(values):.{digits}f}"


def mean_interval(values: Sequence[float], digits: int = 2) -> str:
    """Return ``mean [95 % bootstrap interval of the mean]``; the mean alone where all are equal."""
    mean = f"{statistics.mean(values):.{digits}f}"
    if len(set(values)) < 2:
        return mean
    resamples = np.random.default_rng(0).choice(values, (2000, len(values)))
    low, high = np.quantile(resamples.mean(axis=1), [0.025, 0.975])
    return f"{mean} [{low:.{digits}f}, {high:.{digits}f}]"


def paired_interval(differences: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean of paired differences and its 95 % confidence interval (Student's t)."""
    from scipy.stats import t

    mean = statistics.mean(differences)
    n = len(differences)
    if n == 1:
        return mean, -math.inf, math.inf

    quantile = float(t.ppf(0.975, n - 1))
    margin = quantile * statistics.stdev(differences) / math.sqrt(n)
    return mean, mean - margin, mean + margin


# -- output ----------------------------------------------------------------------------------------


def results_of_seeds(
    path: Path,
    seeds: Sequence[int],
    job: Callable[[int], Result],
    label: str,
    processes: int,
) -> list[Result]:
    """Return the result of ``job`` for each seed, from the file ``path`` where it is known.

    Results are kept as they come, so that a command that was stopped continues.

    Args:
        path: JSON file of results by seed; its directory is made as needed.
        seeds: The seeds.
        job: Function of a seed that other processes can be given; its results are JSON values.
        label: What the progress line says of these searches.
        processes: Number of seeds at a time.
    """
    known = json.loads(path.read_text()) if path.is_file() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    missing = [seed for seed in seeds if str(seed) not in known]
    with ProcessPoolExecutor(processes) as pool:
        for first in range(0, len(missing), _SEEDS_AT_ONCE):
            batch = missing[first : first + _SEEDS_AT_ONCE]
            progress(f"{label}: seeds {batch[0]} to {batch[-1]}")
            for seed, result in zip(batch, pool.map(job, batch), strict=True):
                known[str(seed)] = result
            path.write_text(json.dumps(known))
    return [known[str(seed)] for seed in seeds]


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a Markdown table, its first column aligned left and the others right."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rules = ["-" * widths[0]]
    for width in widths[1:]:
        rules.append("-" * (width - 1) + ":")

    for row in (cells[0], rules, *cells[1:]):
        padded = [row[0].ljust(widths[0])]
        for cell, width in zip(row[1:], widths[1:], strict=True):
            padded.append(cell.rjust(width))
        print(f"| {' | '.join(padded)} |")
    print(flush=True)


def progress(line: str) -> None:
    """Say what is being measured, on the other stream than the results."""
    print(line, file=sys.stderr, flush=True)


def print_machine(*packages: str) -> None:
    """Print the machine, its load, and the versions of Python and ``packages``."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    machine = f"{cpu_model()}, {available_cores()} cores, {platform.system()}, load {load}"
    versions = [f"Python {platform.python_version()}"]
    versions += [f"{name} {version(name)}" for name in packages]
    print(f"{machine}; {', '.join(versions)}", flush=True)


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_model() -> str:
    """Return the name of the processor where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


# -- cells -----------------------------------------------------------------------------------------


def random_written_cell(space: SlotSpace, size: int, rng: np.random.Generator) -> Cell:
    """Sample each decision of a cell of ``size`` blocks uniformly."""
    blocks = []
    for b in range(1, size + 1):
        # An object array keeps Python's integers and strings as they are.
        block = [rng.choice(np.array(slot.values, object)) for slot in space.slots(b)]
        blocks.append(block)
    return Cell(blocks)


def all_cells(space: SlotSpace) -> list[Cell]:
    """Return every unique cell of the space, small ones first."""
    cells = []
    for b in range(1, space.B + 1):
        for tokens in space.iter_cells(b):
            cells += space.decode(tokens)
    return cells
