import numpy as np
import pytest

from pnas.children.class_balance import (
    balanced_weights,
    effective_examples,
    mean_recall,
    measured_metric,
)

LABELS = np.array([0, 0, 0, 0, 0, 0, 1, 1, 3], np.int32)


def test_every_class_has_the_same_weight_in_all() -> None:
    weights = balanced_weights(LABELS, num_classes=4)
    totals = np.bincount(LABELS, weights[LABELS], minlength=4)
    assert totals.tolist() == pytest.approx([3, 3, 0, 3])
    assert weights[LABELS].mean() == pytest.approx(1)


def test_equal_classes_have_the_weight_1() -> None:
    assert balanced_weights(np.array([0, 1, 2, 2, 1, 0]), num_classes=3).tolist() == [1, 1, 1]


def test_the_mean_recall_counts_rare_classes_alike_and_absent_ones_not() -> None:
    hits = np.array([6.0, 0.0, 0.0, 1.0])
    assert mean_recall(hits, np.bincount(LABELS)) == pytest.approx((1 + 0 + 1) / 3)


@pytest.mark.parametrize(
    ("metric", "expected"), [("accuracy", 7 / 9), ("balanced_accuracy", (5 / 6 + 1 / 2 + 1) / 3)]
)
def test_predictions_are_judged_by_the_metric_of_the_reward(metric: str, expected: float) -> None:
    predicted = np.array([0, 0, 0, 0, 0, 1, 1, 0, 3])
    assert measured_metric(metric, predicted, LABELS, num_classes=4) == pytest.approx(expected)


def test_rare_classes_make_few_effective_examples() -> None:
    assert effective_examples("accuracy", LABELS) == 9
    # 3^2 / (1/6 + 1/2 + 1/1): the classes 0, 1 and 3 have 6, 2 and 1.
    assert effective_examples("balanced_accuracy", LABELS) == pytest.approx(5.4)
    equal = np.repeat(np.arange(5, dtype=np.int32), 20)
    assert effective_examples("balanced_accuracy", equal) == pytest.approx(100)


def test_the_sampling_variance_of_a_balanced_accuracy_is_that_of_simulated_hits() -> None:
    labels = np.repeat(np.array([0, 1, 2], np.int32), [200, 40, 10])
    generator = np.random.default_rng(0)
    measured = []
    for _ in range(4000):
        is_hit = generator.random(len(labels)) < 0.8
        predicted = np.where(is_hit, labels, -1)
        measured.append(measured_metric("balanced_accuracy", predicted, labels, num_classes=3))
    examples = effective_examples("balanced_accuracy", labels)
    assert np.var(measured) == pytest.approx(0.8 * 0.2 / examples, rel=0.1)
