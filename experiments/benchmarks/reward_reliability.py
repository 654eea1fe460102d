"""How much of the reward's variance belongs to the cell, and how much to the seed?

    .venv/bin/python experiments/benchmarks/reward_reliability.py

Trains random cells of the small space several times each, with other seeds, and prints ICC(1), the
intraclass correlation of the one-way random-effects model: the share of a reward's variance that is
the cell's. Near 0, a search on these rewards is a lottery. The goal for the defaults is at least
0.6. Takes 1-2 minutes on 2 cores.
"""

import argparse
from contextlib import closing

import numpy as np
from common import SMALL_OPERATORS, clock, make_parser, print_machine, random_written_cell

from pnas.children import ChildRunnerFactory, PNASNetworkSpec, SearchTrainerSpec
from pnas.data import DigitsSpec
from pnas.execution import LocalSpec, make_executor
from pnas.preflight.reliability import measure_reliability
from pnas.records import ChildJob, ChildResult
from pnas.seeds import derive_seed
from pnas.state_space import Cell, StateSpace


def main() -> None:
    arguments = parse_arguments()
    space = StateSpace(B=3, operators=list(SMALL_OPERATORS))
    cells = sample_cells(space, arguments.cells, arguments.sample)
    with clock() as timing:
        results = train(cells, arguments)

    failed = [result for result in results if result.reward is None]
    if failed:
        raise SystemExit(f"{len(failed)} children failed, the first one: {failed[0].error}")
    rewards = np.array([result.reward for result in results])
    rewards = rewards.reshape(arguments.cells, arguments.seeds)

    print(f"{'mean':>7} {'seed sd':>8}  cell")
    for cell, row in zip(cells, rewards, strict=True):
        print(f"{row.mean():7.4f} {row.std(ddof=1):8.4f}  {cell}")
    found = measure_reliability(rewards.tolist())
    print(f"ICC(1) {found.icc:.2f} (95 % interval {found.icc_low:.2f}-{found.icc_high:.2f})")
    deviations = f"between-cell sd {found.between_sd:.4f}, seed sd {found.noise_sd:.4f}"
    print(f"mean reward {rewards.mean():.4f}, {deviations}")

    seconds = np.array([result.seconds for result in results])
    a_child = f"mean {seconds.mean():.2f}, sd {seconds.std():.2f}"
    print(f"seconds a child: {a_child}; all in {timing.wall:.0f} s")
    print_machine("tensorflow", "keras", "numpy")


def sample_cells(space: StateSpace, count: int, seed: int) -> list[Cell]:
    """Return unique random cells of 1 to B blocks, as many of each size as of the others."""
    rng = np.random.default_rng(seed)
    cells: dict[str, Cell] = {}
    while len(cells) < count:
        size = 1 + len(cells) % space.B
        cell = random_written_cell(space, size, rng)
        cells.setdefault(space.key(cell), cell)
    return list(cells.values())


def train(cells: list[Cell], arguments: argparse.Namespace) -> list[ChildResult]:
    """Train every cell with every seed, and return the results cell by cell."""
    trainer = SearchTrainerSpec(
        epochs=arguments.epochs,
        batchsize=arguments.batchsize,
        learning_rate=arguments.learning_rate,
    )
    network = PNASNetworkSpec(filters=arguments.filters)
    factory = ChildRunnerFactory(DigitsSpec(train_size=arguments.train_size), network, trainer)
    jobs = []
    for cell in cells:
        for number in range(arguments.seeds):
            jobs.append(ChildJob(cell, derive_seed(number, "reliability", str(cell))))

    spec = LocalSpec(workers=arguments.workers)
    with closing(make_executor(spec, factory, trainer.threads)) as executor:
        results = dict(executor.run(jobs))
    return [results[index] for index in range(len(jobs))]


def parse_arguments() -> argparse.Namespace:
    defaults = SearchTrainerSpec()
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--cells", type=int, default=12)
    add("--seeds", type=int, default=4, help="trainings of each cell")
    add("--sample", type=int, default=0, help="seed of the sample of cells")
    add("--epochs", type=int, default=defaults.epochs)
    add("--batchsize", type=int, default=defaults.batchsize)
    add("--learning-rate", type=float, default=defaults.learning_rate)
    add("--filters", type=int, default=PNASNetworkSpec().filters)
    add("--train-size", type=int, default=None)
    add("--workers", type=int, default=None)
    return parser.parse_args()


if __name__ == "__main__":
    main()
