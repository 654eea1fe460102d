"""A model of a child's training time, learned from the children that have ended.

The time is a sum of terms that are linear in what a network is made of:

| term | is proportional to |
|---|---|
| start | 1 |
| building and tracing | layers, by kind; none if the worker has kept the network |
| steps | steps x layers, by kind |
| arithmetic | examples x multiply-adds, of dense and of depthwise convolutions |
| memory | examples x elements of the outputs of layers |

Before a child has ended the coefficients are those of one core of a server (`PRIOR`). A fit is the
posterior mode of relative errors around that prior, times the speed of the machine: the median of
what was measured against it, in which the latest children count most. Coefficients are never
negative.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.children.training_time.network_work import NetworkWork
from pnas.children.training_time.workload import Workload

Floats = NDArray[np.float64]

PRIOR = {
    "start": 0.4,
    "build convolutions": 7.5e-3,
    "build norms": 9e-3,
    "build others": 6e-3,
    "step convolutions": 2e-5,
    "step norms": 2.8e-5,
    "step others": 1.7e-5,
    "dense multiply-adds": 1.6e-11,
    "depthwise multiply-adds": 6.3e-11,
    "elements": 5.7e-10,
}
"""Seconds of one unit of each term, fitted by experiments/benchmarks/plan_accuracy.py --calibrate
to processor seconds of children of 1 to 5 blocks on 8x8 to 64x64 pixels."""

_PRIOR_SPREAD = 0.7
"""Standard deviation of a coefficient, relative to the prior, once the speed is known."""

_CHILD_SPREAD = 0.15
"""Standard deviation of a child's time, relative to what the best coefficients say."""

_UNKNOWN_SPREAD = 0.5
"""Standard deviation of a child's relative time before one was measured on this machine."""

_HALF_LIFE = 40
"""Number of children after which a measurement counts half in the cost of each kind of work."""

_SPEED_HALF_LIFE = 6
"""The same in the speed of the machine, whose load by others changes sooner."""

_TRAINING_PASSES = 3
"""A training step costs a forward pass and two backward ones, for inputs and for weights."""


class MeasuredTraining(NamedTuple):
    """A training that has ended.

    Attributes:
        work: Work of its network.
        epochs: Number of epochs that it was trained for.
        seconds: How long that took.
        is_built: Whether its worker had kept the network of an earlier training, built and traced.
    """

    work: NetworkWork
    epochs: float
    seconds: float
    is_built: bool = False


@dataclass(frozen=True)
class TimeModel:
    """Predicts how long trainings take.

    Attributes:
        workload: What children are trained on.
        coefficients: Seconds of one unit of each term.
        spread: Standard deviation of a child's time, relative to its prediction.
        measured: Number of trainings that it was fitted to.
    """

    workload: Workload
    coefficients: Floats
    spread: float = _UNKNOWN_SPREAD
    measured: int = 0

    def seconds(
        self, work: NetworkWork, epochs: float | None = None, is_built: bool = False
    ) -> float:
        """Return the predicted seconds of a training.

        Args:
            work: Work of its network.
            epochs: Number of epochs; None for a full training.
            is_built: See `MeasuredTraining`.
        """
        return float(terms_of(work, self.workload, epochs, is_built) @ self.coefficients)

    def fit(self, measured: Sequence[MeasuredTraining]) -> "TimeModel":
        """Return the model that has learned from ``measured``, in the order of their ends.

        Args:
            measured: Trainings of at least some seconds each; none leaves the prior.
        """
        if not measured:
            return prior_model(self.workload)
        rows = []
        for each in measured:
            rows.append(terms_of(each.work, self.workload, each.epochs, each.is_built))
        terms = np.array(rows)
        seconds = np.array([each.seconds for each in measured])
        prior = _prior_coefficients()
        prior = prior * np.median(seconds / (terms @ prior))

        fitted = _posterior_mode(terms, seconds, _recency(len(measured), _HALF_LIFE), prior)
        latest = _recency(len(measured), _SPEED_HALF_LIFE)
        fitted = fitted * _weighted_median(seconds / (terms @ fitted), latest)
        return TimeModel(
            workload=self.workload,
            coefficients=fitted,
            spread=_relative_spread(seconds, terms @ fitted, latest),
            measured=len(measured),
        )


def prior_model(workload: Workload, slowdown: float = 1.0) -> TimeModel:
    """Return the model before anything was measured.

    Args:
        workload: What children are trained on.
        slowdown: Factor of all times, because other work shares the machine.
    """
    return TimeModel(workload, slowdown * _prior_coefficients())


def _prior_coefficients() -> Floats:
    return np.array(list(PRIOR.values()))


def terms_of(
    work: NetworkWork, workload: Workload, epochs: float | None, is_built: bool = False
) -> Floats:
    """Return how many units of each term of `PRIOR` a training takes."""
    passes = workload.epochs if epochs is None else epochs
    steps = passes * workload.steps_per_epoch
    training = _TRAINING_PASSES * workload.train_examples
    validation = workload.validated_share * workload.val_examples
    examples = passes * (training + validation)
    layers = np.array([work.convolutions, work.norms, work.others])
    arithmetic = np.array([work.dense_madds, work.depthwise_madds, work.elements])
    built = np.zeros(len(layers)) if is_built else layers
    return np.concatenate([[1.0], built, steps * layers, examples * arithmetic])


def _recency(count: int, half_life: int) -> Floats:
    """Return a weight for each of ``count`` measurements, the last of which counts most."""
    age = np.arange(count)[::-1]
    weights: Floats = 0.5 ** (age / half_life)
    return weights


def _weighted_median(values: Floats, weights: Floats) -> float:
    """Return the value up to which half of the weight lies, between the two that it lies between.

    Of values of equal weight it is the median.
    """
    order = np.argsort(values)
    ranked = values[order]
    shares = np.cumsum(weights[order]) - weights[order] / 2
    return float(np.interp(weights.sum() / 2, shares, ranked))


def _posterior_mode(terms: Floats, seconds: Floats, weights: Floats, prior: Floats) -> Floats:
    """Return the coefficients that fit ``seconds`` best and are close to ``prior``.

    Errors are relative, and large ones count by their size only, not by its square: a machine that
    was busy for a moment changes little.
    """
    # SciPy is slow to import, and most commands need none of it.
    from scipy.optimize import least_squares

    # In units of the prior, so that all unknowns are about 1.
    of_children = terms * prior / seconds[:, None]
    of_children *= np.sqrt(weights)[:, None] / _CHILD_SPREAD
    of_prior = np.eye(len(prior)) / _PRIOR_SPREAD
    matrix = np.concatenate([of_children, of_prior])
    children_target = np.sqrt(weights) / _CHILD_SPREAD
    target = np.concatenate([children_target, np.full(len(prior), 1 / _PRIOR_SPREAD)])

    solution = least_squares(
        lambda factors: matrix @ factors - target,
        x0=np.ones(len(prior)),
        jac=lambda factors: matrix,
        bounds=(0.0, math.inf),
        loss="soft_l1",
    )
    fitted: Floats = solution.x * prior
    return fitted


def _relative_spread(seconds: Floats, predicted: Floats, weights: Floats) -> float:
    """Return the standard deviation of relative errors; with few children the prior's counts."""
    errors = np.log(seconds / predicted)
    total = float(weights.sum())
    squares = float(weights @ errors**2)
    return math.sqrt((squares + _UNKNOWN_SPREAD**2) / (total + 1))
