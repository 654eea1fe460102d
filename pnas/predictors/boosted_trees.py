"""Gradient-boosted trees (LightGBM) on cell features: members differ in data and seed."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from pnas.errors import InvalidValue
from pnas.predictors.base import Counts, FitReport
from pnas.predictors.ensembles import member_subsets
from pnas.predictors.features import CellFeatures, Features
from pnas.predictors.member_scores import MemberScores
from pnas.predictors.persistence import load_arrays, save_arrays, unreadable_as_invalid
from pnas.predictors.score_transform import NormalScoreTransform
from pnas.predictors.specs import TreesSpec
from pnas.predictors.token_layout import TokenLayout
from pnas.seeds import derive_seed
from pnas.state_space import SlotSpace, Tokens

ROUNDS = 200
# Small trees and short steps: a history has tens of cells, not thousands. One thread: equal seeds
# give equal bits.
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
_REPORTED_ROUNDS = 10  # between two losses
_FEWEST_TO_BAG = 5  # a share of fewer cells could be none
_CELLS_AT_A_TIME = 16_384
_FEWEST_TO_SHARE = 1_000  # cells, which one thread scores in some 10 ms
_UNFITTED = 0.5


class BoostedTrees(MemberScores):
    """See `pnas.predictors.Predictor`. Members learn the normal scores of the rewards.

    Attributes:
        layout: TokenLayout of the tokens.
        spec: Settings.
        models: One LightGBM booster a member; empty before a fit.
    """

    def __init__(self, layout: TokenLayout, spec: TreesSpec) -> None:
        """Make an unfitted predictor.

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
    def create(cls, space: SlotSpace, spec: TreesSpec) -> "BoostedTrees":
        """Return an unfitted predictor for the cells of ``space``."""
        return cls(TokenLayout.of(space), spec)

    # -- fitting -----------------------------------------------------------------------------------

    def fit(
        self,
        tokens: Tokens,
        rewards: Sequence[float],
        stage: int,
        seed: int,
        repeats: Counts | None = None,
    ) -> FitReport:
        """See `pnas.predictors.Predictor.fit`; it does not use ``repeats``.

        Losses are mean squared errors of normal scores, every tenth round.
        """
        self._features = CellFeatures.of(self.layout, tokens)
        self._transform = NormalScoreTransform.of(rewards)
        self.models = []  # a fit may have other columns than the last one
        x = self._columns(tokens)
        targets = self._transform.forward(rewards)

        subsets = member_subsets(len(tokens), self.spec.members, derive_seed(seed, "folds"))
        models = []
        for member, rows in enumerate(subsets):
            models.append(_boost(x[rows], targets[rows], derive_seed(seed, "member", member)))
        self.models = models

        rounds = range(_REPORTED_ROUNDS, ROUNDS + 1, _REPORTED_ROUNDS)
        return FitReport([self._loss(x, targets, count) for count in rounds])

    def _loss(self, x: Features, targets: Features, rounds: int) -> float:
        errors = []
        for model in self.models:
            predicted = model.predict(x, num_iteration=rounds, num_threads=_threads_for(len(x)))
            errors.append(predicted - targets)
        return float(np.mean(np.square(errors)))

    def _columns(self, tokens: Tokens) -> Features:
        x = np.concatenate(self._features.counts(tokens), axis=1)
        if not self.models:
            return x
        # A larger space than that of the fit has more columns, at the end.
        return x[:, : self.models[0].num_feature()]

    # -- scoring -----------------------------------------------------------------------------------

    def _scores(self, tokens: Tokens) -> Features:
        scores = np.zeros((self.spec.members, len(tokens)))
        if not self.models:
            return scores
        for first in range(0, len(tokens), _CELLS_AT_A_TIME):
            part = slice(first, first + _CELLS_AT_A_TIME)
            x = self._columns(tokens[part])
            threads = _threads_for(len(x))
            for member, model in enumerate(self.models):
                scores[member, part] = model.predict(x, num_threads=threads)
        return scores

    def _to_rewards(self, scores: Features) -> Features:
        if not self.models:
            return np.full(scores.shape, _UNFITTED)
        return self._transform.backward(scores)

    # -- files -------------------------------------------------------------------------------------

    def save(self, directory: Path) -> None:
        """See `pnas.predictors.Predictor.save`: models in LightGBM's text form, as bytes."""
        arrays: dict[str, Any] = {}
        if self.models:
            arrays["known"] = self._features.known
            arrays["scores"] = self._transform.scores
            arrays["rewards"] = self._transform.rewards
        for member, model in enumerate(self.models):
            arrays[f"model_{member}"] = np.frombuffer(model.model_to_string().encode(), np.uint8)
        save_arrays(directory, self.spec, self.layout, arrays, {})

    @classmethod
    def load(cls, directory: Path, space: SlotSpace) -> "BoostedTrees":
        """Return the predictor that `save` wrote (see `pnas.predictors.load_predictor`)."""
        saved = load_arrays(directory, space, {"trees": TreesSpec})
        assert isinstance(saved.spec, TreesSpec)
        predictor = cls(TokenLayout.of(space), saved.spec)
        if not saved.arrays:
            return predictor

        with unreadable_as_invalid(directory):
            arrays = saved.arrays
            predictor._features = CellFeatures(predictor.layout, arrays["known"])
            predictor._transform = NormalScoreTransform(arrays["scores"], arrays["rewards"])
            models = []
            for member in range(saved.spec.members):
                models.append(_read_model(arrays[f"model_{member}"].tobytes().decode()))
            predictor.models = models
        return predictor


def _threads_for(cells: int) -> int:
    """Return the threads that score ``cells``: 0 is LightGBM's word for all cores.

    The number does not change a sum over trees that is taken cell by cell. Starting and awaiting
    threads takes 10 times as long as scoring 60 cells where other processes use the cores.
    """
    return 1 if cells < _FEWEST_TO_SHARE else 0


def _boost(x: Features, targets: Features, seed: int) -> Any:
    import lightgbm

    settings = {**_SETTINGS, "seed": seed}
    if len(x) < _FEWEST_TO_BAG:
        settings["bagging_fraction"] = 1.0
    data = lightgbm.Dataset(x, targets, params=settings)
    return lightgbm.train(settings, data, num_boost_round=ROUNDS)


def _read_model(text: str) -> Any:
    import lightgbm

    try:
        return lightgbm.Booster(model_str=text)
    except lightgbm.basic.LightGBMError as error:
        raise ValueError(str(error)) from error
