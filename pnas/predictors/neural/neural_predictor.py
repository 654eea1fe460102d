"""NeuralPredictor: LSTM or MLP, single or an ensemble. Fitted by TensorFlow, scored by NumPy."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.base import FitReport
from pnas.predictors.neural.fitting import Architecture, Recipe, train
from pnas.predictors.neural.initializers import Floats, Weights, overlay, stack
from pnas.predictors.neural.lstm import LSTM
from pnas.predictors.neural.mlp import MLP
from pnas.predictors.parallel_scoring import run_all
from pnas.predictors.persistence import load_arrays, save_arrays, unreadable_as_invalid
from pnas.predictors.specs import ControllerSpec
from pnas.predictors.token_layout import Layout
from pnas.seeds import derive_seed
from pnas.state_space import SlotSpace, Tokens

ARCHITECTURES: dict[str, type[LSTM] | type[MLP]] = {"lstm": LSTM, "mlp": MLP}
# Cells a thread scores at a time: fixed, so that scores do not depend on the number of threads.
_PIECE = 8192


class NeuralPredictor:
    """Sigmoid regression of rewards (arXiv 1712.00559, section 4.2).

    Attributes:
        spec: sizes, members and how to fit.
        architecture: the forward passes.
        weights: by name, with a leading member axis.
        init_seed: the seed that ``weights`` were initialised from.
    """

    def __init__(self, layout: Layout, spec: ControllerSpec, seed: int = 0) -> None:
        self.spec = spec
        self.architecture: Architecture = ARCHITECTURES[spec.predictor](
            layout, spec.embedding, spec.hidden
        )
        self._initialise(seed)
        self._is_fitted = False

    @classmethod
    def create(cls, space: SlotSpace, spec: ControllerSpec) -> "NeuralPredictor":
        """An unfitted predictor for the cells of ``space``."""
        return cls(Layout.of(space), spec)

    def _initialise(self, seed: int) -> None:
        self.init_seed = seed
        seeds = [derive_seed(seed, "member", member) for member in range(self.spec.members)]
        self.weights: Weights = stack(
            [self.architecture.init(member_seed) for member_seed in seeds]
        )

    # -- fitting -------------------------------------------------------------------------------------------

    def fit(self, tokens: Tokens, rewards: Sequence[float], stage: int, seed: int) -> FitReport:
        """See `pnas.controller.Predictor.fit`. Starts afresh unless ``spec.warm_start``."""
        if not (self.spec.warm_start and self._is_fitted):
            self._initialise(seed)
            self._start_from_mean(rewards)
        rate = self.spec.learning_rate if stage == 1 else self.spec.later_learning_rate
        recipe = Recipe(self.spec.loss, rate, self.spec.steps, self.spec.batchsize)
        subsets = member_subsets(len(tokens), self.spec.members, derive_seed(seed, "folds"))
        targets = np.asarray(rewards, np.float32)
        order_seed = derive_seed(seed, "batches")
        self.weights, losses = train(
            self.architecture, self.weights, tokens, targets, subsets, recipe, order_seed
        )
        if self.spec.loss == "ranking":
            self._calibrate(tokens, targets, subsets)
        self._is_fitted = True
        return FitReport(losses)

    def _calibrate(self, tokens: Tokens, rewards: Floats, subsets: list[NDArray[np.intp]]) -> None:
        """Lay each member's logits along those of the rewards it learned: ranks say nothing of scale."""
        wanted = np.clip(rewards, 0.01, 0.99)
        wanted = np.log(wanted / (1 - wanted))
        for member, rows in enumerate(subsets):
            weights = {name: array[member] for name, array in self.weights.items()}
            slope, shift = _line(self.architecture.score(weights, tokens[rows]), wanted[rows])
            weights["out_kernel"][...] *= slope
            weights["out_bias"][...] = weights["out_bias"] * slope + shift

    def _start_from_mean(self, rewards: Sequence[float]) -> None:
        """Shift the output to the mean reward.

        The paper's bias of 1.8 is the logit of 0.858, about where its CIFAR rewards lie. From there to rewards
        near 0 or 1, L1 and Adam overshoot into the flat of the sigmoid and stay there.
        """
        mean = float(np.clip(np.mean(rewards), 0.01, 0.99))
        self.weights["out_bias"] = np.full_like(self.weights["out_bias"], np.log(mean / (1 - mean)))

    # -- scoring -------------------------------------------------------------------------------------------

    def predict(self, tokens: Tokens) -> Floats:
        """See `pnas.controller.Predictor.predict`."""
        return self.predict_members(tokens).mean(axis=0)

    def predict_members(self, tokens: Tokens) -> Floats:
        """See `pnas.controller.Predictor.predict_members`. Exact, equal prefixes being computed once."""
        members = [
            {name: array[m] for name, array in self.weights.items()}
            for m in range(self.spec.members)
        ]
        pieces = [tokens[first : first + _PIECE] for first in range(0, len(tokens), _PIECE)]
        scores = np.empty((len(members), len(tokens)), np.float32)

        def score(task: int) -> None:
            piece, member = divmod(task, len(members))
            logits = self.architecture.score(members[member], pieces[piece])
            scores[member, piece * _PIECE : (piece + 1) * _PIECE] = _sigmoid(logits)

        run_all(score, len(pieces) * len(members))
        return scores

    def predict_mean_std(self, tokens: Tokens) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """See `pnas.controller.Predictor.predict_mean_std`."""
        members = self.predict_members(tokens).astype(np.float64)
        return members.mean(axis=0), members.std(axis=0)

    # -- files ---------------------------------------------------------------------------------------------

    def save(self, directory: Path) -> None:
        """See `pnas.controller.Predictor.save`."""
        notes = {"init_seed": self.init_seed, "is_fitted": self._is_fitted}
        save_arrays(directory, self.spec, self.architecture.layout, self.weights, notes)

    @classmethod
    def load(cls, directory: Path, space: SlotSpace) -> "NeuralPredictor":
        """See `pnas.controller.load_predictor`."""
        saved = load_arrays(directory, space)
        with unreadable_as_invalid(directory):
            _require_same_shapes(cls(saved.layout, saved.spec).weights, saved.arrays)
            predictor = cls(Layout.of(space), saved.spec, int(saved.notes["init_seed"]))
            predictor.weights = overlay(predictor.weights, saved.arrays)
            predictor._is_fitted = bool(saved.notes["is_fitted"])
        return predictor


def member_subsets(n: int, members: int, seed: int) -> list[NDArray[np.intp]]:
    """Rows that each member is fitted on: all for a single one, else all but the member's own fold."""
    if members == 1:
        return [np.arange(n)]
    fold = np.random.default_rng(seed).permutation(n) % members
    return [np.flatnonzero(fold != member) for member in range(members)]


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    """Least squares' slope and intercept; the slope never below a hundredth, so that order is kept."""
    variance = float(x.var())
    slope = float(((x - x.mean()) * (y - y.mean())).mean()) / variance if variance > 1e-12 else 1.0
    slope = max(slope, 0.01)
    return slope, float(y.mean()) - slope * float(x.mean())


def _sigmoid(logits: Floats) -> Floats:
    return np.float32(0.5) * (1 + np.tanh(np.float32(0.5) * logits))


def _require_same_shapes(expected: Weights, found: Weights) -> None:
    shapes = [
        {name: array.shape for name, array in weights.items()} for weights in (expected, found)
    ]
    if shapes[0] != shapes[1]:
        raise ValueError("its weights are not those of its description")
