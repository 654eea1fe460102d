"""Neural predictors, single or as an ensemble: fitted by TensorFlow, scored by NumPy."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.base import Counts, FitReport
from pnas.predictors.ensembles import member_subsets
from pnas.predictors.neural.compaction import Compaction
from pnas.predictors.neural.fitting import Architecture, FitSettings, fit_members
from pnas.predictors.neural.initializers import Floats, Weights, overlay, stack_members
from pnas.predictors.neural.lstm import LSTM
from pnas.predictors.neural.mlp import MLP
from pnas.predictors.parallel_scoring import run_all
from pnas.predictors.persistence import load_arrays, save_arrays, unreadable_as_invalid
from pnas.predictors.specs import LSTMSpec, MLPSpec, NeuralSpec
from pnas.predictors.token_layout import TokenLayout
from pnas.seeds import derive_seed
from pnas.state_space import SlotSpace, Tokens

ARCHITECTURES: dict[str, type[LSTM] | type[MLP]] = {"lstm": LSTM, "mlp": MLP}

_CELLS_AT_A_TIME = 8192  # fixed, so that scores do not depend on the number of threads
_LOWEST_REWARD = 0.01  # rewards are kept away from 0 and 1, whose logits are infinite
_HIGHEST_REWARD = 0.99
_LEAST_SLOPE = 0.01


class NeuralPredictor:
    """Sigmoid regression of rewards (arXiv 1712.00559, section 4.2).

    Attributes:
        spec: Settings.
        architecture: The forward passes.
        weights: Weights by name, with a leading member axis.
        init_seed: Seed that ``weights`` were initialised from.
    """

    def __init__(self, layout: TokenLayout, spec: NeuralSpec, seed: int = 0) -> None:
        self.spec = spec
        self.architecture = _architecture(layout, spec)
        self._initialise(seed)
        self._is_fitted = False

    @classmethod
    def create(cls, space: SlotSpace, spec: NeuralSpec) -> "NeuralPredictor":
        """Return an unfitted predictor for the cells of ``space``."""
        return cls(TokenLayout.of(space), spec)

    def _initialise(self, seed: int) -> None:
        self.init_seed = seed
        members = []
        for member in range(self.spec.members):
            members.append(self.architecture.init(derive_seed(seed, "member", member)))
        self.weights: Weights = stack_members(members)

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

        It starts afresh unless ``spec.warm_start``.
        """
        if not (self.spec.warm_start and self._is_fitted):
            self._initialise(seed)
            self._start_from_mean(rewards)

        is_first = stage == 1
        rate = self.spec.learning_rate if is_first else self.spec.later_learning_rate
        settings = FitSettings(self.spec.loss, rate, self.spec.steps, self.spec.batchsize)
        subsets = member_subsets(len(tokens), self.spec.members, derive_seed(seed, "folds"))
        targets = np.asarray(rewards, np.float32)

        # Values that no cell has get no gradient. Without them the products of a fit have the same
        # shapes, and so the same rounding, in a space of any B.
        compaction = Compaction.of(self.architecture.layout, tokens)
        fitted, losses = fit_members(
            _architecture(compaction.layout, self.spec),
            compaction.compact(self.weights),
            tokens=compaction.tokens(tokens),
            rewards=targets,
            subsets=subsets,
            settings=settings,
            seed=derive_seed(seed, "batches"),
        )
        self.weights = compaction.restore(self.weights, fitted)
        if self.spec.loss == "ranking":
            self._calibrate(tokens, targets, subsets)
        self._is_fitted = True
        return FitReport(losses)

    def _start_from_mean(self, rewards: Sequence[float]) -> None:
        """Shift the output to the mean reward.

        The paper's bias of 1.8 is the logit of 0.858, about where its CIFAR-10 rewards lie. From
        there to rewards near 0 or 1, L1 and Adam overshoot into the flat part of the sigmoid and
        stay there.
        """
        mean = float(np.clip(np.mean(rewards), _LOWEST_REWARD, _HIGHEST_REWARD))
        bias = self.weights["out_bias"]
        self.weights["out_bias"] = np.full_like(bias, np.log(mean / (1 - mean)))

    def _calibrate(self, tokens: Tokens, rewards: Floats, subsets: list[NDArray[np.intp]]) -> None:
        """Fit each member's logits to the rewards that it learned: ranks say nothing of scale."""
        clipped = np.clip(rewards, _LOWEST_REWARD, _HIGHEST_REWARD)
        wanted = np.log(clipped / (1 - clipped))
        for member, rows in enumerate(subsets):
            weights = {name: array[member] for name, array in self.weights.items()}
            logits = self.architecture.score(weights, tokens[rows])
            slope, intercept = _line(logits, wanted[rows])
            weights["out_kernel"][...] *= slope
            weights["out_bias"][...] = weights["out_bias"] * slope + intercept

    # -- scoring -----------------------------------------------------------------------------------

    def predict(self, tokens: Tokens) -> Floats:
        """See `pnas.predictors.Predictor.predict`."""
        return self.predict_members(tokens).mean(axis=0)

    def predict_members(self, tokens: Tokens) -> Floats:
        """Return the expected reward of each cell by each member, (members, n)."""
        members = []
        for member in range(self.spec.members):
            members.append({name: array[member] for name, array in self.weights.items()})
        starts = range(0, len(tokens), _CELLS_AT_A_TIME)
        scores = np.empty((len(members), len(tokens)), np.float32)

        def score(task: int) -> None:
            number, member = divmod(task, len(members))
            part = slice(starts[number], starts[number] + _CELLS_AT_A_TIME)
            logits = self.architecture.score(members[member], tokens[part])
            scores[member, part] = _sigmoid(logits)

        run_all(score, len(starts) * len(members))
        return scores

    def predict_mean_std(self, tokens: Tokens) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """See `pnas.predictors.Predictor.predict_mean_std`."""
        members = self.predict_members(tokens).astype(np.float64)
        return members.mean(axis=0), members.std(axis=0)

    # -- files -------------------------------------------------------------------------------------

    def save(self, directory: Path) -> None:
        """See `pnas.predictors.Predictor.save`."""
        notes = {"init_seed": self.init_seed, "is_fitted": self._is_fitted}
        save_arrays(directory, self.spec, self.architecture.layout, self.weights, notes)

    @classmethod
    def load(cls, directory: Path, space: SlotSpace) -> "NeuralPredictor":
        """Return the predictor that `save` wrote (see `pnas.predictors.load_predictor`)."""
        saved = load_arrays(directory, space, {"lstm": LSTMSpec, "mlp": MLPSpec})
        assert isinstance(saved.spec, NeuralSpec)
        with unreadable_as_invalid(directory):
            _require_same_shapes(cls(saved.layout, saved.spec).weights, saved.arrays)
            predictor = cls(TokenLayout.of(space), saved.spec, int(saved.notes["init_seed"]))
            predictor.weights = overlay(predictor.weights, saved.arrays)
            predictor._is_fitted = bool(saved.notes["is_fitted"])
        return predictor


def _architecture(layout: TokenLayout, spec: NeuralSpec) -> Architecture:
    return ARCHITECTURES[spec.predictor](layout, spec.embedding, spec.hidden)


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    """Return slope and intercept by least squares; the slope is positive, which keeps the order."""
    variance = float(x.var())
    slope = 1.0
    if variance > 1e-12:
        covariance = float(((x - x.mean()) * (y - y.mean())).mean())
        slope = covariance / variance
    slope = max(slope, _LEAST_SLOPE)
    return slope, float(y.mean()) - slope * float(x.mean())


def _sigmoid(logits: Floats) -> Floats:
    return np.float32(0.5) * (1 + np.tanh(np.float32(0.5) * logits))


def _require_same_shapes(expected: Weights, found: Weights) -> None:
    expected_shapes = {name: array.shape for name, array in expected.items()}
    found_shapes = {name: array.shape for name, array in found.items()}
    if expected_shapes != found_shapes:
        raise ValueError("its weights are not those of its description")
