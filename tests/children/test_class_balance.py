import numpy as np
import pytest

from pnas.children.class_balance import balanced_weights, mean_recall

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
