"""Weights that make every class count alike, in the loss and in the reward."""

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
