"""Gradient-boosted trees (LightGBM) on cell features: an ensemble whose members differ in data and seed."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from pnas.errors import InvalidValue
from pnas.predictors.base import FitReport
from pnas.predictors.features import CellFeatures, Features
from pnas.predictors.member_scores import ScoredMembers
from pnas.predictors.neural.neural_predictor import member_subsets
from pnas.predictors.persistence import load_arrays, save_arrays, unreadable_as_invalid
from pnas.predictors.score_transform import NormalScoreTransform
from pnas.predictors.specs import ControllerSpec
from pnas.predictors.token_layout import Layout
from pnas.seeds import derive_seed
from pnas.state_space import SlotSpace, Tokens

ROUNDS = 200
# Small trees and short steps: a history has tens of cells, not thousands. One thread: equal seeds give equal bits.
_SETTINGS = {
    "objective": "regression",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 3,
    "min_data_in_bin": 1,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "feature_pre_filter": False,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
_FEW = 5
_PIECE = 16384  # cells whose features are held at a time


class BoostedTrees(ScoredMembers):
    """See `pnas.controller.Predictor`. Members learn the normal scores of the rewards.

    Attributes:
        models: one LightGBM booster a member; none before a fit.
    """

    def __init__(self, layout: Layout, spec: ControllerSpec) -> None:
        """An unfitted predictor.

        Raises:
            InvalidValue: LightGBM is not installed.
        """
        if find_spec("lightgbm") is None:
            rule = "needs LightGBM, which the extra brings: pip install -e '.[predictors]'"
            raise InvalidValue("controller.predictor", rule, spec.predictor)
        self.layout = layout
        self.spec = spec
        self.models: list[Any] = []

    @classmethod
    def create(cls, space: SlotSpace, spec: ControllerSpec) -> "BoostedTrees":
        """An unfitted predictor for the cells of ``space``."""
        return cls(Layout.of(space), spec)

    def fit(self, tokens: Tokens, rewards: Sequence[float], stage: int, seed: int) -> FitReport:
        """See `pnas.controller.Predictor.fit`. Losses are squared errors of normal scores, every tenth round."""
        self._features = CellFeatures.of(self.layout, tokens)
        self._map = NormalScoreTransform.of(rewards)
        x = self._columns(tokens)
        targets = self._map.forward(rewards)
        subsets = member_subsets(len(tokens), self.spec.members, derive_seed(seed, "folds"))
        self.models = [
            _boosted(x[rows], targets[rows], derive_seed(seed, "member", member))
            for member, rows in enumerate(subsets)
        ]
        return FitReport([self._loss(x, targets, rounds) for rounds in range(10, ROUNDS + 1, 10)])

    def _loss(self, x: Features, targets: Features, rounds: int) -> float:
        errors = [model.predict(x, num_iteration=rounds) - targets for model in self.models]
        return float(np.mean(np.square(errors)))

    def _columns(self, tokens: Tokens) -> Features:
        x = np.concatenate(self._features.counts(tokens), axis=1)
        # A larger space than that of the fit has more columns, at the end.
        return x[:, : self.models[0].num_feature()] if self.models else x

    # -- scoring -------------------------------------------------------------------------------------------

    def _scores(self, tokens: Tokens) -> Features:
        scores = np.zeros((self.spec.members, len(tokens)))
        for first in range(0, len(tokens) if self.models else 0, _PIECE):
            x = self._columns(tokens[first : first + _PIECE])
            # More threads change nothing of a sum over trees that is taken cell by cell.
            scores[:, first : first + _PIECE] = [
                model.predict(x, num_threads=0) for model in self.models
            ]
        return scores

    def _map_back(self, scores: Features) -> Features:
        return self._map.backward(scores) if self.models else np.full(scores.shape, 0.5)

    # -- files ---------------------------------------------------------------------------------------------

    def save(self, directory: Path) -> None:
        """See `pnas.controller.Predictor.save`: models in LightGBM's text form, as bytes."""
        arrays: dict[str, Any] = {}
        if self.models:
            arrays = {
                "known": self._features.known,
                "scores": self._map.scores,
                "rewards": self._map.rewards,
            }
        for member, model in enumerate(self.models):
            arrays[f"model_{member}"] = np.frombuffer(model.model_to_string().encode(), np.uint8)
        save_arrays(directory, self.spec, self.layout, arrays, {})

    @classmethod
    def load(cls, directory: Path, space: SlotSpace) -> "BoostedTrees":
        """See `pnas.controller.load_predictor`."""
        saved = load_arrays(directory, space)
        predictor = cls(Layout.of(space), saved.spec)
        if saved.arrays:
            with unreadable_as_invalid(directory):
                texts = [
                    saved.arrays[f"model_{member}"].tobytes().decode()
                    for member in range(saved.spec.members)
                ]
                predictor._features = CellFeatures(predictor.layout, saved.arrays["known"])
                predictor._map = NormalScoreTransform(
                    saved.arrays["scores"], saved.arrays["rewards"]
                )
                predictor.models = [_read(text) for text in texts]
        return predictor


def _boosted(x: Features, targets: Features, seed: int) -> Any:
    import lightgbm

    settings = {**_SETTINGS, "seed": seed}
    if len(x) < _FEW:  # a share of them could be none
        settings["bagging_fraction"] = 1.0
    return lightgbm.train(
        settings, lightgbm.Dataset(x, targets, params=settings), num_boost_round=ROUNDS
    )


def _read(text: str) -> Any:
    import lightgbm

    try:
        return lightgbm.Booster(model_str=text)
    except lightgbm.basic.LightGBMError as error:
        raise ValueError(str(error)) from error
