"""Is the reward that another training is expected to have the one that it has?

    python experiments/benchmarks/expected_rewards.py experiments/tables/digits.yaml

Simulated searches: eight small cells and forty large ones are trained once, and the best four
again. Of these four, and of the next four, which have a single training: by how much what is
expected of another training exceeds the truth, in standard deviations of a training (the noise);
the noise that is estimated, as a multiple of the true one; and for the four the probability with
which the best is stated to be the best of them, and how often it is. Cells are those of the table,
judged by trainings that were not shown, or normal ones whose standard deviation is so many times
the noise; their small cells are far worse, as on Fashion-MNIST. Compared are the model of the
package (`pnas.records.reward_model`), which goes by cells of the sizes that were trained again, and
the same with all cells in it. Takes a minute.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import compress
from pathlib import Path

import numpy as np
from common import make_parser, mean_interval, print_machine, print_table, progress
from numpy.typing import NDArray

from pnas.records.cell_trainings import are_alike
from pnas.records.reward_model import (
    RewardModel,
    fit_reward_model,
    probabilities_best,
)
from pnas.state_space import Cell
from pnas.tables import Table, load_table

Floats = NDArray[np.float64]

SMALL = 8
LARGE = 40
BLOCKS = [1] * SMALL + [2] * LARGE
AGAIN = 4
MODELS = ("cells of one size", "all cells")
DEVIATIONS = (0.5, 1.3, 3.5, 8.4)
"""Standard deviations between large cells, as multiples of the noise."""

NOISE = 0.0035


@dataclass(frozen=True)
class World:
    """Cells of a simulated search; the small ones come first.

    Attributes:
        truth: Expected reward of each, or the mean of trainings that are not shown.
        trainings: Rewards of their trainings that may be shown, (cells, trainings).
        noise: Standard deviation of a training.
    """

    truth: Floats
    trainings: Floats
    noise: float


@dataclass(frozen=True)
class Outcome:
    """What one model says of one search.

    Attributes:
        again: Mean of expected rewards less the truth, of the cells that were trained again, in
            standard deviations of a training.
        single: The same, of the next cells.
        noise: Estimated noise by the true one.
        stated: Stated probability that the leader is the best of those trained again.
        is_right: Whether it is.
    """

    again: float
    single: float
    noise: float
    stated: float
    is_right: bool


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("table", type=Path, help="table with three trainings of each cell")
    parser.add_argument("--searches", type=int, default=400, help="simulated for each row")
    options = parser.parse_args()
    table = load_table(str(options.table))
    worlds: dict[str, Callable[[np.random.Generator], World]] = {}
    worlds[table.path.name] = partial(world_of_table, table)
    for deviation in DEVIATIONS:
        worlds[f"normal, {deviation} x noise"] = partial(simulated_world, deviation)
    rows = []
    for name, make_world in worlds.items():
        progress(name)
        outcomes: dict[str, list[Outcome]] = {model: [] for model in MODELS}
        for seed in range(options.searches):
            world = make_world(np.random.default_rng(seed))
            for model, outcome in search(world, seed).items():
                outcomes[model].append(outcome)
        rows.extend(row(name, model, found) for model, found in outcomes.items())
    header = ("cells", "model of", "trained again", "single training", "noise", "stated", "right")
    print("expected less true reward in standard deviations of a training; noise by the true one\n")
    print_table(header, rows)
    print_machine("numpy")


def world_of_table(table: Table, generator: np.random.Generator) -> World:
    """Draw cells of one block and of more; two of three trainings may be shown."""
    small = [row.rewards for cell, row in table.rows.items() if len(Cell.parse(cell)) == 1]
    large = [row.rewards for cell, row in table.rows.items() if len(Cell.parse(cell)) > 1]
    drawn = [small[i] for i in generator.choice(len(small), SMALL, replace=False)]
    drawn += [large[i] for i in generator.choice(len(large), LARGE, replace=False)]
    rewards = generator.permuted(np.array([each[:3] for each in drawn]), axis=1)
    return World(truth=rewards[:, 2], trainings=rewards[:, :2], noise=noise_of(table))


def noise_of(table: Table) -> float:
    """Return the standard deviation of a training of the table's cells, the same for all."""
    rewards = np.array([row.rewards[:3] for row in table.rows.values()])
    return float(np.sqrt(rewards.var(axis=1, ddof=1).mean()))


def simulated_world(deviation: float, generator: np.random.Generator) -> World:
    """Draw large cells that differ by ``deviation`` times the noise, and small ones far below."""
    large = generator.normal(0.857, deviation * NOISE, LARGE)
    small = generator.normal(0.857 - 0.067, 0.05, SMALL)
    truth = np.concatenate([small, large])
    noise = generator.normal(0, NOISE, (len(truth), 2))
    return World(truth, np.round(3000 * (truth[:, None] + noise)) / 3000, NOISE)


def search(world: World, seed: int) -> dict[str, Outcome]:
    """Return what each model says after the best cells were trained again."""
    shown = [[float(first)] for first in world.trainings[:, 0]]
    order = np.argsort(-world.trainings[:, 0], kind="stable")
    again, single = order[:AGAIN], order[AGAIN : 2 * AGAIN]
    for cell in again:
        shown[cell].append(float(world.trainings[cell, 1]))
    is_alike = are_alike(BLOCKS, [len(rewards) > 1 for rewards in shown])
    alike = fit_reward_model(list(compress(shown, is_alike)))
    of_all = fit_reward_model(shown)
    assert alike is not None
    assert of_all is not None
    outcomes = {}
    for name, model in zip(MODELS, (alike, of_all), strict=True):
        outcomes[name] = judge(model, shown, world, again, single, seed)
    return outcomes


def judge(
    model: RewardModel,
    shown: Sequence[Sequence[float]],
    world: World,
    again: NDArray[np.intp],
    single: NDArray[np.intp],
    seed: int,
) -> Outcome:
    def excess(cells: NDArray[np.intp]) -> float:
        errors = [model.expected(shown[cell]) - world.truth[cell] for cell in cells]
        return float(np.mean(errors)) / world.noise

    probabilities = probabilities_best([shown[cell] for cell in again], model, seed)
    leader = again[probabilities.argmax()]
    return Outcome(
        again=excess(again),
        single=excess(single),
        noise=model.noise / world.noise,
        stated=float(probabilities.max()),
        is_right=bool(world.truth[leader] == world.truth[again].max()),
    )


def row(name: str, model: str, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    return (
        name,
        model,
        mean_interval([each.again for each in outcomes]),
        mean_interval([each.single for each in outcomes]),
        f"{np.mean([each.noise for each in outcomes]):.2f}",
        f"{np.mean([each.stated for each in outcomes]):.2f}",
        f"{np.mean([each.is_right for each in outcomes]):.2f}",
    )


if __name__ == "__main__":
    main()
