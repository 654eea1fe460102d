"""How much of the reward's variance belongs to the cell, and how much to the seed?

    .venv/bin/python experiments/benchmarks/reward_reliability.py

Trains random cells of the small space several times each, with other seeds, and prints ICC(1), the
intraclass correlation of the one-way random-effects model: the share of a reward's variance that is the
cell's. Near 0, a search on these rewards is a lottery. The goal for the defaults is at least 0.6.
Takes 1-2 minutes on 2 cores.
"""

import argparse
import time

import numpy as np
from common import print_machine
from numpy.typing import NDArray

from pnas.children import ChildRunnerFactory, NetworkSpec, TrainerSpec
from pnas.data import DigitsSpec
from pnas.execution import ExecutorSpec, make_executor
from pnas.records import ChildJob, ChildResult
from pnas.seeds import derive_seed
from pnas.state_space import Cell, StateSpace

OPERATORS = ["3x3 conv", "3x3 dconv", "3x3 maxpool", "identity"]


def random_cells(space: StateSpace, count: int, seed: int) -> list[Cell]:
    """Unique random cells of 1..B blocks, as many of each size as of the others."""
    rng = np.random.default_rng(seed)
    cells: dict[str, Cell] = {}
    while len(cells) < count:
        sizes = range(1, 2 + len(cells) % space.B)
        cell = Cell(
            [rng.choice(np.array(slot.values, object)) for slot in space.slots(b)] for b in sizes
        )
        cells.setdefault(space.key(cell), cell)
    return list(cells.values())


def icc(rewards: NDArray[np.float64]) -> tuple[float, float, float]:
    """ICC(1), between-cell and between-seed standard deviation of rewards (cells, seeds)."""
    seeds = rewards.shape[1]
    between = seeds * rewards.mean(axis=1).var(ddof=1)
    within = rewards.var(axis=1, ddof=1).mean()
    cell_variance = max(between - within, 0) / seeds
    return cell_variance / (cell_variance + within), cell_variance**0.5, within**0.5


def bootstrap(rewards: NDArray[np.float64], draws: int = 2000) -> tuple[float, float]:
    """5 % and 95 % quantiles of ICC(1) over cells drawn with replacement."""
    rng = np.random.default_rng(0)
    samples = [icc(rewards[rng.integers(len(rewards), size=len(rewards))])[0] for _ in range(draws)]
    low, high = np.quantile(samples, [0.05, 0.95])
    return float(low), float(high)


def train(cells: list[Cell], seeds: int, arguments: argparse.Namespace) -> list[ChildResult]:
    """Every cell with every seed, cell by cell."""
    trainer = TrainerSpec(
        epochs=arguments.epochs,
        batchsize=arguments.batchsize,
        learning_rate=arguments.learning_rate,
    )
    data = DigitsSpec(train_size=arguments.train_size)
    factory = ChildRunnerFactory(data, NetworkSpec(filters=arguments.filters), trainer)
    jobs = [
        ChildJob(cell, derive_seed(s, "reliability", str(cell)))
        for cell in cells
        for s in range(seeds)
    ]
    executor = make_executor(ExecutorSpec(workers=arguments.workers), factory, trainer.threads)
    try:
        return [result for _, result in sorted(executor.run(jobs), key=lambda item: item[0])]
    finally:
        executor.close()


def parse() -> argparse.Namespace:
    defaults = TrainerSpec()
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--cells", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--sample", type=int, default=0, help="seed of the choice of cells")
    parser.add_argument("--epochs", type=int, default=defaults.epochs)
    parser.add_argument("--batchsize", type=int, default=defaults.batchsize)
    parser.add_argument("--learning-rate", type=float, default=defaults.learning_rate)
    parser.add_argument("--filters", type=int, default=NetworkSpec().filters)
    parser.add_argument("--train-size", type=int, default=None)
    parser.add_argument("--workers", type=int, default=None)
    return parser.parse_args()


def main() -> None:
    arguments = parse()
    cells = random_cells(StateSpace(B=3, operators=OPERATORS), arguments.cells, arguments.sample)
    start = time.perf_counter()
    results = train(cells, arguments.seeds, arguments)
    elapsed = time.perf_counter() - start
    if failed := [result for result in results if result.reward is None]:
        raise SystemExit(f"{len(failed)} children failed, the first one: {failed[0].error}")
    rewards = np.array([result.reward for result in results]).reshape(
        arguments.cells, arguments.seeds
    )
    print(f"{'mean':>7} {'seed sd':>8}  cell")
    for cell, row in zip(cells, rewards, strict=True):
        print(f"{row.mean():7.4f} {row.std(ddof=1):8.4f}  {cell}")
    share, cell_sd, seed_sd = icc(rewards)
    low, high = bootstrap(rewards)
    seconds = np.array([result.seconds for result in results])
    print(f"ICC(1) {share:.2f} (90 % bootstrap over cells {low:.2f}-{high:.2f})")
    print(f"mean reward {rewards.mean():.4f}, between-cell sd {cell_sd:.4f}, seed sd {seed_sd:.4f}")
    print(
        f"seconds a child: mean {seconds.mean():.2f}, sd {seconds.std():.2f}; all in {elapsed:.0f} s"
    )
    print_machine("tensorflow", "keras", "numpy")


if __name__ == "__main__":
    main()
