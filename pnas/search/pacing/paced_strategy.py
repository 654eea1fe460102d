"""`PacedStrategy`: another strategy, whose stages are as large as there is time for.

What it decides is the stage itself, which the journal holds before anything depends on it: a search
that goes on after a kill takes the stages as they were chosen, whatever the clock says by then.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

from pnas.search.pacing.least_time import starting_seconds
from pnas.search.pacing.pace import Pace
from pnas.search.pacing.stage_trimming import trimmed
from pnas.search.strategies import (
    ClosedStage,
    OpenStage,
    Proposal,
    RefinedSpec,
    SearchHistory,
    SearchSpec,
    Strategy,
)
from pnas.search.strategies.base import Reward

MakeStrategy = Callable[[SearchSpec, SearchHistory], Strategy]

START_SHARE = 0.5
"""Share of the search's time for what comes before its rounds: they learn from the start, and find
what it cannot. 20 of 48 trainings are the default without a limit of time."""

_LARGEST_OVERHEAD = 0.25
"""Share of a round's training time that fitting and scoring may take, before rounds are larger."""

_MOST_TIMES_LARGER = 4
"""Factor by which a round may be larger than asked for, because fitting and scoring take long."""

_FEWEST_TO_LEARN = 4
"""Cells of a first stage, also where there seems to be no time for them: a predictor needs some."""


class PacedStrategy:
    """Proposes what ``make`` proposes, as far as there is time for it.

    Args:
        make: Makes the strategy from its settings and its history.
        pace: Clock and predictions.
        history: What the search has done so far.
    """

    def __init__(self, make: MakeStrategy, pace: Pace, history: SearchHistory) -> None:
        self._make = make
        self._pace = pace
        self._closed = list(history.closed)
        self._open = history.open
        self._spec = pace.spec
        self._inner = make(self._spec, history)

    def ask(self) -> Proposal | None:
        """See `pnas.search.Strategy.ask`."""
        self._size_round()
        proposal = self._inner.ask()
        if proposal is None:
            return None
        kept = self._within_time(proposal)
        if list(kept.cells) != list(proposal.cells):
            self._take_up(kept)
        else:
            self._open = OpenStage(kept.cells, kept.predictions)
        return kept

    def is_over(self) -> bool:
        """See `pnas.search.Strategy.is_over`."""
        return self._inner.is_over()

    def tell(self, rewards: Sequence[Reward]) -> dict[str, Any] | None:
        """See `pnas.search.Strategy.tell`."""
        learned = self._inner.tell(rewards)
        if self._open is not None:
            self._closed.append(ClosedStage(self._open.cells, list(rewards)))
            self._open = None
        return learned

    def _take_up(self, kept: Proposal) -> None:
        """Make the strategy anew, as one that has proposed ``kept``."""
        self._open = OpenStage(kept.cells, kept.predictions)
        self._inner = self._make(self._spec, SearchHistory(self._closed, self._open))

    # -- a stage -----------------------------------------------------------------------------------

    def _within_time(self, proposal: Proposal) -> Proposal:
        available = self._time_for(proposal)
        ends_of = self._pace.forecast.ends

        def fits(kept: Proposal) -> bool:
            return max(ends_of(kept.cells), default=0.0) <= available

        is_first = not self._closed
        fewest = min(_FEWEST_TO_LEARN if is_first else 1, len(proposal.cells))
        kept = trimmed(proposal, fits, fewest)
        self._pace.note(
            "stage",
            proposed=len(proposal.cells),
            kept=len(kept.cells),
            available=available,
            predicted=self._pace.forecast.seconds_together(kept.cells),
        )
        return kept

    def _time_for(self, proposal: Proposal) -> float:
        """Return the seconds that the stage may take."""
        pace = self._pace
        left = pace.search_end - pace.elapsed
        if not pace.forecast.is_measured:
            # The workers have not loaded TensorFlow yet.
            left -= starting_seconds(pace.forecast)
        if len(self._closed) >= self._planned_stages():
            return left + pace.tolerance

        if not self._spec.ends_by_itself:
            left *= START_SHARE
        own = pace.forecast.seconds_together(proposal.cells)
        later = self._seconds_of_later_stages(max(len(cell) for cell in proposal.cells))
        return left * own / (own + later)

    def _planned_stages(self) -> int:
        """Return the number of stages before the rounds."""
        phases = self._phases()
        if not phases:
            return 0
        if isinstance(self._spec, RefinedSpec):
            return self._spec.growing_stages(self._pace.space)
        return self._pace.space.B if self._spec.is_progressive else 1

    def _seconds_of_later_stages(self, b: int) -> float:
        """Return the predicted seconds of the planned stages of cells of more than ``b`` blocks."""
        forecast = self._pace.forecast
        seconds = 0.0
        for phase in self._phases():
            if phase.b > b and phase.children is not None:
                one = forecast.typical_seconds(phase.b)
                seconds += one * max(1.0, phase.children / forecast.workers)
        return seconds

    def _phases(self) -> list[Any]:
        """Return the planned parts of the search whose number of children is known."""
        spec = replace(self._spec, confirm=0.0)
        phases = spec.phases(self._pace.space, self._pace.K)
        unlimited = replace(spec, max_children=None).phases(self._pace.space, self._pace.K)
        known = {phase.name for phase in unlimited if phase.children is not None}
        return [phase for phase in phases if phase.name in known]

    # -- the size of a round -----------------------------------------------------------------------

    def _size_round(self) -> None:
        """Ask for as many cells a round as keep the workers busy."""
        key = _round_key(self._pace.spec)
        if key is None or not self._closed or len(self._closed) < self._planned_stages():
            return
        size = self._round_size(getattr(self._pace.spec, key))
        if size != getattr(self._spec, key):
            changed: dict[str, Any] = {key: size}
            self._spec = replace(self._spec, **changed)
            self._inner = self._make(self._spec, SearchHistory(self._closed))

    def _round_size(self, asked: int) -> int:
        pace = self._pace
        workers = pace.forecast.workers
        one = pace.forecast.typical_seconds(pace.space.B)
        overhead = pace.round_overhead()
        repaid = math.ceil(overhead * workers / (_LARGEST_OVERHEAD * one))
        size = max(asked, workers, min(repaid, _MOST_TIMES_LARGER * asked))

        # A short rest would be a round of its own, for which everything is fitted again.
        left = pace.search_end + pace.tolerance - pace.elapsed
        fitting = int(workers * left / one)
        return fitting if size < fitting < size + asked / 2 else size


def _round_key(spec: SearchSpec) -> str | None:
    """Return the key of the number of children of a round; None if there are no rounds."""
    names = {each.name for each in fields(spec)}
    for key in ("refine", "batch"):
        if key in names:
            return key
    return None
