"""How a budget ended a search: it was used up, or trainings were left that nothing could use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pnas.records import ChildRecord, Status
from pnas.records.cell_trainings import epochs_of, has_ended_whole, short_epochs
from pnas.system.wording import plural

_MAX_CHILDREN = "search.max_children"
_MAX_EPOCHS = "search.max_epochs"
_ROUNDING = 1e-9
_UNKNOWN_CONFIDENCE = 1.0
"""Confidence of runs that store none: their winners count as known only if they are certain."""


@dataclass(frozen=True)
class BudgetEnd:
    """What is known of a search that a budget ended.

    Attributes:
        limit: The budget as people type it, such as ``search.max_children=100``.
        children: Children of the search.
        winner: The winner as the journal has it; None where no cell was trained again.
        confidence: Probability of being the best at which the confirmation ends.
    """

    limit: str
    children: Sequence[ChildRecord]
    winner: Mapping[str, Any] | None
    confidence: float

    @property
    def is_winner_known(self) -> bool:
        """Whether the confirmation ended early, with trainings left."""
        if self.winner is None or not self._has_trainings_left:
            return False
        return bool(self.winner["probability_best"] >= self.confidence)

    def describe(self) -> str:
        """Return how the budget ended the search, in a few words."""
        if self.is_winner_known:
            trained = sum(has_ended_whole(child) for child in self.children)
            enough = "was enough" if trained == 1 else "were enough"
            return f"the winner is known: {plural(trained, 'training')} of {self.limit} {enough}"
        if self._has_trainings_left:
            unit = "epochs" if self._is_of_epochs else "trainings"
            return f"ended after {_short_number(self._spent)} of {self.limit} {unit}"
        return f"stopped by {self.limit}"

    @property
    def _is_of_epochs(self) -> bool:
        return self.limit.startswith(f"{_MAX_EPOCHS}=")

    @property
    def _has_trainings_left(self) -> bool:
        """Whether there was room for another whole training."""
        key, _, value = self.limit.partition("=")
        if key not in (_MAX_CHILDREN, _MAX_EPOCHS) or not value.isdecimal():
            return False
        one = self._whole_epochs if self._is_of_epochs else 1.0
        return one > 0 and self._spent + one <= int(value) + _ROUNDING

    @property
    def _spent(self) -> float:
        """Epochs or trainings, as the limit counts them, that the children took at most."""
        ended = [child for child in self.children if child.ended_at is not None]
        if self._is_of_epochs:
            return sum(epochs_of(child.metrics) for child in ended)
        whole = self._whole_epochs
        return sum(_share(child, whole) for child in ended)

    @property
    def _whole_epochs(self) -> float:
        """Number of epochs of a whole training; 0 if none says it."""
        whole = (child for child in self.children if has_ended_whole(child))
        return max((epochs_of(child.metrics) for child in whole), default=0.0)


def _share(child: ChildRecord, whole_epochs: float) -> float:
    """Return which share of a training of ``whole_epochs`` epochs ``child`` was trained for."""
    epochs: float | None = short_epochs(child.key)
    if child.status is Status.STOPPED:
        epochs = epochs_of(child.metrics)
    return epochs / whole_epochs if epochs is not None and whole_epochs else 1.0


def _short_number(count: float) -> str:
    """Return ``count`` with a digit behind the point, if it has any."""
    return f"{count:.1f}".removesuffix(".0")


def budget_end(
    limit: str | None,
    children: Sequence[ChildRecord],
    winner: Mapping[str, Any] | None,
    config: Mapping[str, Any],
) -> BudgetEnd | None:
    """Return how a budget ended a search; None if none did.

    Args:
        limit: The budget, as the journal has it.
        children: Children of the search.
        winner: The winner, as the journal has it.
        config: Configuration of the search, nested.
    """
    if not limit:
        return None
    search = config.get("search") or {}
    confidence = search.get("confidence", _UNKNOWN_CONFIDENCE)
    return BudgetEnd(limit, children, winner, confidence)
