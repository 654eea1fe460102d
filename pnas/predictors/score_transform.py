"""Rewards as normal scores, and back: a rank transform is robust to any scale and to outliers.

A reward with rank r among n (the mean rank for ties) has the normal score ``Phi^-1((r - 1/2) /
n)``, the quantile of a standard normal distribution (van der Waerden scores). Between known rewards
the map is linear; beyond them it goes on with the mean slope, and the way back approaches 0 and 1
without reaching them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Between the last known reward and 0 or 1 there is always room for worse and better ones.
_LOWEST = 1e-3
_HIGHEST = 1 - 1e-3
_LEAST_SLOPE = 1e-6


@dataclass(frozen=True)
class NormalScoreTransform:
    """An increasing map between rewards in [0, 1] and normal scores.

    Attributes:
        scores: Normal scores in ascending order, (distinct rewards,).
        rewards: The rewards that have them.
    """

    scores: Floats
    rewards: Floats

    @classmethod
    def of(cls, rewards: Sequence[float]) -> "NormalScoreTransform":
        """Return the transform of ``rewards``; equal rewards share the mean of their ranks."""
        from scipy.special import ndtri

        values, counts = np.unique(np.asarray(rewards, np.float64), return_counts=True)
        ranks_below = np.cumsum(counts) - counts
        quantiles = (ranks_below + counts / 2) / counts.sum()
        return cls(ndtri(quantiles), values)

    def forward(self, rewards: Sequence[float]) -> Floats:
        """Return the normal scores of ``rewards``."""
        values = np.asarray(rewards, np.float64)
        beyond = values - np.clip(values, self.rewards[0], self.rewards[-1])
        if len(self.rewards) < 2:
            beyond *= 0
        inside = np.interp(values, self.rewards, self.scores)
        return inside + beyond / self._slope(self.rewards)

    def backward(self, scores: Floats) -> Floats:
        """Return the rewards in (0, 1) of normal scores."""
        rewards = np.clip(self.rewards, _LOWEST, _HIGHEST)
        slope = self._slope(rewards)
        above = np.maximum(scores - self.scores[-1], 0)
        below = np.maximum(self.scores[0] - scores, 0)
        inside = np.interp(scores, self.scores, rewards)
        rise = _saturating(1 - rewards[-1], slope * above)
        fall = _saturating(rewards[0], slope * below)
        return inside + rise - fall

    def _slope(self, rewards: Floats) -> float:
        """Return reward per unit of score; not zero, so that a higher score has a higher reward."""
        if len(rewards) < 2:
            return _LEAST_SLOPE
        rise = float(rewards[-1] - rewards[0])
        run = float(self.scores[-1] - self.scores[0])
        return max(rise / run, _LEAST_SLOPE)


def _saturating(limit: float, value: Floats) -> Floats:
    """Return ``value`` near 0, and ever less than ``limit``."""
    return limit * value / (limit + value)
