"""Is the reward that another training is expected to have the one that it has?

    python experiments/benchmarks/expected_rewards.py experiments/tables/digits.yaml

Simulated searches: eight small cells and forty large ones are trained once, and the best four
again. Of these four, and of the next four, which have a single training: by how much what is
expected of another training exceeds the truth, on average. For the four: the probability with which
the best is stated to be the best of them, and how often it is. Cells are those of the table, judged
by trainings that were not shown, or simulated ones, whose small cells are far worse than the large
ones, as on Fashion-MNIST. Compared are the model of the package, which goes by cells of one size
(`pnas.records.reward_model`), and the same with small cells in it. Takes about a minute.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import make_parser, mean_interval, print_machine, print_table, progress
from numpy.typing import NDArray

from pnas.records.reward_model import RewardModel, fit_reward_model, probabilities_best
from pnas.state_space import Cell
from pnas.tables import Table, load_table

Floats = NDArray[np.float64]

SMALL = 8
LARGE = 40
AGAIN = 4
MODELS = ("cells of one size", "all cells")


@dataclass(frozen=True)
class World:
    """Cells of a simulated search; the small ones come first.

    Attributes:
        truth: Expected reward of each, or the mean of trainings that are not shown.
        trainings: Rewards of their trainings that may be shown, (cells, trainings).
    """

    truth: Floats
    trainings: Floats


@dataclass(frozen=True)
class Outcome:
    """What one model says of one search.

    Attributes:
        again: Mean of expected rewards less the truth, of the cells that were trained again.
        single: The same, of the next cells.
        stated: Stated probability that the leader is the best of those trained again.
        is_right: Whether it is.
    """

    again: float
    single: float
    stated: float
    is_right: bool


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("table", type=Path, help="table with three trainings of each cell")
    parser.add_argument("--searches", type=int, default=400, help="simulated for each row")
    options = parser.parse_args()
    table = load_table(str(options.table))
    worlds = {
        table.path.name: lambda generator: world_of_table(table, generator),
        "far worse small cells": simulated_world,
    }
    rows = []
    for name, make_world in worlds.items():
        progress(name)
        outcomes: dict[str, list[Outcome]] = {model: [] for model in MODELS}
        for seed in range(options.searches):
            world = make_world(np.random.default_rng(seed))
            for model, outcome in search(world, seed).items():
                outcomes[model].append(outcome)
        rows.extend(row(name, model, found) for model, found in outcomes.items())
    header = ("cells", "model of", "trained again", "single training", "stated", "right")
    print("expected reward less the truth, in points; the leader's probability of being the best\n")
    print_table(header, rows)
    print_machine("numpy")


def world_of_table(table: Table, generator: np.random.Generator) -> World:
    """Draw cells of one block and of more; two of three trainings may be shown."""
    small = [row.rewards for cell, row in table.rows.items() if len(Cell.parse(cell)) == 1]
    large = [row.rewards for cell, row in table.rows.items() if len(Cell.parse(cell)) > 1]
    drawn = [small[i] for i in generator.choice(len(small), SMALL, replace=False)]
    drawn += [large[i] for i in generator.choice(len(large), LARGE, replace=False)]
    rewards = generator.permuted(np.array([each[:3] for each in drawn]), axis=1)
    return World(truth=rewards[:, 2], trainings=rewards[:, :2])


def simulated_world(generator: np.random.Generator) -> World:
    """Draw cells whose large ones differ little more than trainings of one of them do."""
    small = generator.normal(0.79, 0.05, SMALL)
    large = generator.normal(0.857, 0.0045, LARGE)
    truth = np.concatenate([small, large])
    noise = generator.normal(0, 0.0035, (len(truth), 2))
    return World(truth, np.round(3000 * (truth[:, None] + noise)) / 3000)


def search(world: World, seed: int) -> dict[str, Outcome]:
    """Return what each model says after the best cells were trained again."""
    shown = [[float(first)] for first in world.trainings[:, 0]]
    order = np.argsort(-world.trainings[:, 0], kind="stable")
    again, single = order[:AGAIN], order[AGAIN : 2 * AGAIN]
    for cell in again:
        shown[cell].append(float(world.trainings[cell, 1]))
    models = {MODELS[0]: fit_reward_model(shown[SMALL:]), MODELS[1]: fit_reward_model(shown)}
    outcomes = {}
    for name, model in models.items():
        if model is not None:
            outcomes[name] = judge(model, shown, world.truth, again, single, seed)
    return outcomes


def judge(
    model: RewardModel,
    shown: Sequence[Sequence[float]],
    truth: Floats,
    again: NDArray[np.intp],
    single: NDArray[np.intp],
    seed: int,
) -> Outcome:
    def excess(cells: NDArray[np.intp]) -> float:
        return float(np.mean([model.expected(shown[cell]) - truth[cell] for cell in cells]))

    probabilities = probabilities_best([shown[cell] for cell in again], model, seed)
    leader = again[probabilities.argmax()]
    return Outcome(
        again=excess(again),
        single=excess(single),
        stated=float(probabilities.max()),
        is_right=bool(truth[leader] == truth[again].max()),
    )


def row(name: str, model: str, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    return (
        name,
        model,
        mean_interval([100 * each.again for each in outcomes]),
        mean_interval([100 * each.single for each in outcomes]),
        f"{np.mean([each.stated for each in outcomes]):.2f}",
        f"{np.mean([each.is_right for each in outcomes]):.2f}",
    )


if __name__ == "__main__":
    main()
