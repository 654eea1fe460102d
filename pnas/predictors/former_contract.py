"""Predictors of extensions that were written against an earlier contract."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.base import Counts, FitReport, Floats, Predictor
from pnas.state_space import Tokens

_reported: set[str] = set()


def with_current_contract(predictor: Any, name: str) -> Predictor:
    """Return ``predictor`` itself, or an adapter if it lacks methods of today's contract."""
    if hasattr(predictor, "predict_mean_std"):
        current: Predictor = predictor
        return current

    if name not in _reported:
        _reported.add(name)
        print(
            f"controller.predictor: {name} has an earlier contract; rename predict_with_spread to "
            "predict_mean_std and accept repeats=None in fit (docs/extending.md)",
            file=sys.stderr,
        )
    return FormerContract(predictor)


class FormerContract:
    """A predictor with ``predict_with_spread`` or ``predict_members``, under today's contract."""

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    def fit(
        self,
        tokens: Tokens,
        rewards: Sequence[float],
        stage: int,
        seed: int,
        repeats: Counts | None = None,
    ) -> FitReport:
        """See `pnas.predictors.Predictor.fit`; ``repeats`` did not exist and is not used."""
        report: FitReport = self._wrapped.fit(tokens, rewards, stage, seed)
        return report

    def predict(self, tokens: Tokens) -> NDArray[np.float32]:
        """See `pnas.predictors.Predictor.predict`."""
        predicted: NDArray[np.float32] = self._wrapped.predict(tokens)
        return predicted

    def predict_mean_std(self, tokens: Tokens) -> tuple[Floats, Floats]:
        """See `pnas.predictors.Predictor.predict_mean_std`."""
        if hasattr(self._wrapped, "predict_with_spread"):
            mean, deviation = self._wrapped.predict_with_spread(tokens)
            return mean, deviation
        members = self._wrapped.predict_members(tokens)
        return members.mean(axis=0), members.std(axis=0)

    def save(self, directory: Path) -> None:
        """See `pnas.predictors.Predictor.save`."""
        self._wrapped.save(directory)
