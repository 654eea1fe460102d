"""Weights that make every class count alike, in the loss and in the reward."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]


def balanced_weights(labels: NDArray[np.int32], num_classes: int) -> Weights:
    """Return the weight of an example in the loss, by its class, (classes,).

    It is n / (classes x examples of the class), as in scikit-learn's ``compute_class_weight``, so
    that the mean weight of the examples is 1.

    Args:
        labels: Labels of the training part, (n,).
        num_classes: Number of classes; one without examples has the weight 0.
    """
    counts = np.bincount(labels, minlength=num_classes)
    is_present = counts > 0
    weights = np.zeros(num_classes, np.float32)
    weights[is_present] = len(labels) / (is_present.sum() * counts[is_present])
    return weights


def mean_recall(hits: NDArray[np.float64], examples: NDArray[np.int64]) -> float:
    """Return the balanced accuracy: the mean share of hits over the classes that have examples.

    Args:
        hits: Number of examples of each class that are classified as such, (classes,).
        examples: Number of examples of each class, (classes,).
    """
    is_present = examples > 0
    recalls = hits[is_present] / examples[is_present]
    return float(recalls.mean())


def measured_metric(
    name: str, predicted: NDArray[np.integer[Any]], labels: NDArray[np.int32], num_classes: int
) -> float:
    """Return what a network is worth by one of ``trainer.reward_metric``.

    Args:
        name: ``accuracy`` or ``balanced_accuracy``.
        predicted: Predicted classes, (n,).
        labels: Labels, (n,).
        num_classes: Number of classes.
    """
    is_hit = predicted == labels
    if name == "accuracy":
        return float(is_hit.mean())
    hits = np.bincount(labels[is_hit], minlength=num_classes).astype(np.float64)
    return mean_recall(hits, np.bincount(labels, minlength=num_classes))


def effective_examples(name: str, labels: NDArray[np.int32]) -> float:
    """Return the number of examples of equal classes that measure a metric as exactly.

    The sampling variance of an accuracy ``p`` is ``p (1 - p) / n``. That of a balanced accuracy is
    ``sum r_c (1 - r_c) / n_c / C^2`` over the ``C`` classes that have examples, with the recall
    ``r_c`` and ``n_c`` examples of class ``c``. Where recalls are alike, it is ``p (1 - p) / m``
    with ``m = C^2 / sum 1 / n_c``, which is ``n`` if all classes have as many examples.

    Args:
        name: ``accuracy`` or ``balanced_accuracy``.
        labels: Labels of the examples, (n,).
    """
    if name == "accuracy":
        return float(len(labels))
    counts = np.bincount(labels)
    present = counts[counts > 0]
    return float(len(present) ** 2 / (1 / present).sum())
