"""What predictors whose members give scores on a scale of their own have in common: the way back to rewards."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from pnas.state_space import Tokens

Floats = NDArray[np.float64]


class ScoredMembers(ABC):
    """The predicting part of `pnas.controller.Predictor`, from the members' scores."""

    @abstractmethod
    def _scores(self, tokens: Tokens) -> Floats:
        """Scores by each member (members, n)."""

    @abstractmethod
    def _map_back(self, scores: Floats) -> Floats:
        """The rewards that ``scores`` stand for; increasing in them."""

    def predict(self, tokens: Tokens) -> NDArray[np.float32]:
        """See `pnas.controller.Predictor.predict`: the reward of the members' mean score."""
        return self._map_back(self._scores(tokens).mean(axis=0)).astype(np.float32)

    def predict_members(self, tokens: Tokens) -> NDArray[np.float32]:
        """See `pnas.controller.Predictor.predict_members`."""
        return self._map_back(self._scores(tokens)).astype(np.float32)

    def predict_mean_std(self, tokens: Tokens) -> tuple[Floats, Floats]:
        """See `pnas.controller.Predictor.predict_mean_std`; one deviation of the scores upwards, in rewards."""
        scores = self._scores(tokens)
        mean = scores.mean(axis=0)
        deviation = scores.std(axis=0)
        return self._map_back(mean), self._map_back(mean + deviation) - self._map_back(mean)
