"""When a rule stops a training, and what a training is then."""

import math

import pytest
from support.learning_curves import stop_after

from pnas.records import ChildResult, Status
from pnas.records.stop_rule import EpochCheck, StopRule, score_among
from pnas.records.stopped_training import as_stopped
from pnas.records.training_curve import (
    CurvePoint,
    curve_point,
    first_epochs,
    trained_epochs,
    validated_epochs,
)
from pnas.state_space import Cell

CELL = Cell.parse("(-1, identity, -1, identity)")
METRICS = {
    "loss": [4.0, 3.0, 2.0, 1.0],
    "val_accuracy": [math.nan, 0.5, math.nan, 0.8],
    "latency_ms": [7.0],
}
ONE_SIGNAL = EpochCheck(
    epoch=2,
    accuracies=(0.2, 0.4, 0.6),
    losses=None,
    predictions=None,
    means=(0.1,),
    slopes=(0.5,),
    covariance=((0.25,),),
    centre=0.2,
    trainings=4,
    noise=0.3,
    goal=1.0,
    quantile=2.0,
)


@pytest.mark.parametrize(
    ("value", "score"),
    [(0.1, -1.15035), (0.3, -0.31864), (0.4, 0.0), (0.9, 1.15035)],
)
def test_a_score_is_the_normal_quantile_of_the_rank(value: float, score: float) -> None:
    assert score_among((0.2, 0.4, 0.6), value) == pytest.approx(score, abs=1e-5)


def test_a_training_is_hopeless_far_below_the_goal() -> None:
    # The score 0 is 0.1 below the mean: 0.15 is expected, with the variance 0.09 (1 + 1/4 + 1/400).
    deviation = 0.3 * math.sqrt(1.25 + 0.0025)
    limit = (1.0 - 0.15) / deviation
    for quantile, is_hopeless in ((limit - 0.01, True), (limit + 0.01, False)):
        check = EpochCheck(**{**ONE_SIGNAL.__dict__, "quantile": quantile})
        assert check.is_hopeless(0.4, None, None) is is_hopeless


def test_losses_and_predictions_count_where_they_are_known() -> None:
    values = {
        **ONE_SIGNAL.__dict__,
        "losses": (-3.0, -2.0, -1.0),
        "predictions": (0.3, 0.5, 0.7),
        "means": (0.0, 0.0, 0.0),
        "slopes": (0.0, 1.0, 1.0),
        "covariance": ((0.0,) * 3,) * 3,
        "noise": 0.1,
    }
    check = EpochCheck(**values)
    assert check.is_hopeless(0.4, loss=4.0, predicted=0.5)
    assert not check.is_hopeless(0.4, loss=0.5, predicted=0.9)
    assert check.is_hopeless(0.4, loss=2.0, predicted=None)
    # Nothing is known of a training without the signals of the others.
    assert not check.is_hopeless(0.4, loss=None, predicted=0.1)


def test_a_rule_asks_after_its_epochs_only() -> None:
    rule = stop_after(2)
    assert not rule.stops({"loss": [1.0], "val_accuracy": [0.5]})
    assert rule.stops({"loss": [1.0, 1.0], "val_accuracy": [math.nan, 0.5]})
    assert not rule.stops({"loss": [1.0, 1.0], "val_accuracy": [math.nan, math.nan]})
    assert not rule.stops({"loss": [1.0] * 3, "val_accuracy": [0.5] * 3})


def test_a_whole_training_is_what_the_rule_would_have_left() -> None:
    whole = ChildResult(CELL, 3, Status.OK, 0.8, METRICS, params=5, seconds=8.0)
    stopped = as_stopped(whole, stop_after(2))
    assert (stopped.status, stopped.reward, stopped.seconds) == (Status.STOPPED, None, 4.0)
    assert stopped.metrics["loss"] == [4.0, 3.0]
    assert stopped.metrics["val_accuracy"][1:] == [0.5]
    assert stopped.metrics["latency_ms"] == [7.0]
    assert stopped.params == 5


@pytest.mark.parametrize("rule", [None, stop_after(2, never=True), stop_after(4), StopRule(())])
def test_a_training_that_goes_on_is_left_as_it_is(rule: StopRule | None) -> None:
    whole = ChildResult(CELL, 3, Status.OK, 0.8, METRICS)
    assert as_stopped(whole, rule) is whole


def test_what_was_known_after_an_epoch() -> None:
    assert trained_epochs(METRICS) == 4
    assert validated_epochs(METRICS) == [2, 4]
    assert curve_point(METRICS, 2) == CurvePoint(0.5, 3.5)
    assert curve_point(METRICS, 3) is None
    assert curve_point(METRICS, 9) is None
    assert curve_point({"val_accuracy": [0.5]}, 1) == CurvePoint(0.5, None)
    assert first_epochs(METRICS, 1)["loss"] == [4.0]


def test_the_metric_of_the_reward_is_what_a_training_is_stopped_by() -> None:
    metrics = {"loss": [1.0], "val_accuracy": [0.9], "val_balanced_accuracy": [0.3]}
    assert curve_point(metrics, 1) == CurvePoint(0.3, 1.0)
