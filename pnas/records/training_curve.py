"""What the epochs of a training have shown so far, read from its metrics."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

Metrics = Mapping[str, Sequence[float]]
"""Per-epoch values by name, as `ChildResult.metrics` has them."""

_VALIDATIONS = ("val_balanced_accuracy", "val_accuracy")
"""Names of what a reward is made of; the first one is there only where it is."""


class CurvePoint(NamedTuple):
    """What is known of a training after one of its epochs.

    Attributes:
        accuracy: Its accuracy on the validation part, in [0, 1].
        loss: Mean of its training losses up to this epoch; None where they are not known.
    """

    accuracy: float
    loss: float | None


def trained_epochs(metrics: Metrics) -> int:
    """Return the number of epochs that ``metrics`` have values of."""
    return max((len(metrics.get(name, ())) for name in ("loss", *_VALIDATIONS)), default=0)


def validated_epochs(metrics: Metrics) -> list[int]:
    """Return the epochs (from 1) after which the network was validated."""
    epochs = []
    for epoch, accuracy in enumerate(validations(metrics), start=1):
        if math.isfinite(accuracy):
            epochs.append(epoch)
    return epochs


def curve_point(metrics: Metrics, epoch: int) -> CurvePoint | None:
    """Return what was known after ``epoch`` (from 1); None where it was not validated then."""
    accuracies = validations(metrics)
    if len(accuracies) < epoch or not math.isfinite(accuracies[epoch - 1]):
        return None
    losses = metrics.get("loss", ())[:epoch]
    are_known = len(losses) == epoch and all(map(math.isfinite, losses))
    mean_loss = sum(losses) / epoch if are_known else None
    return CurvePoint(accuracies[epoch - 1], mean_loss)


def first_epochs(metrics: Metrics, epochs: int) -> dict[str, list[float]]:
    """Return ``metrics`` as they were after ``epochs`` epochs.

    Values that are not one an epoch stay as they are.
    """
    whole = trained_epochs(metrics)
    cut = {}
    for name, values in metrics.items():
        is_curve = len(values) == whole
        cut[name] = list(values[:epochs]) if is_curve else list(values)
    return cut


def validations(metrics: Metrics) -> Sequence[float]:
    """Return what rewards are made of after each epoch; NaN where nothing was validated."""
    for name in _VALIDATIONS:
        if name in metrics:
            return metrics[name]
    return ()
