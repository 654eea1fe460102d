"""Learning curves of trainings: a chart a metric, and what is drawn of each training."""

import math

from pnas.records import ChildRecord, Status
from pnas.reports.charts.training_charts import learning_curves
from pnas.state_space import Cell

CELL = Cell.parse("(-1, identity, -1, identity)")


def child(number: int, **metrics: list[float]) -> ChildRecord:
    return ChildRecord(
        id=number,
        b=1,
        position=number,
        cell=CELL,
        key=f"k-{number}",
        seed=number,
        predicted=None,
        status=Status.CHOSEN,
        reward=None,
        params=None,
        flops=None,
        seconds=None,
        error=None,
        metrics=metrics,
    )


def test_a_chart_a_metric_with_both_parts() -> None:
    children = [
        child(
            0,
            accuracy=[0.1, 0.2, 0.4],
            loss=[3.0, 2.0, 1.0],
            learning_rate=[0.1, 0.1, 0.1],
            seconds=[1.0, 1.0, 1.0],
            val_accuracy=[math.nan, 0.3, 0.5],
        ),
        child(1, accuracy=[0.2], loss=[2.5]),
        child(2),
    ]
    accuracy, loss = learning_curves(children)
    assert (accuracy.y_label, loss.y_label) == ("accuracy", "loss")
    assert accuracy.x == (0.0, 3.0)
    # Of the first training a line for each part; of the second a dot, for its only epoch.
    assert str(accuracy.svg()).count('stroke="#0072b2"') == 2
    assert str(accuracy.svg()).count("stroke-dasharray") == 1
    assert str(accuracy.svg()).count("<circle") == 1


def test_one_validation_is_a_dot() -> None:
    (chart,) = learning_curves([child(0, val_loss=[math.nan, 1.5])])
    assert str(chart.svg()).count("<circle") == 1


def test_trainings_that_have_no_epoch_yet_have_no_chart() -> None:
    assert list(learning_curves([child(0)])) == []
