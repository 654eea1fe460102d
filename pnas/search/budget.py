"""How much a search may spend, and whether it has."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pnas.records import Journal
from pnas.search.strategies.specs import SearchSpec

STOPPED_BY = "stopped_by"
"""Name, in the journal, of the budget that ended a search before its last stage; null if none did."""


@dataclass(frozen=True)
class Spent:
    """What a search has used up: seconds of all its commands, children that ended, and epochs they were trained."""

    seconds: float
    children: int
    epochs: float = 0.0


def spent_by(journal: Journal) -> Spent:
    """What the commands that wrote ``journal`` have used up."""
    ended = [child for child in journal.children() if child.ended_at is not None]
    epochs = sum(epochs_of(child.metrics) for child in ended)
    return Spent(float(journal.meta("search_seconds", 0.0)), len(ended), epochs)


def epochs_of(metrics: Mapping[str, Sequence[float]]) -> float:
    """Epochs that a child with these metrics was trained for: as a table says, or as many as have a loss."""
    said = metrics.get("epochs")
    return float(said[0]) if said else float(len(metrics.get("loss", ())))


def limit_reached(spec: SearchSpec, spent: Spent, epochs: float = 1.0) -> str | None:
    """The budget that has no room for a child of so many ``epochs``, as it was typed; None if all have."""
    if spec.max_seconds is not None and spent.seconds >= spec.max_seconds:
        return f"search.max_seconds={spec.max_seconds:g}"
    if spec.max_children is not None and spent.children >= spec.max_children:
        return f"search.max_children={spec.max_children}"
    if spec.max_epochs is not None and spent.epochs + epochs > spec.max_epochs:
        return f"search.max_epochs={spec.max_epochs}"
    return None


def may_continue(spec: SearchSpec, journal: Journal, epochs: float = 1.0) -> bool:
    """Whether a search that a budget ended has more to spend now, on children of so many ``epochs``."""
    return (
        journal.meta(STOPPED_BY) is not None
        and limit_reached(spec, spent_by(journal), epochs) is None
    )


class Budget:
    """What a search may still spend in this process.

    Args:
        spec: what it may spend in all.
        journal: of the search.
        epochs: that one child takes.
        counts_children: whether the seconds of children count in place of those of the clock, as they must where
            children are looked up and not trained.
    """

    def __init__(
        self, spec: SearchSpec, journal: Journal, epochs: float = 1.0, counts_children: bool = False
    ) -> None:
        self._spec = spec
        self._journal = journal
        self._epochs = epochs
        self._counts_children = counts_children
        self._earlier = spent_by(journal).seconds
        self._started = time.monotonic()

    def has_time(self) -> bool:
        """Whether a child may be started now."""
        return self._spec.max_seconds is None or self._seconds() < self._spec.max_seconds

    def children_left(self) -> int | None:
        """How many may be trained; None = any number."""
        spent = spent_by(self._journal)
        limits = []
        if self._spec.max_children is not None:
            limits.append(self._spec.max_children - spent.children)
        if self._spec.max_epochs is not None:
            limits.append(int((self._spec.max_epochs - spent.epochs) / self._epochs))
        return max(0, min(limits)) if limits else None

    def limit_reached(self) -> str | None:
        """As the function."""
        return limit_reached(
            self._spec, replace(spent_by(self._journal), seconds=self._seconds()), self._epochs
        )

    def _seconds(self) -> float:
        if self._counts_children:
            return sum(child.seconds or 0.0 for child in self._journal.children())
        return self._earlier + time.monotonic() - self._started
