"""Does a preflight foretell what a random search gains over a random cell?

    python experiments/benchmarks/preflight_gain.py experiments/tables/digits.yaml --seeds 50

Needs a table of cells that were trained several times. A preflight takes some random cells of the
largest size and all their trainings, and estimates the gain of a search of n trainings
(`pnas.preflight.expected_gain`); this is done for many samples of cells. Beside its estimates is
what searches of n trainings gained: of the cell of the highest reward by the trainings that were
not shown, in many simulated searches; and of the confirmed winner by its expected reward, in
searches of the world of known truth that is made of the table (`confirmed_searches.py`).
"""

import argparse
from statistics import mean
from typing import NamedTuple

import numpy as np
from common import make_parser, paired_interval, print_machine, print_table, progress
from confirmed_searches import outcomes
from known_truth import World, make_world
from numpy.typing import NDArray

from pnas.predictors.parallel_scoring import one_thread
from pnas.preflight.expected_gain import expected_gain
from pnas.preflight.reliability import measure_reliability

BUDGETS = (40, 60, 80, 130)
SEARCHES = 2_000

Floats = NDArray[np.float64]


class Estimates(NamedTuple):
    """Gains of searches of one budget over a random cell, in points.

    Attributes:
        single: Of the cell of the highest reward.
        confirmed: Of the confirmed winner.
    """

    single: list[float]
    confirmed: list[float]


def main() -> None:
    arguments = parse_arguments()
    world = make_world(arguments.table)
    rewards = rewards_of_full_size(world)
    predicted = predict(rewards, arguments)
    confirmed = search_confirmed(world, arguments.seeds)

    print(f"{arguments.table}: gain over a random cell, points\n")
    rows = []
    for budget in BUDGETS:
        single = gain_of_highest(rewards, budget)
        gained, low, high = paired_interval(confirmed[budget])
        rows.append(
            [
                budget,
                quantiles(predicted[budget].single),
                f"{single:.2f}",
                quantiles(predicted[budget].confirmed),
                f"{gained:.2f} [{low:.2f}, {high:.2f}]",
            ]
        )
    header = [
        "trainings",
        "highest reward named: preflight, mean [5 %, 95 %]",
        "gained",
        "confirmed: preflight, mean [5 %, 95 %]",
        "gained, mean [95 % interval]",
    ]
    print_table(header, rows)
    print_machine("numpy", "scipy")


def rewards_of_full_size(world: World) -> Floats:
    """Return the rewards of all trainings of the cells of B blocks, (cells, trainings)."""
    rows = []
    for tokens in world.space.iter_cells(world.space.B):
        for cell in world.space.decode(tokens):
            rows.append(world.table.row(cell).rewards)
    return np.array(rows)


def predict(rewards: Floats, arguments: argparse.Namespace) -> dict[int, Estimates]:
    """Return what preflights of different cells say, by budget."""
    generator = np.random.default_rng(0)
    found = {budget: Estimates([], []) for budget in BUDGETS}
    for draw in range(arguments.preflights):
        cells = generator.choice(len(rewards), arguments.cells, replace=False)
        reliability = measure_reliability(rewards[cells].tolist())
        for budget, estimates in found.items():
            gain = expected_gain(reliability, budget, seed=draw)
            estimates.single.append(100 * gain.single)
            estimates.confirmed.append(100 * gain.confirmed)
    return found


def gain_of_highest(rewards: Floats, budget: int) -> float:
    """Return the mean gain of the cell of the highest reward, by its trainings not shown."""
    generator = np.random.default_rng(budget)
    count, trainings = rewards.shape
    gains = []
    for _ in range(SEARCHES):
        cells = generator.choice(count, budget, replace=False)
        shown = generator.integers(trainings, size=budget)
        best = int(np.argmax(rewards[cells, shown]))
        others = np.delete(rewards[cells[best]], shown[best])
        gains.append(100 * (others.mean() - rewards.mean()))
    return mean(gains)


def search_confirmed(world: World, seeds: int) -> dict[int, list[float]]:
    """Return the gain of the winner of each confirmed random search, by budget."""
    expected = []
    for tokens in world.space.iter_cells(world.space.B):
        expected += [world.expected(cell) for cell in world.space.decode(tokens)]
    random_cell = mean(expected)
    gains: dict[int, list[float]] = {budget: [] for budget in BUDGETS}
    for seed in range(seeds):
        progress(f"seed {seed}")
        with one_thread():
            found = outcomes(world, "random", BUDGETS, 0.2, seed)
        for budget in BUDGETS:
            gains[budget].append(100 * (found[str(budget)]["winner"] - random_cell))
    return gains


def quantiles(values: list[float]) -> str:
    """Return ``mean [5 % quantile, 95 % quantile]``."""
    low, high = np.quantile(values, [0.05, 0.95])
    return f"{mean(values):.2f} [{low:.2f}, {high:.2f}]"


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("table", help="file of the table, as trainer.table")
    add("--cells", type=int, default=8, help="cells of a preflight (8)")
    add("--preflights", type=int, default=40, help="preflights (40)")
    add("--seeds", type=int, default=50, help="confirmed searches (50)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
