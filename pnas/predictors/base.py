"""What a predictor is: cell tokens -> expected reward."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pnas.extensions import extension
from pnas.predictors.persistence import read_name, unreadable_as_invalid
from pnas.predictors.specs import ControllerSpec
from pnas.state_space import SlotSpace, Tokens


class FitReport(NamedTuple):
    """How a fit went.

    Attributes:
        losses: mean training loss of each epoch.
    """

    losses: list[float]


class Predictor(Protocol):
    """Learns rewards of cells, and predicts those of others."""

    def fit(self, tokens: Tokens, rewards: Sequence[float], stage: int, seed: int) -> FitReport:
        """Learn from ``tokens`` (n, b, slots) and their ``rewards`` in [0, 1], all those known at ``stage``."""

    def predict(self, tokens: Tokens) -> NDArray[np.float32]:
        """Expected rewards (n,): the mean over members."""

    def predict_members(self, tokens: Tokens) -> NDArray[np.float32]:
        """Expected rewards by each member (members, n)."""

    def predict_mean_std(self, tokens: Tokens) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Expected rewards (n,), as `predict`, and how unsure each is (n,): one standard deviation.

        An ensemble's is that of its members around their mean; a Gaussian process knows its own; a single network or
        other predictor knows of none, and says 0.
        """

    def save(self, directory: Path) -> None:
        """Write all that `load_predictor` needs, as ``predictor.json`` and ``.npz``; no pickles."""


def make_predictor(space: SlotSpace, spec: ControllerSpec) -> Predictor:
    """A fresh predictor for ``space``. Does not import TensorFlow before it is fitted."""
    made: Predictor = _kind_of(spec.predictor).create(space, spec)
    return made


def load_predictor(directory: Path | str, space: SlotSpace) -> Predictor:
    """The predictor that was saved in ``directory``, for ``space``, which may have larger cells.

    Raises:
        InvalidValue: nothing was saved there, it cannot be read, or it knows another vocabulary (key ``from``).
    """
    with unreadable_as_invalid(Path(directory)):
        predictor = read_name(Path(directory))
    loaded: Predictor = _kind_of(predictor).load(Path(directory), space)
    return loaded


def _kind_of(predictor: str) -> Any:
    """The class behind a name, with ``create(space, spec)`` and ``load(directory, space)``.

    Each is imported when it is asked for.
    """
    if (of_extension := extension("predictors", predictor)) is not None:
        return of_extension
    if predictor == "gp":
        from pnas.predictors.gp.gaussian_process import GaussianProcess

        return GaussianProcess
    if predictor == "trees":
        from pnas.predictors.boosted_trees import BoostedTrees

        return BoostedTrees
    if predictor == "unlike":
        from pnas.predictors.rank_ensemble import RankEnsemble

        return RankEnsemble
    from pnas.predictors.neural.neural_predictor import NeuralPredictor

    return NeuralPredictor
