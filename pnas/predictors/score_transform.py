"""Rewards as normal scores, and back: what a rank transform makes robust to any scale and to outliers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_LIMITS = (
    1e-3,
    1 - 1e-3,
)  # between the last known reward and 0 or 1 there is always room for better and worse


@dataclass(frozen=True)
class NormalScoreTransform:
    """A rising map between rewards in [0, 1] and normal scores.

    Attributes:
        scores: (distinct rewards,) rising normal scores.
        rewards: the rewards that have them.
    """

    scores: Floats
    rewards: Floats

    @classmethod
    def of(cls, rewards: Sequence[float]) -> "NormalScoreTransform":
        """Score each reward by its rank, as a normal sample of the same size would have it; equal ones equally."""
        from scipy.special import ndtri

        values, counts = np.unique(np.asarray(rewards, np.float64), return_counts=True)
        below = np.cumsum(counts) - counts  # equal ones share the mean of their ranks
        return cls(ndtri((below + counts / 2) / counts.sum()), values)

    def forward(self, rewards: Sequence[float]) -> Floats:
        """Normal scores of rewards, going on beyond the known ones in a straight line."""
        values = np.asarray(rewards, np.float64)
        beyond = values - np.clip(values, self.rewards[0], self.rewards[-1])
        if len(self.rewards) < 2:
            beyond *= 0
        return np.interp(values, self.rewards, self.scores) + beyond / self._steepness(self.rewards)

    def backward(self, scores: Floats) -> Floats:
        """Rewards in (0, 1) of normal scores, rising also beyond the known ones, where it nears 0 and 1."""
        rewards = np.clip(self.rewards, *_LIMITS)
        low = rewards[0]
        high = rewards[-1]
        steep = self._steepness(rewards)
        above = np.maximum(scores - self.scores[-1], 0)
        below = np.maximum(self.scores[0] - scores, 0)
        inside = np.interp(scores, self.scores, rewards)
        return inside + _nearing(1 - high, steep * above) - _nearing(low, steep * below)

    def _steepness(self, rewards: Floats) -> float:
        """Reward per unit of score; not zero, so that what is thought better is ranked higher even so."""
        if len(rewards) < 2:
            return 1e-6
        return max(float(rewards[-1] - rewards[0]) / float(self.scores[-1] - self.scores[0]), 1e-6)


def _nearing(room: float, way: Floats) -> Floats:
    """How far one gets in ``room`` that is never used up; at first, as far as ``way``."""
    return room * way / (room + way)
