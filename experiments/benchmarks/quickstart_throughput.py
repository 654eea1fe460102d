"""Children per hour of the quickstart search: ours, and the plain serial Keras loop.

    .venv/bin/python experiments/benchmarks/quickstart_throughput.py

Trains a sample of the quickstart's cells, of 1 to 3 blocks, with the same initial weights, batches and steps

- by `compile` + `fit` + `evaluate` of a new model of standard Keras layers per child, with Keras's default threads,
- as a search does it in one process with one thread (`executor=serial`),
- as a search does it in two worker processes with one thread each (`executor=local executor.workers=2`).

Each cell is trained by the first two in turn, so that what else the machine does meets both; the two workers
then train all cells at once, several times over. Processes are warm: each has trained one child before; what
starting them costs is printed apart. Rewards are compared pair by pair. Takes about 4 minutes on 2 idle cores.
"""

import argparse
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Sequence
from multiprocessing.pool import Pool

import numpy as np
from common import Timing, clock, paired_interval, print_machine, print_table, progress, spread

from pnas.children import ChildRunnerFactory, NetworkSpec, TrainerSpec
from pnas.data import DigitsSpec, load_dataset
from pnas.execution import LocalExecutor
from pnas.records import ChildJob
from pnas.seeds import derive_seed
from pnas.state_space import Cell, StateSpace

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

OPERATORS = ["3x3 conv", "3x3 dconv", "3x3 maxpool", "identity"]
CHILDREN_PER_STAGE = (36, 8, 8)
"""Of the quickstart: all cells of one block, then K=8 of two and of three."""
WARM_UP = ChildJob(Cell.parse("(-1, identity, -1, identity)"), 0)
DATA = DigitsSpec()
Train = Callable[[ChildJob], float]
_train: Train | None = None  # of a measuring process


def sample_jobs(count: int) -> list[ChildJob]:
    """Jobs of ``count`` cells, of each size about as many as their share of the quickstart, at least one."""
    space = StateSpace(3, OPERATORS)
    rng = np.random.default_rng(0)
    shares = [max(1, round(count * n / sum(CHILDREN_PER_STAGE))) for n in CHILDREN_PER_STAGE[1:]]
    sizes = [1] * (count - sum(shares)) + [2] * shares[0] + [3] * shares[1]
    cells = [Cell([rng.choice(np.array(slot.values, object)) for slot in space.slots(b)] for b in range(1, size + 1))
             for size in sizes]  # fmt: skip
    return [ChildJob(cell, derive_seed(0, "child", space.key(cell))) for cell in cells]


def make_plain() -> Train:
    from plain_keras import train_plainly

    dataset = load_dataset(DATA)
    return lambda job: train_plainly(job.cell, job.seed, dataset, NetworkSpec(), TrainerSpec())


def make_ours() -> Train:
    run = ChildRunnerFactory(DATA, NetworkSpec(), TrainerSpec())()
    return lambda job: float(run(job).reward or 0)


def start_process(make: Callable[[], Train]) -> None:
    global _train
    _train = make()
    _train(WARM_UP)


def measure(job: ChildJob) -> tuple[float, Timing]:
    """In a measuring process: the reward, and what it took."""
    assert _train is not None
    with clock() as timing:
        reward = _train(job)
    return reward, timing


def process(make: Callable[[], Train]) -> Pool:
    return multiprocessing.get_context("spawn").Pool(1, start_process, (make,))


def serial(jobs: Sequence[ChildJob]) -> dict[str, list[tuple[float, Timing]]]:
    """Every job by the plain loop and by ours, in turn, each in a process of its own."""
    results: dict[str, list[tuple[float, Timing]]] = {"plain": [], "ours": []}
    with process(make_plain) as plain, process(make_ours) as ours:
        for i, job in enumerate(jobs):
            for name, pool in (("plain", plain), ("ours", ours)):
                results[name].append(pool.apply(measure, (job,)))
            progress(f"{i + 1}/{len(jobs)} {job.cell}")
    return results


def two_workers(jobs: Sequence[ChildJob], repeats: int) -> tuple[float, list[float]]:
    """Seconds until two cold workers have trained their first child each, and of every pass over all jobs."""
    executor = LocalExecutor(ChildRunnerFactory(DATA, NetworkSpec(), TrainerSpec()), workers=2)
    try:
        seconds = []
        for batch in ([WARM_UP, WARM_UP], *[list(reversed(jobs))] * repeats):
            start = time.perf_counter()
            list(executor.run(batch))
            seconds.append(time.perf_counter() - start)
            progress(f"two workers: {len(batch)} children in {seconds[-1]:.1f} s")
        return seconds[0], seconds[1:]
    finally:
        executor.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=9)
    parser.add_argument(
        "--repeats", type=int, default=3, help="passes of the two workers over the cells"
    )
    arguments = parser.parse_args()
    jobs = sample_jobs(arguments.cells)
    results = serial(jobs)
    start, passes = two_workers(jobs, arguments.repeats)
    show_throughput(jobs, results, passes)
    show_rewards(results)
    print(
        f"\nstarting two workers and one trivial child each: {start:.1f} s, once a search (not in the table)"
    )
    print_machine("tensorflow", "keras", "numpy")


def show_throughput(
    jobs: Sequence[ChildJob], results: dict[str, list[tuple[float, Timing]]], passes: list[float]
) -> None:
    walls = {name: [timing.wall for _, timing in pairs] for name, pairs in results.items()}
    cpus = {name: [timing.cpu for _, timing in pairs] for name, pairs in results.items()}
    ratios = [plain / ours for plain, ours in zip(walls["plain"], walls["ours"], strict=True)]
    by_pass = [sum(walls["plain"]) / seconds for seconds in passes]
    rows = [
        ("plain serial Keras loop", *_row(len(jobs), sum(walls["plain"]), walls["plain"], cpus["plain"]), "1", ""),
        ("ours, one process, one thread", *_row(len(jobs), sum(walls["ours"]), walls["ours"], cpus["ours"]),
         f"{sum(walls['plain']) / sum(walls['ours']):.1f}", f"by cell {spread(ratios, 1)}"),
        ("ours, two workers", f"{3600 * len(jobs) / statistics.median(passes):,.0f}", "", "",
         f"{statistics.median(by_pass):.1f}", f"by pass {spread(by_pass, 1)}"),
    ]  # fmt: skip
    sizes = ", ".join(f"{sum(len(job.cell) == b for job in jobs)} of {b}" for b in (1, 2, 3))
    print(f"{len(jobs)} cells of the quickstart ({sizes} blocks)\n")
    print_table(
        (
            "",
            "children an hour",
            "s a child",
            "processor s a child",
            "ratio",
            "spread of the ratio",
        ),
        rows,
    )


def _row(
    count: int, total: float, walls: Sequence[float], cpus: Sequence[float]
) -> tuple[str, str, str]:
    return f"{3600 * count / total:,.0f}", spread(walls, 1), spread(cpus, 1)


def show_rewards(results: dict[str, list[tuple[float, Timing]]]) -> None:
    plain, ours = ([reward for reward, _ in results[name]] for name in ("plain", "ours"))
    mean, low, high = paired_interval([a - b for a, b in zip(ours, plain, strict=True)])
    print(
        f"rewards: ours {statistics.mean(ours):.4f}, plain {statistics.mean(plain):.4f}; difference of the same"
    )
    print(
        f"cell and seed {mean:+.4f}, 95 % confidence interval {low:+.4f} to {high:+.4f}, {len(ours)} pairs"
    )


if __name__ == "__main__":
    main()
