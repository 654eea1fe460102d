"""What a search of so many children can be expected to gain, given the reliability of rewards.

Cells differ by the logarithm of their error, ``log(1 - reward)``, and so do trainings of one cell:
both are taken for normal, with the variances that the rewards of a preflight have
(`pnas.preflight.reliability`). With the mean error ``e`` and a standard deviation ``s`` of rewards,
that of the logarithm is ``sqrt(log(1 + s^2 / e^2))`` between cells; between trainings of a cell
``e^2`` is the mean square of the errors of cells. Where deviations are small beside the error
this is a normal distribution of rewards; where they are not, the best cells are nearer to the mean
than the worst ones are, as it is with real cells, and no reward exceeds 1.

A search that trains ``n`` random cells once names the highest reward; with confirmation, a share
of the trainings goes to the best cells again, by successive halving. Both are simulated, and so is
by how much the highest reward overstates the cell that is named (the winner's curse).

Random cells are the baseline: a predictor that ranks well does better, by an amount that cannot be
known beforehand.

Where a few bad cells make most of the spread, the best ones are nearer to the mean still, and the
gain is less: docs/strategies_compared.md has what searches gained.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pnas.preflight.highest_rewards import HighestRewards, sample_highest
from pnas.preflight.reliability import Reliability
from pnas.seeds import derive_seed

Floats = NDArray[np.float64]

SIMULATIONS = 4000
FINALISTS = 6  # cells that are trained again at first; 5 to 8 did equally well in our studies
MOST_TRAININGS = 64  # of each finalist, when asking how many are needed
_SMALLEST_ERROR = 1e-6  # of cells that make no mistake on the validation part


@dataclass(frozen=True)
class ExpectedGain:
    """What a search gains over a random cell, in units of the reward.

    Attributes:
        children: Number of trainings of the search.
        single: Gain if the child of the highest reward is named.
        confirmed: Gain if a share of the trainings confirms the best cells.
        optimism: By how much the highest reward overstates the cell that is named.
    """

    children: int
    single: float
    confirmed: float
    optimism: float


def expected_gain(
    reliability: Reliability, children: int, share: float = 0.2, seed: int = 0
) -> ExpectedGain:
    """Estimate what a search of ``children`` trainings gains over a random cell.

    Args:
        reliability: Variance components of the rewards.
        children: Number of trainings, those of the confirmation included.
        share: Share of the trainings that confirm the best cells.
        seed: Seed of the simulation.
    """
    scale = _ErrorScale.of(reliability)
    if scale.between == scale.noise == 0:
        return ExpectedGain(children, 0.0, 0.0, 0.0)

    generator = np.random.default_rng(derive_seed(seed, "expected gain", children))
    single, optimism = _gain_of_highest(scale, children, generator)
    return ExpectedGain(
        children=children,
        single=single,
        confirmed=_confirmed_gain(scale, children, share, generator),
        optimism=optimism,
    )


@dataclass(frozen=True)
class _ErrorScale:
    """Quality of cells as minus the logarithm of their error, 0 where that has its median.

    Attributes:
        error: Mean error over cells.
        between: Standard deviation between cells.
        noise: Standard deviation between trainings of one cell.
    """

    error: float
    between: float
    noise: float

    @classmethod
    def of(cls, reliability: Reliability) -> "_ErrorScale":
        error = max(1 - reliability.mean, _SMALLEST_ERROR)
        between = reliability.between_sd**2 / error**2
        # Noise is in proportion to the error of a cell, whose mean square is larger.
        noise = reliability.noise_sd**2 / (error**2 + reliability.between_sd**2)
        return cls(error, float(np.sqrt(np.log1p(between))), float(np.sqrt(np.log1p(noise))))

    def gain(self, quality: Floats) -> Floats:
        """Return by how much cells of some quality are better than a random one, as rewards."""
        gain: Floats = self.error * (1 - np.exp(-quality - self.between**2 / 2))
        return gain

    def observed_gain(self, quality: Floats) -> Floats:
        """Return the gains that single trainings show, given the quality that each shows."""
        return self.gain(quality + self.noise**2 / 2)


def _gain_of_highest(
    scale: _ErrorScale, children: int, generator: np.random.Generator
) -> tuple[float, float]:
    """Return what naming the highest reward gains, and by how much that reward is too high."""
    named = _sample_finalists(scale, children, 1, generator)
    gains = scale.gain(named.true)
    return float(gains.mean()), float((scale.observed_gain(named.shown) - gains).mean())


def _confirmed_gain(
    scale: _ErrorScale, children: int, share: float, generator: np.random.Generator
) -> float:
    """Return what random search with successive halving at its end gains."""
    again = round(children * share)
    searched = children - again
    if again == 0 or searched < 2:
        searched, again = children, 0

    finalists = _sample_finalists(scale, searched, FINALISTS, generator)
    winners = _halve(finalists, again, scale.noise, generator)
    return float(scale.gain(winners).mean())


def _sample_finalists(
    scale: _ErrorScale, cells: int, count: int, generator: np.random.Generator
) -> HighestRewards:
    return sample_highest(
        generator,
        simulations=SIMULATIONS,
        cells=cells,
        count=count,
        between=scale.between,
        noise=scale.noise,
    )


def _halve(
    finalists: HighestRewards, trainings: int, noise: float, generator: np.random.Generator
) -> Floats:
    """Return the quality of the finalist of the highest mean, by successive halving.

    Args:
        finalists: Finalists of each search, trained once.
        trainings: Number of further trainings of a search.
        noise: Standard deviation between trainings of one cell.
        generator: Source of random numbers.

    Returns:
        One number a search, (simulations,).
    """
    true = finalists.true
    sums = finalists.shown
    rounds = max(1, int(np.ceil(np.log2(true.shape[1]))))
    for _ in range(rounds):
        alive = true.shape[1]
        each = trainings // (rounds * alive)
        # The sum of independent normal numbers is one normal number.
        fresh = each * true + noise * np.sqrt(each) * generator.standard_normal(true.shape)
        sums = sums + fresh

        # Those that are alive have been trained equally often: sums are in the order of means.
        kept = max(1, alive // 2)
        best = np.argsort(-sums, axis=1)[:, :kept]
        true = np.take_along_axis(true, best, axis=1)
        sums = np.take_along_axis(sums, best, axis=1)
    return true[:, 0]


def trainings_to_know(
    reliability: Reliability, children: int, confidence: float = 0.9, seed: int = 0
) -> int | None:
    """Return how many trainings each finalist needs until the best one is known.

    Args:
        reliability: Variance components of the rewards.
        children: Number of cells searched.
        confidence: Share of simulated searches in which the finalist of the highest mean is within
            half a noise standard deviation of the best finalist.
        seed: Seed of the simulation.

    Returns:
        The smallest power of two that is enough; None if `MOST_TRAININGS` are not.
    """
    generator = np.random.default_rng(derive_seed(seed, "trainings to know", children))
    finalists = sample_highest(
        generator,
        simulations=SIMULATIONS // 4,
        cells=children,
        count=FINALISTS,
        between=reliability.between_sd,
        noise=reliability.noise_sd,
    )
    values = finalists.true
    tolerance = reliability.noise_sd / 2

    trainings = 1
    while trainings <= MOST_TRAININGS:
        error = reliability.noise_sd / np.sqrt(trainings)
        means = values + error * generator.standard_normal(values.shape)
        named = np.take_along_axis(values, means.argmax(axis=1)[:, None], axis=1)[:, 0]
        is_right = named >= values.max(axis=1) - tolerance
        if is_right.mean() >= confidence:
            return trainings
        trainings *= 2
    return None
