"""What repeated trainings say of the cells of a search: how good each is, and which is best.

Symbols:

| symbol | meaning |
|---|---|
| n_i, r_ij | number of trainings of cell i, and reward of its j-th training |
| r_i. | mean reward of cell i |
| N | number of all trainings |
| mu_i | expected reward of cell i: the mean of as many trainings as one likes |
| sigma^2 | variance of the reward of one cell from training to training, the same for all cells |
| nu, tau^2 | mean and variance of mu over the cells of a search |
| lambda | tau^2 / sigma^2 |

The model is the normal hierarchy of Lindley and Smith (1972, "Bayes estimates for the linear
model"), r_ij ~ N(mu_i, sigma^2) and mu_i ~ N(nu, tau^2). With v_i = lambda + 1 / n_i,

    nu(lambda) = sum_i (r_i. / v_i) / sum_i (1 / v_i)
    S(lambda)  = sum_ij (r_ij - r_i.)^2 + sum_i (r_i. - nu)^2 / v_i
    p(lambda | r)  ~  prod_i v_i^(-1/2) (sum_i 1 / v_i)^(-1/2) S^(-(N - 1) / 2)
    sigma^2 | lambda, r  ~  S / chi^2_(N - 1)
    nu | lambda, sigma^2, r  ~  N(nu(lambda), sigma^2 / sum_i (1 / v_i))
    mu_i | nu, lambda, sigma^2, r  ~  N(w_i r_i. + (1 - w_i) nu, w_i sigma^2 / n_i)

with w_i = lambda / v_i, so that mu_i has the variance

    w_i sigma^2 / n_i + (1 - w_i)^2 sigma^2 / sum_i (1 / v_i)

for flat priors of nu, log sigma and log lambda (Gelman et al., Bayesian Data Analysis, 5.4).

Cells take part that are alike (`pnas.records.cell_trainings.of_like_size`). Cells of one block are
often far worse than those of full size; a tau that spans both would leave a lucky single reward of
a large cell nearly as it is.

All trainings of all cells take part, so that it does no harm that only the cells which looked best
were trained again: what decided that is among the data. The highest reward is shrunk by as much as
it was expected to be too high, which is the winner's curse.

Rewards are rounded: an accuracy is a multiple of q = 1 / (number of validation images). Trainings
of one cell that agree by chance would make S vanish for a large lambda, and every ranking certain.
The sum over j is therefore taken for at least (N - number of cells) q^2 / 12, with the variance of
a uniform error of rounding (Sheppard 1898; Heitjan 1989, "Inference from grouped continuous data",
Statistical Science 4): agreement within q only says that sigma may be as small as what rounding
hides. Any two trainings that differ have more than that between them. Only a caller can know that
trainings cannot differ (`known_exactly`).

Three cells with the rewards (0.90, 0.92), (0.88) and (0.86): N = 4, r_i. = 0.91, 0.88 and 0.86,
n_i = 2, 1 and 1; only the first says anything of sigma^2.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SAMPLES = 20_000
"""Samples of the posterior; a probability has a standard error of at most 0.0035."""

_RATIOS = np.geomspace(1e-3, 1e4, 141)
"""Values of lambda that are weighed: from nothing but noise to next to none."""

_FINEST_RESOLUTION = 1e-6
"""Differences between rewards below this are those of single precision."""


@dataclass(frozen=True)
class RewardModel:
    """The posterior of the model's variances, over a grid of lambda.

    Attributes:
        weights: p(lambda | r), (grid,), with the sum 1.
        centers: nu(lambda), (grid,).
        precision: sum_i (1 / v_i), (grid,).
        squares: S(lambda), (grid,).
        trainings: N.
        is_noisy: Whether the reward of a cell differs from training to training.
    """

    weights: Floats
    centers: Floats
    precision: Floats
    squares: Floats
    trainings: int
    is_noisy: bool = True

    @property
    def noise(self) -> float:
        """sigma, the standard deviation of one cell's reward from training to training."""
        if not self.is_noisy:
            return 0.0
        variance = self.weights @ self.squares / max(self.trainings - 3, 1)
        return float(np.sqrt(variance))

    def expected(self, rewards: Sequence[float]) -> float:
        """Return the posterior mean of the expected reward of a cell with these rewards."""
        mean = float(np.mean(rewards))
        if not self.is_noisy:
            return mean
        own = _own_weight(len(rewards))
        return float(self.weights @ (own * mean + (1 - own) * self.centers))

    def deviation(self, rewards: Sequence[float]) -> float:
        """Return the posterior standard deviation of the expected reward of such a cell."""
        own = _own_weight(len(rewards))
        return self._deviation(rewards, own / len(rewards) + (1 - own) ** 2 / self.precision)

    def deviation_among_cells(self, rewards: Sequence[float]) -> float:
        """Return the deviation without what is not known of the mean of all cells.

        That part moves all cells together, so that it hardly changes which of them are better.
        """
        own = _own_weight(len(rewards))
        return self._deviation(rewards, own / len(rewards))

    def _deviation(self, rewards: Sequence[float], shares: Floats) -> float:
        """Return the deviation whose square is ``shares`` of sigma^2 at each lambda, (grid,)."""
        if not self.is_noisy:
            return 0.0
        mean = float(np.mean(rewards))
        own = _own_weight(len(rewards))
        variances = self.squares / max(self.trainings - 3, 1)
        within = float(self.weights @ (shares * variances))
        centers = own * mean + (1 - own) * self.centers
        between = float(self.weights @ (centers - self.expected(rewards)) ** 2)
        return float(np.sqrt(within + between))

    def standard_error(self, trainings: int) -> float:
        """Return the standard error of the mean of so many trainings of a cell."""
        return self.noise / trainings**0.5


