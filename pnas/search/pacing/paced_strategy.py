"""`PacedStrategy`: another strategy, whose stages are as large as there is time for.

What it decides is the stage itself, which the journal holds before anything depends on it: a search
that goes on after a kill takes the stages as they were chosen, whatever the clock says by then.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

from pnas.search.pacing.least_time import starting_seconds
from pnas.search.pacing.pace import START_SHARE, Pace
from pnas.search.pacing.paced_budget import FEWEST_TO_LEARN
from pnas.search.pacing.stage_trimming import trimmed
from pnas.search.pacing.timed_ladder import FEWEST_WHOLE, TimedLadder
from pnas.search.rungs.cell_group import continues, gather_groups
from pnas.search.rungs.strategy import RungStrategy
from pnas.search.short_training import Signals
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

_LARGEST_OVERHEAD = 0.25
"""Share of a round's training time that fitting and scoring may take, before rounds are larger."""

_MOST_TIMES_LARGER = 4
"""Factor by which a round may be larger than asked for, because fitting and scoring take long."""


class PacedStrategy:
    """Proposes what ``make`` proposes, as far as there is time for it.

    With ``search.rungs`` the stages of one group of cells, from their short trainings to the whole
    ones, share the time that one stage has without them.

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
            self._open = OpenStage(kept.cells, kept.predictions, kept.epochs)
        return kept

    def is_over(self) -> bool:
        """See `pnas.search.Strategy.is_over`."""
        return self._inner.is_over()

    def tell(self, rewards: Sequence[Reward]) -> dict[str, Any] | None:
        """See `pnas.search.Strategy.tell`."""
        learned = self._inner.tell(rewards)
        self._close(rewards, None)
        return learned

    def tell_short(
        self, signals: Sequence[Signals | None], rewards: Sequence[Reward]
    ) -> dict[str, Any] | None:
        """See `pnas.search.rungs.strategy.RungStrategy.tell_short`."""
        assert isinstance(self._inner, RungStrategy)
        learned = self._inner.tell_short(signals, rewards)
        self._close(rewards, signals)
        return learned

    def _close(self, rewards: Sequence[Reward], signals: Sequence[Signals | None] | None) -> None:
        if self._open is None:
            return
        stage = ClosedStage(
            self._open.cells, list(rewards), self._open.predictions, self._open.epochs, signals
        )
        self._closed.append(stage)
        self._open = None

    def _take_up(self, kept: Proposal) -> None:
        """Make the strategy anew, as one that has proposed ``kept``."""
        self._open = OpenStage(kept.cells, kept.predictions, kept.epochs)
        self._inner = self._make(self._spec, SearchHistory(self._closed, self._open))

    # -- a stage -----------------------------------------------------------------------------------

    def _within_time(self, proposal: Proposal) -> Proposal:
        groups = gather_groups(self._closed)
        ladder = self._ladder()
        begun: Sequence[ClosedStage] = ()
        if groups and continues(groups[-1], proposal.cells):
            begun = groups.pop().stages
        is_first = not groups

        def seconds(kept: Proposal) -> float:
            return ladder.group_seconds(kept.cells, kept.epochs, is_first)

        spent = ladder.spent_seconds(begun)
        available = self._time_for(proposal, len(groups), spent, seconds(proposal))
        fewest = 1
        if is_first:
            fewest = FEWEST_WHOLE if begun else FEWEST_TO_LEARN
        kept = trimmed(
            proposal,
            fits=lambda kept: seconds(kept) <= available,
            fewest=min(fewest, len(proposal.cells)),
            is_ranked=bool(begun),
        )
        promotions = ladder.promotions(len(kept.cells), kept.epochs)
        kept = replace(kept, promotions=promotions)
        trained_epochs = ladder.trained_epochs(kept.epochs)
        self._pace.note(
            "stage",
            proposed=len(proposal.cells),
            kept=len(kept.cells),
            epochs=trained_epochs,
            available=available,
            predicted=self._pace.forecast.seconds_together(kept.cells, trained_epochs),
            with_later_rungs=seconds(kept),
        )
        return kept

    def _ladder(self) -> TimedLadder:
        """Return the rungs that have not turned out to tell too little."""
        if isinstance(self._inner, RungStrategy):
            return self._pace.ladder.without(self._inner.dropped)
        return self._pace.ladder

    def _time_for(self, proposal: Proposal, groups: int, spent: float, own: float) -> float:
        """Return the seconds that a stage and its later rungs may take.

        Args:
            proposal: The stage.
            groups: Number of groups of cells before the one that it belongs to.
            spent: Predicted seconds of the earlier rungs of its group.
            own: Predicted seconds of all of the stage and its later rungs.
        """
        pace = self._pace
        left = pace.search_end - pace.elapsed
        if not pace.forecast.is_measured:
            # The workers have not loaded TensorFlow yet.
            left -= starting_seconds(pace.forecast)
        if groups >= self._planned_stages():
            return left + pace.tolerance

        # The time of the whole group, of which its earlier rungs have taken a part.
        total = left + spent
        if not self._spec.ends_by_itself:
            total *= START_SHARE
        later = self._seconds_of_later_stages(max(len(cell) for cell in proposal.cells))
        of_group = spent + own
        return total * of_group / (of_group + later) - spent

    def _planned_stages(self) -> int:
        """Return the number of stages before the rounds, the rungs of a group being one."""
        phases = self._phases()
        if not phases:
            return 0
        if isinstance(self._spec, RefinedSpec):
            return self._spec.growing_stages(self._pace.space)
        return self._pace.space.B if self._spec.is_progressive else 1

    def _seconds_of_later_stages(self, b: int) -> float:
        """Return the predicted seconds of the planned stages of cells of more than ``b`` blocks."""
        workers = self._pace.forecast.workers
        ladder = self._ladder()
        seconds = 0.0
        for phase in self._phases():
            if phase.b > b and phase.children:
                one = ladder.cost_of_cell(phase.b, phase.children)
                seconds += one * max(1.0, phase.children / workers)
        return seconds

    def _phases(self) -> list[Any]:
        """Return the planned parts of the search whose number of children is known."""
        spec = replace(self._spec, confirm=0.0, rungs=[])
        K = self._pace.K
        if self._pace.ladder.short and K is not None:
            K *= self._ladder().width
        phases = spec.phases(self._pace.space, K)
        unlimited = replace(spec, max_children=None).phases(self._pace.space, K)
        known = {phase.name for phase in unlimited if phase.children is not None}
        return [phase for phase in phases if phase.name in known]

    # -- the size of a round -----------------------------------------------------------------------

    def _size_round(self) -> None:
        """Ask for as many cells a round as keep the workers busy."""
        key = _round_key(self._pace.spec)
        groups = gather_groups(self._closed)
        if key is None or not groups or not groups[-1].is_complete:
            return
        if len(groups) < self._planned_stages():
            return
        ladder = self._ladder()
        asked = self._pace.spec
        if ladder.short:
            asked = asked.widened(ladder.width)
        size = self._round_size(getattr(asked, key), ladder)
        if size != getattr(self._spec, key):
            changed: dict[str, Any] = {key: size}
            self._spec = replace(self._spec, **changed)
            self._inner = self._make(self._spec, SearchHistory(self._closed))

    def _round_size(self, asked: int, ladder: TimedLadder) -> int:
        """Return the number of cells of a round, on its lowest rung if there are rungs."""
        pace = self._pace
        workers = pace.forecast.workers
        one = ladder.cost_of_cell(pace.space.B, asked)
        overhead = pace.round_overhead()
        repaid = math.ceil(overhead * workers / (_LARGEST_OVERHEAD * one))
        busy = workers * ladder.width
        size = max(asked, busy, min(repaid, _MOST_TIMES_LARGER * asked))

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
