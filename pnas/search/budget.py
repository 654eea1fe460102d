"""How much a search may spend, and whether it has."""

import time
from dataclasses import dataclass

from pnas.records import Journal
from pnas.search.spec import SearchSpec

STOPPED_BY = "stopped_by"
"""Name, in the journal, of the budget that ended a search before its last stage; null if none did."""


@dataclass(frozen=True)
class Spent:
    """What a search has used up: seconds of all its commands, and children that ended."""

    seconds: float
    children: int


def spent_by(journal: Journal) -> Spent:
    """What the commands that wrote ``journal`` have used up."""
    ended = sum(child.ended_at is not None for child in journal.children())
    return Spent(float(journal.meta("search_seconds", 0.0)), ended)


def limit_reached(spec: SearchSpec, spent: Spent) -> str | None:
    """The budget that is used up, as it was typed; None if all last."""
    if spec.max_seconds is not None and spent.seconds >= spec.max_seconds:
        return f"search.max_seconds={spec.max_seconds:g}"
    if spec.max_children is not None and spent.children >= spec.max_children:
        return f"search.max_children={spec.max_children}"
    return None


def may_continue(spec: SearchSpec, journal: Journal) -> bool:
    """Whether a search that a budget ended has more to spend now."""
    return journal.meta(STOPPED_BY) is not None and limit_reached(spec, spent_by(journal)) is None


class Budget:
    """What a search may still spend in this process."""

    def __init__(self, spec: SearchSpec, journal: Journal) -> None:
        self._spec, self._journal = spec, journal
        self._earlier = spent_by(journal).seconds
        self._started = time.monotonic()

    def has_time(self) -> bool:
        """Whether a child may be started now."""
        return self._spec.max_seconds is None or self._seconds() < self._spec.max_seconds

    def children_left(self) -> int | None:
        """How many may be trained; None = any number."""
        limit = self._spec.max_children
        return None if limit is None else max(0, limit - spent_by(self._journal).children)

    def limit_reached(self) -> str | None:
        """As the function."""
        return limit_reached(self._spec, Spent(self._seconds(), spent_by(self._journal).children))

    def _seconds(self) -> float:
        return self._earlier + time.monotonic() - self._started
