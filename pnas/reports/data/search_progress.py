"""How far a search is: counts, pace, time left, and how well its predictor does, from the children as they end."""

import time
from collections.abc import Callable, Sequence

from pnas.records import ChildRecord, Status, best_child

_FEWEST = 3
"""Pairs below this say nothing of an order."""


class Progress:
    """The running figures of a search, for whoever shows them.

    Args:
        B: stages of the search; None if its budget decides.
        K: children a stage after the first, at most; None where that is not known.
        workers: children trained at once.
        earlier: children that an earlier process trained.
        now: the clock, in seconds.
    """

    def __init__(
        self,
        B: int | None,
        K: int | None = None,
        workers: int = 1,
        earlier: Sequence[ChildRecord] = (),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.B = B
        self._K = K
        self._workers = workers
        self._now = now
        self.children = list(earlier)
        self.b = self.total = 0
        self._began = now()
        self._trained_here = 0
        self._stage_here = 0
        self._stage_began = self._began

    def open(self, b: int, children: Sequence[ChildRecord]) -> None:
        """Stage ``b`` consists of ``children``, some of which may have ended already."""
        ended = [child for child in children if child.status is not Status.CHOSEN]
        self.children = [child for child in self.children if child.b != b] + ended
        self.b, self.total, self._stage_here, self._stage_began = b, len(children), 0, self._now()

    def end(self, child: ChildRecord) -> None:
        self.children.append(child)
        self._trained_here += 1
        if self._trained_here == 1:
            # Until then workers were starting, which says nothing of their pace.
            self._stage_began = self._now()
        else:
            self._stage_here += 1

    @property
    def of_stage(self) -> list[ChildRecord]:
        """Children of the open stage that have ended."""
        return [child for child in self.children if child.b == self.b]

    @property
    def done(self) -> int:
        return len(self.of_stage)

    @property
    def running(self) -> int:
        """Children at work, if every worker that could be is busy."""
        return max(0, min(self._workers, self.total - self.done))

    @property
    def failed(self) -> int:
        return sum(child.status is Status.FAILED for child in self.children)

    @property
    def best(self) -> ChildRecord | None:
        return best_child(self.children)

    @property
    def seconds(self) -> float:
        """Since this process began."""
        return self._now() - self._began

    @property
    def per_minute(self) -> float | None:
        """Children a minute at this stage; None before as many as are trained at once have ended."""
        seconds = self._now() - self._stage_began
        return (
            60 * self._stage_here / seconds
            if self._stage_here >= self._workers and seconds > 0
            else None
        )

    @property
    def stage_left(self) -> float | None:
        """Seconds until the stage's last child has ended, at this pace; None before there is one."""
        pace = self.per_minute
        return None if pace is None else 60 * (self.total - self.done) / pace

    @property
    def search_left(self) -> float | None:
        """Seconds of training left at this pace, if later stages have K children and theirs are no slower."""
        pace = self.per_minute
        stage = self.stage_left
        if pace is None or stage is None or self.B is None or (self._K is None and self.b < self.B):
            return None
        return stage + 60 * (self.B - self.b) * (self._K or 0) / pace

    def judged(self) -> tuple[float | None, float, int] | None:
        """Rank correlation and mean absolute error of this stage's predictions, and of how many; None for none."""
        stage = self.of_stage
        pairs = [
            (c.predicted, c.reward)
            for c in stage
            if c.predicted is not None and c.reward is not None
        ]
        if not pairs:
            return None
        error = sum(abs(predicted - reward) for predicted, reward in pairs) / len(pairs)
        return self._rho(pairs) if len(pairs) >= _FEWEST else None, error, len(pairs)

    @staticmethod
    def _rho(pairs: Sequence[tuple[float, float]]) -> float | None:
        from pnas.predictors.rank_correlation import spearman

        return spearman([predicted for predicted, _ in pairs], [reward for _, reward in pairs])
