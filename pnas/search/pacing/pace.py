"""`Pace`: the clock of a search that has a budget in seconds, and the times by which parts end."""

import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from pnas.records import Journal
from pnas.search.confirmation.halving import num_finalists, round_sizes
from pnas.search.pacing.forecast import TrainingForecast
from pnas.search.strategies.search_spec import SearchSpec
from pnas.state_space import Cell, SlotSpace

TOLERANCE = 0.05
"""Share of the budget by which a child may be predicted to end late, and is started all the same:
predictions are as often too long as too short."""

ENDING_SECONDS = 3.0
"""Seconds of the files and pictures of a search, after its last child."""

_TESTED_TRAININGS = 2
"""Trainings of the winner that are built again for the test, about."""

_LARGEST_ENDING = 0.1
_LARGEST_CONFIRMATION = 0.35
"""Shares of the budget that the end of a search and its confirmation take at most."""

_FEWEST_CONFIRMATIONS = 4
"""Trainings that confirm anything: two cells, two more trainings each."""


class Pace:
    """What a search may still begin, so that it ends in time.

    Args:
        spec: Settings of the search, with a budget in seconds.
        space: State space that is searched.
        journal: Journal of the search.
        forecast: Predicts how long children train.
        K: Number of children of each growing stage after the first; None for all candidates.
        now: Clock in seconds.
    """

    def __init__(
        self,
        spec: SearchSpec,
        space: SlotSpace,
        journal: Journal,
        forecast: TrainingForecast,
        K: int | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        assert spec.max_seconds is not None
        self.total = spec.max_seconds
        self.forecast = forecast
        self.space = space
        self.spec = spec
        self.K = K
        self._journal = journal
        self._now = now
        self._earlier = float(journal.meta("search_seconds", 0.0))
        self._began = now()
        self._has_begun = False

    @property
    def elapsed(self) -> float:
        """Seconds of all commands of this search so far."""
        return self._earlier + self._now() - self._began

    @property
    def spec_of_counts(self) -> SearchSpec:
        """The settings without the limit of time, which others than a clock must not judge."""
        no_limit = replace(self.spec, max_children=self.spec.max_children or sys.maxsize)
        return replace(no_limit, max_seconds=None)

    @property
    def tolerance(self) -> float:
        """Seconds by which a child may be predicted to end late."""
        return TOLERANCE * self.total

    @property
    def last_end(self) -> float:
        """Second, since the search began, at which its last child should end."""
        full = self.forecast.typical_seconds(self.space.B)
        build = full * self._share_of_building()
        ending = ENDING_SECONDS + _TESTED_TRAININGS * build
        return self.total - min(ending, _LARGEST_ENDING * self.total)

    @property
    def search_end(self) -> float:
        """Second, since the search began, at which the confirmation should begin."""
        last_end = self.last_end
        if not self.spec.confirm:
            return last_end
        rounds = math.ceil(_FEWEST_CONFIRMATIONS / self.forecast.workers)
        least = rounds * self.forecast.typical_seconds(self.space.B)
        kept = max(self.spec.confirm * last_end, least)
        return last_end - min(kept, _LARGEST_CONFIRMATION * last_end)

    def fits(self, cell: Cell, end: float) -> bool:
        """Whether a training of ``cell`` that began now would end by ``end``, or soon after.

        The first child is started in any case: only children tell how fast this machine is.
        """
        is_first = not self.forecast.is_measured and not self._has_begun
        self._has_begun = True
        if is_first:
            return self.elapsed < end
        return self.elapsed + self.forecast.seconds(cell) <= end + self.tolerance

    def has_room(self, end: float) -> bool:
        """Whether a typical cell of full size, trained from now on, would end by ``end``."""
        if not self.forecast.is_measured:
            return self.elapsed < end
        typical = self.forecast.typical_seconds(self.space.B)
        return self.elapsed + typical <= end + self.tolerance

    def confirmations(self, cells: Sequence[Cell]) -> int:
        """Return how many further trainings of ``cells`` fit into what is left.

        A round ends with its last training, until when the other workers are idle.
        """
        if not cells:
            return 0
        ends = [self.forecast.seconds(cell) for cell in cells]
        typical = sum(ends) / len(ends)
        left = self.last_end + self.tolerance / 2 - self.elapsed
        workers = self.forecast.workers
        trainings = max(0, int(workers * left / typical))
        finalists = num_finalists(trainings, len(cells))
        rounds = len(round_sizes(finalists)) if finalists else 1
        idle = rounds * (workers - 1) / 2
        return max(0, int(trainings - idle))

    def round_overhead(self) -> float:
        """Return the seconds that a round takes besides its trainings: fitting and scoring."""
        stages = [stage for stage in self._journal.stages() if stage.closed_at is not None]
        if not stages:
            return 0.0
        last = stages[-1]
        ended = [child.ended_at or 0.0 for child in self._journal.children(last.b)]
        fitting = (last.closed_at or 0.0) - max(ended, default=0.0)
        return max(0.0, fitting) + last.seconds_scoring

    def note(self, decision: str, **figures: float) -> None:
        """Keep a decision, and what was predicted for it, among the events of the journal."""
        rounded = {name: round(value, 3) for name, value in figures.items()}
        self._journal.note("paced", decision=decision, elapsed=round(self.elapsed, 3), **rounded)

    def _share_of_building(self) -> float:
        """Return the share of a typical child's time that does not depend on its epochs."""
        cell = self.forecast.typical_cell(self.space.B)
        return self.forecast.seconds(cell, epochs=0.0) / self.forecast.seconds(cell)
