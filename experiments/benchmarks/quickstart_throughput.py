"""Children per hour of the quickstart search: ours, and the plain serial Keras loop.

    .venv/bin/python experiments/benchmarks/quickstart_throughput.py

Trains a sample of the quickstart's cells, of 1 and 3 blocks, with the same initial weights, batches
and steps

- by `compile` + `fit` + `evaluate` of a new model of standard Keras layers per child, with Keras's
  default threads,
- as a search does it in one process with one thread (`executor=serial`),
- as a search does it in two worker processes with one thread each (`executor=local
  executor.workers=2`).

Each cell is trained by the first two in turn, so that what else the machine does meets both; the
two workers then train all cells at once, several times over, each time as new processes. Processes
are warm: each has trained one child before; what starting them costs is printed apart. Rewards are
compared pair by pair.
Takes about 4 minutes on 2 idle cores.
"""

import multiprocessing
import os
import statistics
from collections.abc import Callable, Sequence
from contextlib import closing
from multiprocessing.pool import Pool
from typing import NamedTuple

import numpy as np
from common import (
    SMALL_OPERATORS,
    WARM_UP_CELL,
    Timing,
    clock,
    make_parser,
    paired_interval,
    print_machine,
    print_table,
    progress,
    random_written_cell,
    spread,
)

from pnas.children import ChildRunnerFactory, PNASNetworkSpec, SearchTrainerSpec
from pnas.data import DigitsSpec, load_dataset
from pnas.execution import LocalExecutor
from pnas.records import ChildJob
from pnas.runs.child_identity import identify
from pnas.state_space import Cell, StateSpace

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

CELLS_BY_SIZE = {1: 8, 3: 40}
"""Of the default search: 8 small cells of its start, all others of full size."""

WARM_UP = ChildJob(Cell.parse(WARM_UP_CELL), 0)
DATA = DigitsSpec()
PLAIN = "plain"
OURS = "ours"
Train = Callable[[ChildJob], float]

_train: Train | None = None
"""How this measuring process trains."""


class Measured(NamedTuple):
    """One child: its reward, and what it took."""

    reward: float
    timing: Timing


Results = dict[str, list[Measured]]
"""Children of the plain loop and ours, in the order of the jobs."""


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--cells", type=int, default=9)
    parser.add_argument(
        "--repeats", type=int, default=3, help="passes of the two workers over the cells"
    )
    arguments = parser.parse_args()

    jobs = sample_jobs(arguments.cells)
    results = train_in_turn(jobs)
    start, passes = train_by_two_workers(jobs, arguments.repeats)
    show_throughput(jobs, results, passes)
    show_rewards(results)
    once = "once a search (not in the table)"
    print(f"\nstarting two workers and one trivial child each: {start:.1f} s, {once}")
    print_machine("tensorflow", "keras", "numpy")


def sample_jobs(count: int) -> list[ChildJob]:
    """Return jobs of ``count`` cells, sizes in about the proportions of the quickstart."""
    space = StateSpace(3, list(SMALL_OPERATORS))
    rng = np.random.default_rng(0)
    small = max(1, round(count * CELLS_BY_SIZE[1] / sum(CELLS_BY_SIZE.values())))

    jobs = []
    for size in [1] * small + [3] * (count - small):
        cell = random_written_cell(space, size, rng)
        _, seed = identify(space, 0, cell)
        jobs.append(ChildJob(cell, seed))
    return jobs


# -- one process -----------------------------------------------------------------------------------


def make_plain() -> Train:
    from plain_keras import train_plainly

    dataset = load_dataset(DATA)
    return lambda job: train_plainly(
        job.cell, job.seed, dataset, PNASNetworkSpec(), SearchTrainerSpec()
    )


def make_ours() -> Train:
    run = ChildRunnerFactory(DATA, PNASNetworkSpec(), SearchTrainerSpec())()
    return lambda job: float(run(job).reward or 0)


def start_process(make: Callable[[], Train]) -> None:
    """In a measuring process: warm it up."""
    global _train
    _train = make()
    _train(WARM_UP)


def measure(job: ChildJob) -> Measured:
    """In a measuring process: train one child."""
    assert _train is not None
    with clock() as timing:
        reward = _train(job)
    return Measured(reward, timing)


