"""What the trainings of a search have shown after one of their epochs."""

from collections.abc import Sequence

from pnas.records import ChildRecord, Status
from pnas.records.cell_trainings import is_repeated, is_short
from pnas.records.training_curve import curve_point, trained_epochs, validated_epochs
from pnas.search.expected_reward import Evidence
from pnas.search.short_training import Signals


def with_curves(children: Sequence[ChildRecord]) -> list[ChildRecord]:
    """Return the first trainings of cells that were whole, or were to be and were stopped."""
    return [child for child in children if _has_curve(child)]


def checked_epochs(children: Sequence[ChildRecord]) -> list[int]:
    """Return the epochs, ascending, after which a training may be stopped.

    A whole training among ``children`` was validated after each of them, and went on.
    """
    epochs: set[int] = set()
    for child in children:
        if child.status is Status.OK:
            last = trained_epochs(child.metrics)
            epochs.update(epoch for epoch in validated_epochs(child.metrics) if epoch < last)
    return sorted(epochs)


def evidence_after(epoch: int, children: Sequence[ChildRecord]) -> Evidence:
    """Return what is known after ``epoch`` of those of ``children`` that were validated then."""
    signals = []
    predictions = []
    rewards = []
    for child in children:
        point = curve_point(child.metrics, epoch)
        if point is not None:
            signals.append(Signals(point.accuracy, point.loss))
            predictions.append(child.predicted)
            rewards.append(child.reward)
    return Evidence(signals, predictions, rewards)


def _has_curve(child: ChildRecord) -> bool:
    if is_short(child) or is_repeated(child):
        return False
    is_whole = child.status is Status.OK and child.reward is not None
    return is_whole or child.status is Status.STOPPED
