"""What a search of so many children can be expected to gain, given the reliability of rewards.

Cells differ by ``b ~ N(0, s_b^2)`` and a training adds noise ``e ~ N(0, s_e^2)``
(`pnas.preflight.reliability`). A search that trains ``n`` random cells once and names the highest
reward gets a cell that is better than a random one by

    gain(n) = s_b * sqrt(ICC) * m_n,

where ``m_n`` is the expected maximum of n standard normal numbers, and shows a reward that is too
high by ``optimism(n) = s_e^2 / sqrt(s_b^2 + s_e^2) * m_n`` (the winner's curse: both follow from
the regression of b on b + e). With confirmation, a share of the trainings goes to the best cells
again, by successive halving; its gain is simulated.

Random cells are the baseline: a predictor that ranks well does better, by an amount that cannot be
known beforehand.

Where a few bad cells make most of the spread, the best ones are nearer to the mean than a normal
distribution has them, and the gain is less: two thirds of it on digits (docs/strategies.md).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pnas.preflight.reliability import Reliability
from pnas.seeds import derive_seed

Floats = NDArray[np.float64]

SIMULATIONS = 4000
FINALISTS = 6  # cells that are trained again at first; 5 to 8 did equally well in our studies
MOST_TRAININGS = 64  # of each finalist, when asking how many are needed


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


def expected_maximum(n: int) -> float:
    """Return the expected maximum of ``n`` independent standard normal numbers.

    It is the integral of x times the density of the maximum, ``n f(x) F(x)^(n - 1)``.
    """
    from scipy.stats import norm

    grid = np.linspace(-9.0, 9.0, 20_001)
    density = n * norm.pdf(grid) * norm.cdf(grid) ** (n - 1)
    return float((grid * density).sum() * (grid[1] - grid[0]))


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
    between = reliability.between_sd
    noise = reliability.noise_sd
    total = float(np.hypot(between, noise))
    if total == 0:
        return ExpectedGain(children, 0.0, 0.0, 0.0)

    maximum = expected_maximum(children)
    return ExpectedGain(
        children=children,
        single=between**2 / total * maximum,
        confirmed=_confirmed_gain(reliability, children, share, seed),
        optimism=noise**2 / total * maximum,
    )


def _confirmed_gain(reliability: Reliability, children: int, share: float, seed: int) -> float:
    """Simulate random search with successive halving at its end."""
    again = round(children * share)
    searched = children - again
    if again == 0 or searched < 2:
        searched, again = children, 0

    generator = np.random.default_rng(derive_seed(seed, "expected gain", children))
    gains = np.empty(SIMULATIONS)
    for simulation in range(SIMULATIONS):
        true = reliability.between_sd * generator.standard_normal(searched)
        rewards = true + reliability.noise_sd * generator.standard_normal(searched)
        finalists = np.argsort(-rewards)[: min(FINALISTS, searched)]
        winner = _halve(true, rewards, finalists, again, reliability.noise_sd, generator)
        gains[simulation] = true[winner]
    return float(gains.mean())


def _halve(
    true: Floats,
    rewards: Floats,
    finalists: NDArray[np.intp],
    trainings: int,
    noise: float,
    generator: np.random.Generator,
) -> int:
    """Return the finalist of the highest mean after ``trainings`` more, spent by halving."""
    sums = rewards[finalists].copy()
    counts = np.ones(len(finalists))
    alive = np.arange(len(finalists))
    rounds = max(1, int(np.ceil(np.log2(len(finalists)))))
    for _ in range(rounds):
        each = trainings // (rounds * len(alive))
        for index in alive:
            fresh = true[finalists[index]] + noise * generator.standard_normal(each)
            sums[index] += fresh.sum()
            counts[index] += each

        means = sums[alive] / counts[alive]
        kept = max(1, len(alive) // 2)
        alive = alive[np.argsort(-means)[:kept]]
    return int(finalists[alive[0]])


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
    simulations = SIMULATIONS // 4
    shape = (simulations, children)
    true = reliability.between_sd * generator.standard_normal(shape)
    rewards = true + reliability.noise_sd * generator.standard_normal(shape)
    finalists = np.argsort(-rewards, axis=1)[:, :FINALISTS]
    values = np.take_along_axis(true, finalists, axis=1)
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
