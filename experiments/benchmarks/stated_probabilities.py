"""Does "the best with probability .9" hold nine times in ten, and where does it not?

    python experiments/benchmarks/stated_probabilities.py experiments/tables/digits.yaml

Simulated random searches of 40, 60, 80 and 130 trainings with `search.confirm=0.2`: their cells are
drawn, trained once, and confirmed by the package's own rounds. Compared are worlds in which the
expected rewards of cells are normal, as the reward model (`pnas.records.reward_model`) has them,
with so many times the noise as their standard deviation, and the cells of the table, whose best
ones are closer together than a normal distribution has them. Prints the share of winners that were
in truth the best finalist by the probability that they were named with. Takes five minutes.
"""

from pathlib import Path

import numpy as np
from common import all_cells, make_parser, print_machine, print_table, progress
from known_truth import make_world
from numpy.typing import NDArray
from winner_calibration import ranges

from pnas.records.reward_model import fit_reward_model, probabilities_best
from pnas.search.confirmation.further_trainings import SearchedCell
from pnas.search.confirmation.strategy import Confirmation
from pnas.state_space import Cell

Floats = NDArray[np.float64]

BUDGETS = {32: 8, 48: 12, 64: 16, 104: 26}
"""Further trainings by the number of cells that are trained once."""

DEVIATIONS = (1.0, 2.0, 4.0)
"""Standard deviations between cells, as multiples of the noise."""

CONFIDENCE = 0.9
IMAGES = 1041
"""Validation images, to which rewards are rounded: those of the digits table."""


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("table", type=Path, help="table with several trainings of each cell")
    parser.add_argument("--searches", type=int, default=2000, help="simulated for each world")
    options = parser.parse_args()

    world = make_world(str(options.table))
    cells = [cell for cell in all_cells(world.space) if len(cell) == world.space.B]
    of_table = np.array([world.expected(cell) for cell in cells])
    center = float(of_table.mean())
    truths = {f"cells of {options.table.name}": of_table}
    for deviation in DEVIATIONS:
        normal = np.random.default_rng(0).normal(size=len(cells))
        truths[f"normal, {deviation:g} x noise"] = center + deviation * world.noise * normal

    rows = []
    for name, truth in truths.items():
        progress(name)
        winners = []
        for seed in range(options.searches):
            winners.append(search(cells, truth, world.noise, seed))
        for each in ranges(winners):
            low, high = each.interval()
            share = f"{each.share:.2f} [{low:.2f}, {high:.2f}]"
            rows.append((name, f"{np.mean(each.stated):.2f}", len(each.stated), share))
    spread = of_table.std() / world.noise
    print(f"noise {world.noise:.4f}; cells of the table differ by {spread:.1f} x noise\n")
    header = ("cells", "stated (mean)", "winners", "of them the best finalist [95 %]")
    print_table(header, rows)
    print_machine("numpy")


def search(cells: list[Cell], truth: Floats, noise: float, seed: int) -> tuple[float, bool]:
    """Return the stated probability of the winner of one search, and whether it is the best."""
    generator = np.random.default_rng(seed)
    count = int(generator.choice(list(BUDGETS)))
    drawn = generator.choice(len(cells), count, replace=False)
    expected = {cells[i]: float(truth[i]) for i in drawn}

    def train(cell: Cell) -> float:
        reward = expected[cell] + noise * generator.normal()
        return float(np.round(reward * IMAGES) / IMAGES)

    searched = [SearchedCell(cell, [train(cell)]) for cell in expected]
    searched.sort(key=lambda each: -each.rewards[0])
    confirmation = Confirmation(searched, BUDGETS[count], CONFIDENCE, seed)
    while (proposal := confirmation.ask()) is not None:
        confirmation.tell([train(cell) for cell in proposal.cells])

    finalists = list(confirmation.rewards)
    rewards = list(confirmation.rewards.values())
    others = [each.rewards for each in searched[len(finalists) :]]
    model = fit_reward_model([*rewards, *others])
    assert model is not None
    probabilities = probabilities_best(rewards, model, seed)
    winner = finalists[int(probabilities.argmax())]
    is_best = expected[winner] == max(expected[cell] for cell in finalists)
    return float(probabilities.max()), is_best


if __name__ == "__main__":
    main()
