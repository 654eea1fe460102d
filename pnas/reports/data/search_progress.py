"""How far a search is: counts, pace, time left and quality of its predictor, child by child."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pnas.records import ChildRecord, Status, best_child
from pnas.records.cell_trainings import is_repeated

# Fewer pairs than this have no order worth a number.
_FEWEST_PAIRS = 3


@dataclass(frozen=True)
class PredictionQuality:
    """How well a stage's rewards were predicted.

    Attributes:
        rho: Spearman's rank correlation; None for fewer than 3 children, or where it is undefined.
        mean_error: Mean absolute error.
        count: Number of children with a prediction and a reward.
    """

    rho: float | None
    mean_error: float
    count: int


class TimeLeft(Protocol):
    """Predicts how long a search still takes (`pnas.search.pacing.TimeLeft`)."""

    def of_stage(self, missing: Sequence[ChildRecord]) -> float | None:
        """Return the seconds until ``missing`` have been trained; None if not known."""
        ...

    def of_search(
        self, missing: Sequence[ChildRecord], ended: Sequence[ChildRecord]
    ) -> float | None:
        """Return the seconds until the search ends; None if not known."""
        ...


class EndedChildren:
    """The children of a search that have ended, and figures that need no look at all of them.

    Args:
        children: Those that have ended already.

    Attributes:
        all: All of them, in the order in which they were added.
        failed: Number of those that failed.
        stopped: Number of those whose training was stopped early.
        best: The one of the highest reward; None if none has a reward.
    """

    def __init__(self, children: Sequence[ChildRecord] = ()) -> None:
        self._count(children)

    def _count(self, children: Sequence[ChildRecord]) -> None:
        """Count ``children`` and no others."""
        self.all: list[ChildRecord] = []
        self.failed = 0
        self.stopped = 0
        self.best: ChildRecord | None = None
        self._by_stage: dict[int, list[ChildRecord]] = {}
        for child in children:
            self.add(child)

    def add(self, child: ChildRecord) -> None:
        """Add a child that has ended."""
        self.all.append(child)
        self._by_stage.setdefault(child.b, []).append(child)
        self.failed += child.has_failed
        self.stopped += child.stopped_after is not None
        if child.reward is not None:
            known = [child] if self.best is None else [self.best, child]
            self.best = best_child(known)

    def of_stage(self, b: int) -> list[ChildRecord]:
        """Return those of stage ``b``."""
        return self._by_stage.get(b, [])

    def replace_stage(self, b: int, children: Sequence[ChildRecord]) -> None:
        """Take ``children`` in place of those of stage ``b``."""
        if self.of_stage(b):  # an earlier command began it
            self._count([child for child in self.all if child.b != b])
        for child in children:
            self.add(child)


class Progress:
    """The running figures of a search.

    Args:
        B: Number of stages; None if the search's budget decides.
        K: Largest number of children of a stage after the first; None where it is not known.
        workers: Number of children trained at once.
        earlier: Children that an earlier process trained.
        now: Clock in seconds.
        time_left: Predicts how long the stage and the search still take; None to judge by the pace
            of this stage.
    """

    def __init__(
        self,
        B: int | None,
        K: int | None = None,
        workers: int = 1,
        earlier: Sequence[ChildRecord] = (),
        now: Callable[[], float] = time.monotonic,
        time_left: TimeLeft | None = None,
    ) -> None:
        self.B = B
        self._time_left = time_left
        self._missing: dict[str, ChildRecord] = {}
        self._stage_left: float | None = None
        self._search_left: float | None = None
        self._predicted_at = now()
        self._K = K
        self._workers = workers
        self._now = now
        self._ended = EndedChildren(earlier)
        self.b = 0
        self.confirms = False
        self.total = 0
        self._began = now()
        self._trained_here = 0
        self._stage_trained_here = 0
        self._stage_began = self._began

    def open(self, b: int, children: Sequence[ChildRecord]) -> None:
        """Begin stage ``b`` of ``children``, some of which may have ended already."""
        ended = [child for child in children if child.status is not Status.CHOSEN]
        self._ended.replace_stage(b, ended)
        self.b = b
        self.confirms = any(is_repeated(child) for child in children)
        self.total = len(children)
        self._missing = {}
        for child in children:
            if child.status is Status.CHOSEN:
                self._missing[child.key] = child
        self._stage_trained_here = 0
        self._stage_began = self._now()
        self._predict()

    def extend(self, children: Sequence[ChildRecord], planned: int) -> None:
        """Take up all ``children`` so far of the open stage, which is going to have ``planned``."""
        self.total = planned
        for child in children:
            if child.status is Status.CHOSEN:
                self._missing[child.key] = child

    def end(self, child: ChildRecord) -> None:
        """Count ``child``, which has just ended."""
        self._ended.add(child)
        self._missing.pop(child.key, None)
        self._trained_here += 1
        if self._trained_here == 1:
            # Until then workers were starting, which says nothing about their pace.
            self._stage_began = self._now()
        else:
            self._stage_trained_here += 1
        self._predict()

    @property
    def of_stage(self) -> list[ChildRecord]:
        """Children of the open stage that have ended."""
        return self._ended.of_stage(self.b)

    @property
    def done(self) -> int:
        """Number of children of the open stage that have ended."""
        return len(self.of_stage)

    @property
    def running(self) -> int:
        """Number of children in training, if no worker that has one to train is idle."""
        return max(0, min(self._workers, self.total - self.done))

    @property
    def failed(self) -> int:
        """Number of children of the whole search that failed."""
        return self._ended.failed

    @property
    def stopped(self) -> int:
        """Number of children of the whole search whose training was stopped early."""
        return self._ended.stopped

    @property
    def best(self) -> ChildRecord | None:
        """Child of the highest reward so far."""
        return self._ended.best

    @property
    def seconds(self) -> float:
        """Seconds since this process began."""
        return self._now() - self._began

    @property
    def per_minute(self) -> float | None:
        """Children a minute at this stage; None before each worker has trained one."""
        seconds = self._now() - self._stage_began
        if self._stage_trained_here < self._workers or seconds <= 0:
            return None
        return 60 * self._stage_trained_here / seconds

    @property
    def stage_left(self) -> float | None:
        """Seconds until the stage's last child ends; None before that can be told."""
        predicted = self._left_now(self._stage_left)
        if predicted is not None:
            return predicted
        pace = self.per_minute
        if pace is None:
            return None
        return 60 * (self.total - self.done) / pace

    @property
    def search_left(self) -> float | None:
        """Seconds of training left, if later stages have K children each.

        None where the pace, the number of stages or K is not known.
        """
        predicted = self._left_now(self._search_left)
        if predicted is not None:
            return predicted
        pace = self.per_minute
        stage_left = self.stage_left
        if pace is None or stage_left is None or self.B is None:
            return None
        if self.b < self.B and self._K is None:
            return None
        # The rounds of a confirmation are numbered after the search's own stages.
        later_children = max(0, self.B - self.b) * (self._K or 0)
        return stage_left + 60 * later_children / pace

    def _predict(self) -> None:
        """Predict both times here, where events come: a terminal is drawn in another thread."""
        if self._time_left is None:
            return
        missing = list(self._missing.values())
        self._predicted_at = self._now()
        self._stage_left = self._time_left.of_stage(missing)
        self._search_left = self._time_left.of_search(missing, self._ended.all)

    def _left_now(self, predicted: float | None) -> float | None:
        """Return what is left by now of seconds that were predicted to be left."""
        if predicted is None:
            return None
        return max(0.0, predicted - (self._now() - self._predicted_at))

    def prediction_quality(self) -> PredictionQuality | None:
        """Return how well this stage's rewards were predicted; None if nothing was predicted."""
        predicted = []
        rewards = []
        for child in self.of_stage:
            if child.predicted is not None and child.reward is not None:
                predicted.append(child.predicted)
                rewards.append(child.reward)
        if not rewards:
            return None

        errors = [abs(p - reward) for p, reward in zip(predicted, rewards, strict=True)]
        mean_error = sum(errors) / len(errors)
        rho = _spearman(predicted, rewards) if len(rewards) >= _FEWEST_PAIRS else None
        return PredictionQuality(rho, mean_error, len(rewards))


def _spearman(predicted: Sequence[float], rewards: Sequence[float]) -> float | None:
    # Imported here: SciPy is slow to import, and a plan needs none of it.
    from pnas.predictors.rank_correlation import spearman

    return spearman(predicted, rewards)
