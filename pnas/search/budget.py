"""Budgets of a search: what it has spent, and whether there is room for another child."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pnas.records import ChildJob, ChildRecord, Choice, Journal
from pnas.records.cell_trainings import short_epochs
from pnas.search.rung_ladder import Promotion
from pnas.search.strategies.budget_shares import ROUNDING, whole_part
from pnas.search.strategies.search_spec import SearchSpec
from pnas.search.training_cost import TrainingCost

STOPPED_BY = "stopped_by"
"""Name, in the journal, of the budget that ended a search before its last stage; null if none."""

TRAININGS_NEEDED = "trainings_needed"
"""Name, in the journal, of the whole trainings that the stage takes for which there was no room;
null where one would have been enough."""

CountsChild = Callable[[ChildRecord], bool]
"""Says whether a child counts in a budget."""


@dataclass(frozen=True)
class Spent:
    """What a search has used up.

    Attributes:
        seconds: Seconds of all its commands; those of the children that count, where children are
            looked up instead of trained.
        children: Number of children that ended; a short training counts as its share of a whole
            one.
        epochs: Number of epochs that they were trained for.
    """

    seconds: float
    children: float
    epochs: float = 0.0


@dataclass
class Tally:
    """Adds up what children cost.

    Attributes:
        children: Number of children; a short training counts as its share of a whole one.
        epochs: Number of epochs that they were trained for.
        seconds: Seconds of their trainings.
    """

    children: float = 0.0
    epochs: float = 0.0
    seconds: float = 0.0

    def add(self, child: ChildRecord, cost: TrainingCost) -> None:
        """Add a child that has ended."""
        self.children += cost.share(child)
        self.epochs += cost.spent_epochs(child)
        self.seconds += child.seconds or 0.0

    def spent(self, seconds: float | None = None) -> Spent:
        """Return what was used up; the seconds are those of the children, unless they are given."""
        of_all = self.seconds if seconds is None else seconds
        return Spent(seconds=of_all, children=self.children, epochs=self.epochs)


def every_child(child: ChildRecord) -> bool:
    """Count every child of a search."""
    return True


def spent_by(
    journal: Journal,
    counts: CountsChild = every_child,
    epochs: float = 1.0,
    counts_children: bool = False,
) -> Spent:
    """Return what the commands that wrote ``journal`` have used up on children that count.

    Args:
        journal: Journal of the search.
        counts: Which children count.
        epochs: Number of epochs of a whole training.
        counts_children: See `Budget`.
    """
    tally = Tally()
    cost = TrainingCost(journal, epochs)
    for child in journal.children():
        if child.ended_at is not None and counts(child):
            tally.add(child, cost)
    if counts_children:
        return tally.spent()
    return tally.spent(float(journal.meta("search_seconds", 0.0)))


def limit_reached(
    spec: SearchSpec,
    spent: Spent,
    epochs: float = 1.0,
    share: float = 1.0,
    of_training: float = 1.0,
) -> str | None:
    """Return the budget that has no room for another child; None if all have.

    It is written as people type it, such as ``search.max_children=100``.

    Args:
        spec: Limits of the search.
        spent: What it has used up.
        epochs: Number of epochs of a whole training.
        share: Share of each limit that may be used up.
        of_training: Share of a whole training that the child is trained for.
    """
    if spec.max_seconds is not None and spent.seconds >= share * spec.max_seconds:
        return seconds_limit(spec)
    if not _has_room(_left_of_children(spec, spent, share), of_training):
        return _children_limit(spec)
    if not _has_room(_left_of_epochs(spec, spent, epochs, share), of_training):
        return _epochs_limit(spec)
    return None


def trainings_left(
    spec: SearchSpec, spent: Spent, epochs: float = 1.0, share: float = 1.0
) -> float:
    """Return how many whole trainings the limits of children and epochs leave room for.

    It may be below a whole number by a rounding error. See `limit_reached` for the arguments.
    """
    return min(
        _left_of_children(spec, spent, share),
        _left_of_epochs(spec, spent, epochs, share),
    )


def _left_of_children(spec: SearchSpec, spent: Spent, share: float) -> float:
    if spec.max_children is None:
        return math.inf
    return whole_part(share * spec.max_children) - spent.children


def _left_of_epochs(spec: SearchSpec, spent: Spent, epochs: float, share: float) -> float:
    if spec.max_epochs is None:
        return math.inf
    return (share * spec.max_epochs - spent.epochs) / epochs


def _has_room(left: float, of_training: float) -> bool:
    """Whether so much of a training fits into what is left, but for a rounding error."""
    return left >= of_training - ROUNDING


def seconds_limit(spec: SearchSpec) -> str:
    """Return the budget in seconds of ``spec`` as people type it."""
    return f"search.max_seconds={spec.max_seconds:g}"


def count_limits(spec: SearchSpec) -> list[str]:
    """Return the budgets of ``spec`` in trainings and in epochs as people type them."""
    limits = []
    if spec.max_children is not None:
        limits.append(_children_limit(spec))
    if spec.max_epochs is not None:
        limits.append(_epochs_limit(spec))
    return limits


def _children_limit(spec: SearchSpec) -> str:
    return f"search.max_children={spec.max_children}"


def _epochs_limit(spec: SearchSpec) -> str:
    return f"search.max_epochs={spec.max_epochs}"


def may_continue(
    spec: SearchSpec,
    journal: Journal,
    epochs: float = 1.0,
    counts: CountsChild = every_child,
    counts_children: bool = False,
    share: float | None = None,
) -> bool:
    """Whether a search that a budget ended has room now for what it had no room for.

    Args:
        spec: Limits of the search.
        journal: Journal of the search.
        epochs: Number of epochs of a whole training.
        counts: Which children count.
        counts_children: See `Budget`.
        share: Share of each limit that children which count may use up; None for what
            ``search.confirm`` leaves.
    """
    stopped_by = journal.meta(STOPPED_BY)
    if stopped_by is None:
        return False
    # What is left of a time that ended a search was too short for another child.
    if spec.max_seconds is not None and stopped_by == seconds_limit(spec):
        return False
    spent = spent_by(journal, counts, epochs, counts_children)
    of_all = spent_by(journal, every_child, epochs, counts_children)
    own_share = spec.search_share(epochs) if share is None else share
    needed = float(journal.meta(TRAININGS_NEEDED) or 1.0)
    limit = limit_reached(spec, spent, epochs, own_share, needed)
    return limit is None and limit_reached(spec, of_all, epochs, of_training=needed) is None


class Budget:
    """What a search may still spend in this process.

    It reads the journal once, and counts from then on what it is told of.

    Args:
        spec: Limits of the search.
        journal: Journal of the search.
        epochs: Number of epochs that one child is trained for.
        counts_children: Whether the seconds of children count in place of those of the clock, as
            they must where children are looked up instead of trained.
        share: Share of each limit that may be spent.
        counts: Which children count. All children together have the whole limits, whichever count.
    """

    def __init__(
        self,
        spec: SearchSpec,
        journal: Journal,
        epochs: float = 1.0,
        counts_children: bool = False,
        share: float = 1.0,
        counts: CountsChild = every_child,
    ) -> None:
        self._spec = spec
        self._journal = journal
        self._epochs = epochs
        self._counts_children = counts_children
        self._share = share
        self._counts = counts
        self._earlier_seconds = float(journal.meta("search_seconds", 0.0))
        self._started = time.monotonic()
        self.recount()

    def recount(self) -> None:
        """Take up the children that the journal says have ended."""
        self._cost = TrainingCost(self._journal, self._epochs)
        self._own = Tally()
        self._all = Tally()
        for child in self._journal.children():
            if child.ended_at is not None:
                self.count(child)

    def count(self, child: ChildRecord) -> None:
        """Count a child that has ended."""
        self._cost.add(child)
        self._all.add(child, self._cost)
        if self._counts(child):
            self._own.add(child, self._cost)

    def has_time(self) -> bool:
        """Whether a child may be started now."""
        if self._spec.max_seconds is None:
            return True
        own = self._spent(self._own).seconds < self._share * self._spec.max_seconds
        return own and self._spent(self._all).seconds < self._spec.max_seconds

    def has_time_for(self, job: ChildJob) -> bool:
        """Whether the child of ``job`` may be started now."""
        del job
        return self.has_time()

    def may_end_rung(self, children: Sequence[ChildRecord]) -> bool:
        """Whether the best of ``children``, a stage cut short, are to go on without the rest."""
        del children
        return False

    def affordable(self, children: Sequence[ChildRecord]) -> list[ChildRecord]:
        """Return the first of ``children``, as many as may be trained."""
        left = self._trainings_left()
        chosen = []
        for child in children:
            of_training = self._cost.share(child)
            if not _has_room(left, of_training):
                break
            left -= of_training
            chosen.append(child)
        return chosen

    def children_left(self) -> int | None:
        """Return how many children may be trained whole; None for no limit."""
        left = self._trainings_left()
        return None if math.isinf(left) else max(0, int(whole_part(left)))

    def _trainings_left(self) -> float:
        """Return how many whole trainings there is room for."""
        return min(
            trainings_left(self._spec, self._spent(self._own), self._epochs, self._share),
            trainings_left(self._spec, self._spent(self._all), self._epochs),
        )

    def limit_for(self, children: Sequence[ChildRecord]) -> str | None:
        """Return the budget that has no room for the first of ``children``."""
        of_training = 1.0
        if children:
            of_training = self._cost.share(children[0])
        return self.limit_reached(of_training)

    def limit_reached(self, of_training: float = 1.0) -> str | None:
        """Return the budget that has no room for another child; see `limit_reached`."""
        return self.limit_by_counts(of_training)

    def room_needed(self, choices: Sequence[Choice], promotions: Sequence[Promotion]) -> float:
        """Return how many whole trainings it takes until short ones have led to a whole one.

        Args:
            choices: The short trainings.
            promotions: How many of their cells go on to each later rung; one of those that go on
                to the last is enough.
        """
        needed = sum(self._cost.planned_share(choice.key) for choice in choices)
        rung = short_epochs(choices[0].key)
        for epochs, cells in promotions:
            assert rung is not None
            trained = 1 if epochs is None else cells
            needed += trained * self._cost.share_after(rung, epochs)
            rung = epochs
        return needed

    def limit_by_counts(self, of_training: float) -> str | None:
        """As `limit_reached`, without a prediction of what there is time for."""
        own = self._spent(self._own)
        of_all = self._spent(self._all)
        limit = limit_reached(self._spec, own, self._epochs, self._share, of_training)
        return limit or limit_reached(self._spec, of_all, self._epochs, of_training=of_training)

    def _spent(self, tally: Tally) -> Spent:
        if self._counts_children:
            return tally.spent()
        return tally.spent(self._earlier_seconds + time.monotonic() - self._started)
