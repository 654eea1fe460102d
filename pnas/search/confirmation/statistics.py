"""What repeated trainings say of the cells that were trained: how good each is, and which is best.

Symbols:

| symbol | meaning |
|---|---|
| m | number of cells that are compared |
| n_i, r_ij | number of trainings of cell i, and reward of its j-th training |
| r_i. | mean reward of cell i |
| mu_i | expected reward of cell i: the mean of as many trainings as one likes |
| sigma^2 | variance of the reward of one cell from training to training, the same for all cells |
| nu, tau^2 | mean and variance of mu over the cells of a search |

The model is the normal hierarchy of Lindley and Smith (1972, "Bayes estimates for the linear
model"), r_ij ~ N(mu_i, sigma^2) and mu_i ~ N(nu, tau^2), so that

    mu_i | r  ~  N(w_i r_i. + (1 - w_i) nu,  w_i sigma^2 / n_i),   w_i = tau^2 / (tau^2 + sigma^2 / n_i).

sigma^2 is pooled over the cells that were trained more than once, with d = sum_i (n_i - 1) degrees
of freedom; nu and tau^2 are estimated from the means of all cells (empirical Bayes; Morris, 1983).
Since every cell of the search takes part in the estimate, the highest reward is shrunk by as much
as it was expected to be too high: that is the winner's curse.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SAMPLES = 20_000
"""Samples of the posterior; a probability has a standard error of at most 0.0035."""


@dataclass(frozen=True)
class RewardModel:
    """The variances of rewards, and the distribution of the cells of a search.

    Attributes:
        noise: sigma^2, the variance of one cell's reward from training to training.
        degrees: Degrees of freedom of ``noise``.
        center: nu, the mean expected reward of the cells.
        spread: tau^2, the variance of expected rewards between cells.
    """

    noise: float
    degrees: int
    center: float
    spread: float

    def expected(self, rewards: Sequence[float]) -> float:
        """Return the posterior mean of the expected reward of a cell with these rewards."""
        noise = self.noise / len(rewards)
        weight = _weight(self.spread, noise)
        return float(weight * np.mean(rewards) + (1 - weight) * self.center)

    def standard_error(self, trainings: int) -> float:
        """Return the standard error of the mean of so many trainings of a cell."""
        return float(np.sqrt(self.noise / trainings))


def fit_reward_model(cells: Sequence[Sequence[float]]) -> RewardModel | None:
    """Estimate the model from the rewards of each cell of a search.

    Args:
        cells: Rewards of each cell, one or more.

    Returns:
        The model; None if no cell was trained more than once, so that the noise is not known.
    """
    degrees = sum(len(rewards) - 1 for rewards in cells)
    if degrees < 1:
        return None
    squares = 0.0
    for rewards in cells:
        squares += float(np.sum((np.asarray(rewards) - np.mean(rewards)) ** 2))
    noise = squares / degrees

    means = np.array([np.mean(rewards) for rewards in cells])
    sizes = np.array([len(rewards) for rewards in cells])
    total = float(np.var(means, ddof=1)) if len(means) > 1 else 0.0
    # The variance of observed means is that of the cells plus that of the noise left in a mean.
    spread = max(0.0, total - noise * float(np.mean(1.0 / sizes)))
    return RewardModel(noise, degrees, center=float(np.mean(means)), spread=spread)


def probabilities_best(cells: Sequence[Sequence[float]], model: RewardModel, seed: int) -> Floats:
    """Return the probability of each cell of being the best of ``cells``, (m,).

    It is the share of posterior samples in which the cell has the highest expected reward. The
    noise is sampled too, from its scaled inverse chi-squared distribution, as it is known from few
    trainings only. Without noise the best cells share the probability.

    Args:
        cells: Rewards of each cell.
        model: Estimated from all cells of the search.
        seed: Seed of the samples.
    """
    means = np.array([np.mean(rewards) for rewards in cells])
    if model.noise == 0:
        is_best = means == means.max()
        return is_best / is_best.sum()

    generator = np.random.default_rng(seed)
    sizes = np.array([len(rewards) for rewards in cells])
    chi_squared = generator.chisquare(model.degrees, size=(_SAMPLES, 1))
    noise = model.noise * model.degrees / chi_squared / sizes  # of each mean: (samples, m)
    weight = _weight(model.spread, noise)
    center = weight * means + (1 - weight) * model.center
    samples = center + np.sqrt(weight * noise) * generator.normal(size=noise.shape)
    wins = np.bincount(samples.argmax(axis=1), minlength=len(cells))
    return wins / _SAMPLES


def _weight(spread: float, noise: float | Floats) -> float | Floats:
    """Return the share of a cell's own mean in its posterior mean; 1 where nothing varies."""
    if spread == 0 and np.all(noise == 0):
        return np.ones_like(noise)
    return spread / (spread + noise)