def make_process(make: Callable[[], Train]) -> Pool:
    return multiprocessing.get_context("spawn").Pool(1, start_process, (make,))


def train_in_turn(jobs: Sequence[ChildJob]) -> Results:
    """Train every job by the plain loop and by ours, in turn, each in a process of its own."""
    results: Results = {PLAIN: [], OURS: []}
    with make_process(make_plain) as plain, make_process(make_ours) as ours:
        for number, job in enumerate(jobs, start=1):
            results[PLAIN].append(plain.apply(measure, (job,)))
            results[OURS].append(ours.apply(measure, (job,)))
            progress(f"{number}/{len(jobs)} {job.cell}")
    return results


# -- two workers -----------------------------------------------------------------------------------


def train_by_two_workers(jobs: Sequence[ChildJob], repeats: int) -> tuple[float, list[float]]:
    """Return the seconds of two cold workers' first children, and of every pass over all jobs."""
    children = ChildRunnerFactory(DATA, PNASNetworkSpec(), SearchTrainerSpec())
    starts = []
    passes = []
    for _ in range(repeats):
        # A worker that has trained a cell trains it again in less time.
        with closing(LocalExecutor(children, workers=2)) as executor:
            starts.append(_seconds_of(executor, [WARM_UP, WARM_UP]))
            passes.append(_seconds_of(executor, list(reversed(jobs))))
    return statistics.median(starts), passes


def _seconds_of(executor: LocalExecutor, jobs: Sequence[ChildJob]) -> float:
    with clock() as timing:
        list(executor.run(jobs))
    progress(f"two workers: {len(jobs)} children in {timing.wall:.1f} s")
    return timing.wall


# -- report ----------------------------------------------------------------------------------------


def show_throughput(jobs: Sequence[ChildJob], results: Results, passes: list[float]) -> None:
    plain = [measured.timing.wall for measured in results[PLAIN]]
    ours = [measured.timing.wall for measured in results[OURS]]
    by_cell = [one / other for one, other in zip(plain, ours, strict=True)]
    by_pass = [sum(plain) / seconds for seconds in passes]
    per_hour = 3600 * len(jobs)
    rows = [
        ("plain serial Keras loop", *_format_serial(results[PLAIN]), "1", ""),
        (
            "ours, one process, one thread",
            *_format_serial(results[OURS]),
            f"{sum(plain) / sum(ours):.1f}",
            f"by cell {spread(by_cell, 1)}",
        ),
        (
            "ours, two workers",
            f"{per_hour / statistics.median(passes):,.0f}",
            "",
            "",
            f"{statistics.median(by_pass):.1f}",
            f"by pass {spread(by_pass, 1)}",
        ),
    ]
    sizes = []
    for b in CELLS_BY_SIZE:
        count = sum(len(job.cell) == b for job in jobs)
        sizes.append(f"{count} of {b}")
    print(f"{len(jobs)} cells of the quickstart ({', '.join(sizes)} blocks)\n")
    header = (
        "",
        "children an hour",
        "s a child",
        "processor s a child",
        "ratio",
        "spread of the ratio",
    )
    print_table(header, rows)


def _format_serial(children: Sequence[Measured]) -> tuple[str, str, str]:
    walls = [measured.timing.wall for measured in children]
    cpus = [measured.timing.cpu for measured in children]
    per_hour = 3600 * len(children) / sum(walls)
    return f"{per_hour:,.0f}", spread(walls, 1), spread(cpus, 1)


def show_rewards(results: Results) -> None:
    plain = [measured.reward for measured in results[PLAIN]]
    ours = [measured.reward for measured in results[OURS]]
    differences = [one - other for one, other in zip(ours, plain, strict=True)]
    mean, low, high = paired_interval(differences)
    means = f"ours {statistics.mean(ours):.4f}, plain {statistics.mean(plain):.4f}"
    interval = f"95 % confidence interval {low:+.4f} to {high:+.4f}, {len(ours)} pairs"
    print(f"rewards: {means}; difference of the same")
    print(f"cell and seed {mean:+.4f}, {interval}")


if __name__ == "__main__":
    main()
