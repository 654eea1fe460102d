"""The contract of a predictor: from the tokens of cells to their expected rewards."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pnas.state_space import Tokens

Floats = NDArray[np.float64]
Counts = Sequence[int] | NDArray[np.integer]


class FitReport(NamedTuple):
    """How a fit went.

    Attributes:
        losses: Mean training loss of each epoch.
    """

    losses: list[float]


class Predictor(Protocol):
    """Learns the rewards of trained cells and predicts those of others.

    A class that is registered as a predictor also has ``create(space, spec)``, which returns an
    unfitted one, and ``load(directory, space)``, the inverse of `save`.
    """

    def fit(
        self,
        tokens: Tokens,
        rewards: Sequence[float],
        stage: int,
        seed: int,
        repeats: Counts | None = None,
    ) -> FitReport:
        """Learn from all cells that have a reward.

        Args:
            tokens: Cells as tokens (n, blocks, slots).
            rewards: Reward of each cell in [0, 1], (n,).
            stage: Number of the stage that the history ends with.
            seed: Seed of everything that is random in the fit.
            repeats: Number of trainings that each reward is the mean of, (n,); None for one each.
                A predictor that models noise gives such a reward less of it.
        """

    def predict(self, tokens: Tokens) -> NDArray[np.float32]:
        """Return the expected reward of each cell, (n,)."""

    def predict_mean_std(self, tokens: Tokens) -> tuple[Floats, Floats]:
        """Return the expected reward of each cell and its predictive standard deviation, (n,) each.

        The deviation of an ensemble is that of its members around their mean; a predictor that has
        none returns zeros.
        """

    def save(self, directory: Path) -> None:
        """Write ``predictor.json`` and ``.npz`` files, which ``load`` reads."""


@runtime_checkable
class ExpectsCells(Protocol):
    """A predictor that can count cells in training as if they had their expected reward."""

    def expect(self, tokens: Tokens) -> None:
        """Take cells (n, blocks, slots) as trained, with the reward that is expected of each.

        What is expected of other cells stays as it is. The uncertainty about these cells and those
        like them falls, so that the next choice is another one. The next call, or fit, forgets
        them.
        """
        ...
