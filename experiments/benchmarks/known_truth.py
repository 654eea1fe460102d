"""Worlds in which a cell can be trained as often as one likes and its expected reward is known.

They are made of tables of trained cells. Of a table with several trainings a cell, the expected
reward of each cell is its mean in the table, drawn towards the mean of all cells of its size by the
noise that is left in it, and a training has Gaussian noise of the table's size. Of a table with one
training a cell, that training is the expected reward and the noise has to be given.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np

from pnas.records import ChildJob, ChildResult, Status
from pnas.records.child_records import SHORT_REWARD
from pnas.state_space import Cell, SlotSpace
from pnas.tables import Table, load_table


@dataclass(frozen=True)
class World:
    """Cells with a known expected reward.

    Attributes:
        table: Table that it is made of.
        noise: Standard deviation of a reward from training to training.
        drawn: Expected reward by the key of a cell, where it is not the table's own reward.
        short_noise: Standard deviation of the reward of a short training, of a table with one of
            each cell.
        shuffled: Whether a short training shows that of another cell, so that it tells nothing.
    """

    table: Table
    noise: float
    drawn: dict[str, float] = field(default_factory=dict)
    short_noise: float = 0.0
    shuffled: bool = False

    def __call__(self) -> Callable[[ChildJob], ChildResult]:
        return self._train

    @property
    def space(self) -> SlotSpace:
        """The state space of the table."""
        return self.table.space

    def expected(self, cell: Cell) -> float:
        """Return the mean reward of as many trainings of ``cell`` as one likes."""
        if self.drawn:
            return self.drawn[self.space.key(cell)]
        return self.table.row(cell).mean

    def judged(self, cell: Cell) -> float:
        """Return the accuracy that judges ``cell``: the table's, or the expected reward."""
        test = self.table.row(cell).test
        return self.expected(cell) if test is None else test

    def reward(self, cell: Cell, seed: int) -> float:
        """Return the reward of the training of ``cell`` with this seed."""
        expected = self.expected(cell)
        if not self.noise:
            return expected
        noise = self.noise * np.random.default_rng(seed).normal()
        return float(np.clip(expected + noise, 0, 1))

    @property
    def best_judged(self) -> float:
        """The judged accuracy of the best cell."""
        if self.drawn:
            return max(self.drawn.values())
        return max(row.mean if row.test is None else row.test for row in self.table.rows.values())

    def short(self, job: ChildJob, epochs: int) -> ChildResult:
        """Return the result of a short training."""
        generator = np.random.default_rng(job.seed)
        row = self.table.row(job.cell)
        if self.shuffled:
            keys = self._keys
            row = self.table.rows[keys[int(generator.integers(len(keys)))]]
        trainings = row.shorter[epochs]
        shown = trainings[int(generator.integers(len(trainings)))]
        reward = shown.reward
        if len(trainings) == 1:
            reward += self.short_noise * generator.normal()
        metrics = {SHORT_REWARD: [float(np.clip(reward, 0, 1))], "epochs": [float(epochs)]}
        if shown.loss is not None:
            metrics["loss"] = [shown.loss]
        return ChildResult(job.cell, job.seed, Status.OK, None, metrics, seconds=1.0)

    @cached_property
    def _keys(self) -> list[str]:
        return list(self.table.rows)

    def _train(self, job: ChildJob) -> ChildResult:
        if job.epochs is not None:
            return self.short(job, job.epochs)
        reward = self.reward(job.cell, job.seed)
        return ChildResult(job.cell, job.seed, Status.OK, reward, {"loss": [1.0]}, seconds=1.0)


@cache
def make_world(
    path: str, reward: str | None = None, test: str | None = None, noise: float = 0.0
) -> World:
    """Return the world of a table.

    Args:
        path: File of the table, as ``trainer.table``.
        reward: Column of the reward; None for the table's first.
        test: Column that judges; None for the table's own.
        noise: Noise of a table with one training of each cell.
    """
    table = load_table(path, reward, test)
    if all(len(row.rewards) == 1 for row in table.rows.values()):
        return World(table, noise)

    drawn: dict[str, float] = {}
    variances: list[float] = []
    for b in range(1, table.space.B + 1):
        variances.append(_draw_size(table, b, drawn))
    return World(table, variances[-1] ** 0.5, drawn)


def _draw_size(table: Table, b: int, drawn: dict[str, float]) -> float:
    """Add the expected rewards of the cells of ``b`` blocks; return their variance of noise."""
    keys: list[str] = []
    rewards: list[Sequence[float]] = []
    for tokens in table.space.iter_cells(b):
        for cell in table.space.decode(tokens):
            keys.append(table.space.key(cell))
            rewards.append(table.row(cell).rewards)
    values = np.array(rewards)
    noise = float(values.var(axis=1, ddof=1).mean())
    means = values.mean(axis=1)
    left = noise / values.shape[1]
    weight = max(0.0, 1 - left / float(means.var(ddof=1)))
    center = float(means.mean())
    for key, mean in zip(keys, means, strict=True):
        drawn[key] = center + weight * (float(mean) - center)
    return noise
