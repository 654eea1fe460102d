"""`Pace`: the clock of a search that has a budget in seconds, and the times by which parts end."""

import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pnas.records import Journal, StageRecord
from pnas.records.cell_trainings import is_short
from pnas.search.confirmation.halving import num_finalists, round_sizes
from pnas.search.pacing.forecast import TrainingForecast
from pnas.search.pacing.timed_ladder import FEWEST_WHOLE, TimedLadder
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

START_SHARE = 0.5
"""Share of the search's time for what comes before its rounds: they learn from the start, and find
what it cannot. 20 of 48 trainings are the default without a limit of time."""

FEWEST_OF_ROUND = 2
"""Cells on the lowest rung of a round, from which one is chosen, at least."""


class Pace:
    """What a search may still begin, so that it ends in time.

    Args:
        spec: Settings of the search, with a budget in seconds.
        space: State space that is searched.
        journal: Journal of the search.
        forecast: Predicts how long children train.
        K: Number of children of each growing stage after the first; None for all candidates.
        kept_epochs: Number of epochs that each rung keeps for longer trainings, by its epochs.
        now: Clock in seconds.

    Attributes:
        ladder: The rungs of the search; one without rungs has whole trainings only.
    """

    def __init__(
        self,
        spec: SearchSpec,
        space: SlotSpace,
        journal: Journal,
        forecast: TrainingForecast,
        K: int | None = None,
        kept_epochs: Mapping[int, int] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        assert spec.max_seconds is not None
        self.total = spec.max_seconds
        self.forecast = forecast
        self.space = space
        self.spec = spec
        self.K = K
        self.ladder = TimedLadder.of(spec.rungs, forecast, space.B, kept_epochs)
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
        # The part of a training's time that does not depend on its epochs.
        build = self.forecast.typical_seconds(self.space.B, epochs=0.0)
        ending = ENDING_SECONDS + _TESTED_TRAININGS * build
        return self.total - min(ending, _LARGEST_ENDING * self.total)

    @property
    def search_end(self) -> float:
        """Second, since the search began, at which the confirmation should begin."""
        last_end = self.last_end
        confirm_share = self.spec.confirm_share(self.forecast.epochs)
        if not confirm_share:
            return last_end
        rounds = math.ceil(_FEWEST_CONFIRMATIONS / self.forecast.workers)
        least = rounds * self.forecast.typical_seconds(self.space.B)
        kept = max(confirm_share * last_end, least)
        return last_end - min(kept, _LARGEST_CONFIRMATION * last_end)

    def rung_end(self, epochs: int, is_first: bool) -> float:
        """Return the second by which the short trainings of a stage should end.

        From then on the best of them have time to be trained whole.

        Args:
            epochs: Epochs of the rung.
            is_first: Whether no cell has been trained whole yet. The rounds have their share of the
                time also where the first trainings take much longer than predicted.
        """
        end = self.search_end
        if is_first and not self.spec.ends_by_itself:
            end *= START_SHARE
        return end - self.ladder.climb_seconds(epochs, FEWEST_WHOLE if is_first else 1)

    def fits(self, seconds: float, end: float) -> bool:
        """Whether a training of ``seconds`` that began now would end by ``end``, or soon after.

        The first child is started in any case: only children tell how fast this machine is.
        """
        is_first = not self.forecast.is_measured and not self._has_begun
        self._has_begun = True
        if is_first:
            return self.elapsed < end
        return self.elapsed + seconds <= end + self.tolerance

    def has_room(self, end: float, seconds: float) -> bool:
        """Whether so much that began now would end by ``end``, or soon after."""
        if not self.forecast.is_measured:
            return self.elapsed < end
        return self.elapsed + seconds <= end + self.tolerance

    def least_ahead(self, rung: int | None) -> float:
        """Return the predicted seconds until another typical cell has been trained whole.

        Args:
            rung: Epochs of the short trainings that have ended last; None where whole ones have.
        """
        if rung is not None:
            return self.ladder.climb_seconds(rung, 1)
        cells = FEWEST_OF_ROUND if self.ladder.short else 1
        return self.ladder.least_seconds(cells, 1)

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
        """Return the seconds that a round takes besides its trainings: fitting and scoring.

        A round of several rungs is chosen with its first one, and learned from after its last.
        """
        stages = [stage for stage in self._journal.stages() if stage.closed_at is not None]
        if not stages:
            return 0.0
        last = stages[-1]
        ended = [child.ended_at or 0.0 for child in self._journal.children(last.b)]
        fitting = (last.closed_at or 0.0) - max(ended, default=0.0)
        scoring = last.seconds_scoring
        for stage in reversed(stages[:-1]):
            if not self._is_rung(stage):
                break
            scoring += stage.seconds_scoring
        return max(0.0, fitting) + scoring

    def note(self, decision: str, **figures: float) -> None:
        """Keep a decision, and what was predicted for it, among the events of the journal."""
        rounded = {name: round(value, 3) for name, value in figures.items()}
        self._journal.note("paced", decision=decision, elapsed=round(self.elapsed, 3), **rounded)

    def _is_rung(self, stage: StageRecord) -> bool:
        return any(is_short(child) for child in self._journal.children(stage.b))
