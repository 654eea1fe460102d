"""How a budget ended a search: it was used up, or trainings were left that nothing could use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pnas.records import ChildRecord
from pnas.records.cell_trainings import has_ended_whole
from pnas.system.wording import plural

_MAX_CHILDREN = "search.max_children"
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
            return f"ended after {self._ended} of {self.limit} trainings"
        return f"stopped by {self.limit}"

    @property
    def _ended(self) -> int:
        return sum(child.ended_at is not None for child in self.children)

    @property
    def _has_trainings_left(self) -> bool:
        """Whether there was room for more children; each costs a whole training at most."""
        key, _, value = self.limit.partition("=")
        return key == _MAX_CHILDREN and value.isdecimal() and self._ended < int(value)


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
