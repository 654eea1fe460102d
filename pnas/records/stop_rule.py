"""The rule that stops a training which will hardly become one of the best (``search.early_stop``).

A rule is plain data: it is decided where a stage begins, and goes with each child to its worker.

Symbols:
    s   signals of a training after an epoch, as normal scores of their ranks among the trainings
        before it: validation accuracy, minus the mean training loss, predicted reward
    m   means of the signals of the trainings that the rule was learned from
    w   slopes of a Bayesian linear regression of the normal score of the reward on s - m
    V   posterior covariance of w, in units of the noise
    n   number of trainings that the rule was learned from
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from pnas.records.training_curve import Metrics, curve_point, trained_epochs

_NORMAL = NormalDist()


@dataclass(frozen=True)
class EpochCheck:
    """What decides after one epoch whether a training goes on.

    Attributes:
        epoch: The epoch, from 1.
        accuracies: Validation accuracies of the trainings before it, ascending.
        losses: Their mean training losses with a minus sign, ascending; None where losses are not
            known.
        predictions: Their predicted rewards, ascending; None where nothing predicted.
        means: m, one of each signal.
        slopes: w.
        covariance: V.
        centre: Mean of the normal scores of the rewards.
        trainings: n.
        noise: Standard deviation of the noise, in normal scores.
        goal: Normal score of the reward that a training should reach.
        quantile: Number of predictive standard deviations below the goal from which it is hopeless.
    """

    epoch: int
    accuracies: tuple[float, ...]
    losses: tuple[float, ...] | None
    predictions: tuple[float, ...] | None
    means: tuple[float, ...]
    slopes: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    centre: float
    trainings: int
    noise: float
    goal: float
    quantile: float

    def is_hopeless(self, accuracy: float, loss: float | None, predicted: float | None) -> bool:
        """Whether a training is too improbable to reach the goal.

        Args:
            accuracy: Its validation accuracy after the epoch.
            loss: Mean of its training losses; a training without it is never hopeless where the
                others have one.
            predicted: Its predicted reward; None counts as the median.
        """
        scores = [score_among(self.accuracies, accuracy)]
        if self.losses is not None:
            if loss is None:
                return False
            scores.append(score_among(self.losses, -loss))
        if self.predictions is not None:
            scores.append(0.0 if predicted is None else score_among(self.predictions, predicted))

        offsets = np.array(scores) - np.array(self.means)
        expected = self.centre + float(offsets @ np.array(self.slopes))
        of_slopes = float(offsets @ np.array(self.covariance) @ offsets)
        deviation = self.noise * math.sqrt(1 + 1 / self.trainings + of_slopes)
        return self.goal - expected > self.quantile * deviation


@dataclass(frozen=True)
class StopRule:
    """The rule of one child.

    Attributes:
        checks: What is asked after each validated epoch but the last, ascending.
        predicted: Predicted reward of the child; None if nothing predicted it.
    """

    checks: tuple[EpochCheck, ...]
    predicted: float | None = None

    def of_child(self, predicted: float | None) -> "StopRule":
        """Return the rule of a child whose predicted reward is ``predicted``."""
        return replace(self, predicted=predicted)

    def stops(self, metrics: Metrics) -> bool:
        """Whether the training with these metrics is to be stopped after its last epoch so far."""
        epochs = trained_epochs(metrics)
        return any(self._stops(check, metrics) for check in self.checks if check.epoch == epochs)

    def stop_epoch(self, metrics: Metrics) -> int | None:
        """Return the epoch after which a whole training would have been stopped; None if never."""
        epochs = trained_epochs(metrics)
        for check in self.checks:
            if check.epoch < epochs and self._stops(check, metrics):
                return check.epoch
        return None

    def _stops(self, check: EpochCheck, metrics: Metrics) -> bool:
        point = curve_point(metrics, check.epoch)
        if point is None:
            return False
        return check.is_hopeless(point.accuracy, point.loss, self.predicted)


def score_among(reference: Sequence[float], value: float) -> float:
    """Return the normal score of ``value`` by its rank among itself and ``reference``, ascending.

    Equal values share the mean of their ranks.
    """
    below = bisect_left(reference, value)
    equal = bisect_right(reference, value) - below
    return _NORMAL.inv_cdf((below + (equal + 1) / 2) / (len(reference) + 1))