def _own_weight(trainings: int) -> Floats:
    """Return w_i of a cell with so many trainings at each lambda, (grid,)."""
    return _RATIOS / (_RATIOS + 1 / trainings)


def fit_reward_model(cells: Sequence[Sequence[float]]) -> RewardModel | None:
    """Return the posterior of the model given the rewards of each cell of a search.

    Args:
        cells: Rewards of each cell, one or more.

    Returns:
        The posterior; None if no cell was trained more than once, so that noise and differences
        between cells cannot be told apart.
    """
    sizes = np.array([len(rewards) for rewards in cells])
    if not len(sizes) or sizes.max() == 1:
        return None
    means = np.array([np.mean(rewards) for rewards in cells])
    trainings = int(sizes.sum())
    within = sum(float(np.sum((np.asarray(each) - np.mean(each)) ** 2)) for each in cells)
    hidden = (trainings - len(cells)) * _resolution(cells) ** 2 / 12
    within = max(within, hidden)

    v = _RATIOS[:, None] + 1 / sizes  # (grid, cells)
    precision = (1 / v).sum(axis=1)
    centers = (means / v).sum(axis=1) / precision
    squares = within + ((means - centers[:, None]) ** 2 / v).sum(axis=1)
    log_weights = -0.5 * (
        np.log(v).sum(axis=1) + np.log(precision) + (trainings - 1) * np.log(squares)
    )
    weights = np.exp(log_weights - log_weights.max())
    return RewardModel(weights / weights.sum(), centers, precision, squares, trainings)


def _resolution(cells: Sequence[Sequence[float]]) -> float:
    """Return the smallest difference between two rewards, for what they are rounded to."""
    rewards = np.sort(np.concatenate([np.asarray(each) for each in cells]))
    gaps = np.diff(rewards)
    gaps = gaps[gaps > _FINEST_RESOLUTION]
    return float(gaps.min()) if len(gaps) else _FINEST_RESOLUTION


def known_exactly(means: Sequence[float] | Floats) -> RewardModel:
    """Return the model of rewards that are the same in each training."""
    shape = len(_RATIOS)
    return RewardModel(
        weights=np.full(shape, 1 / shape),
        centers=np.full(shape, float(np.mean(means))),
        precision=np.full(shape, np.inf),
        squares=np.zeros(shape),
        trainings=len(means),
        is_noisy=False,
    )


def probabilities_best(cells: Sequence[Sequence[float]], model: RewardModel, seed: int) -> Floats:
    """Return the probability of each cell of being the best of ``cells``, (cells,).

    It is the share of posterior samples in which the cell has the highest expected reward. Without
    noise the best cells share the probability.

    Args:
        cells: Rewards of each cell.
        model: Posterior given all cells of the search.
        seed: Seed of the samples.
    """
    means = np.array([np.mean(rewards) for rewards in cells])
    if not model.is_noisy:
        is_best = means == means.max()
        return is_best / is_best.sum()

    generator = np.random.default_rng(seed)
    grid = generator.choice(len(_RATIOS), size=(_SAMPLES, 1), p=model.weights)
    variance = model.squares[grid] / generator.chisquare(model.trainings - 1, size=(_SAMPLES, 1))
    sizes = np.array([len(rewards) for rewards in cells])
    own = _RATIOS[grid] / (_RATIOS[grid] + 1 / sizes)  # (samples, cells)
    # The cells share the mean of all cells, so that they move together.
    deviation_of_mean = np.sqrt(variance / model.precision[grid])
    mean = model.centers[grid] + deviation_of_mean * generator.normal(size=variance.shape)
    center = own * means + (1 - own) * mean
    deviation = np.sqrt(own * variance / sizes)
    samples = center + deviation * generator.normal(size=center.shape)
    wins = np.bincount(samples.argmax(axis=1), minlength=len(cells))
    return wins / _SAMPLES
