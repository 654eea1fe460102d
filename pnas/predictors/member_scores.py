"""What predictors have in common whose members give scores on a scale of their own."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from pnas.state_space import Tokens

Floats = NDArray[np.float64]


class MemberScores(ABC):
    """The predicting part of `pnas.predictors.Predictor`, from the scores of members."""

    @abstractmethod
    def _scores(self, tokens: Tokens) -> Floats:
        """Return the score of each cell by each member, (members, n)."""

    @abstractmethod
    def _to_rewards(self, scores: Floats) -> Floats:
        """Return the rewards that ``scores`` stand for; the map is increasing."""

    def predict(self, tokens: Tokens) -> NDArray[np.float32]:
        """See `pnas.predictors.Predictor.predict`: the reward of the mean score."""
        mean = self._scores(tokens).mean(axis=0)
        return self._to_rewards(mean).astype(np.float32)

    def predict_members(self, tokens: Tokens) -> NDArray[np.float32]:
        """Return the expected reward of each cell by each member, (members, n)."""
        return self._to_rewards(self._scores(tokens)).astype(np.float32)

    def predict_mean_std(self, tokens: Tokens) -> tuple[Floats, Floats]:
        """See `pnas.predictors.Predictor.predict_mean_std`.

        The deviation is what one standard deviation of the scores, upwards, adds to the reward.
        """
        scores = self._scores(tokens)
        mean = scores.mean(axis=0)
        deviation = scores.std(axis=0)
        expected = self._to_rewards(mean)
        return expected, self._to_rewards(mean + deviation) - expected
