"""`PacedBudget`: a budget in seconds that looks ahead to the predicted end of each child."""

from collections import Counter
from collections.abc import Sequence

from pnas.records import ChildJob, ChildRecord, Journal
from pnas.records.cell_trainings import has_ended_short, has_ended_whole, short_epochs
from pnas.search.budget import Budget, CountsChild, every_child, seconds_limit
from pnas.search.pacing.pace import FEWEST_OF_ROUND, Pace
from pnas.search.pacing.timed_ladder import FEWEST_WHOLE

FEWEST_TO_LEARN = 4
"""Cells of a first stage, also where there seems to be no time for them: a predictor needs some."""


class PacedBudget(Budget):
    """A budget under which no child is begun that is predicted to end too late.

    Args:
        pace: Clock and predictions.
        journal: Journal of the search.
        confirms: Whether it is the budget of the confirmation, which may take all time that is
            left; that of the search itself leaves time for it.
        epochs, share, counts: See `Budget`.
    """

    def __init__(
        self,
        pace: Pace,
        journal: Journal,
        confirms: bool,
        epochs: float = 1.0,
        share: float = 1.0,
        counts: CountsChild = every_child,
    ) -> None:
        self._pace = pace
        self._confirms = confirms
        self._is_late = False
        self._is_rung_over = False
        # The limit of time is judged here; the other limits are those of any search.
        others = pace.spec_of_counts
        super().__init__(others, journal, epochs, share=share, counts=counts)

    def recount(self) -> None:
        """See `Budget.recount`."""
        self._ended_short: Counter[int] = Counter()
        self._ended_whole = 0
        super().recount()

    def count(self, child: ChildRecord) -> None:
        """See `Budget.count`."""
        super().count(child)
        epochs = short_epochs(child.key)
        if epochs is not None and has_ended_short(child):
            self._ended_short[epochs] += 1
        self._ended_whole += has_ended_whole(child)

    def has_time(self) -> bool:
        """Whether anything may be started now, however short it is.

        Where something was left out, such as a measurement, no later child is begun without it.
        """
        if self._pace.elapsed >= self._end:
            self._is_late = True
        return not self._is_late

    def has_time_for(self, job: ChildJob) -> bool:
        """Whether the child of ``job`` is predicted to end in time if it begins now."""
        if self._confirms:
            seconds = self._pace.forecast.seconds(job.cell)
        else:
            seconds = self._pace.ladder.seconds(job.cell, job.epochs)
        if not self._pace.fits(seconds, self._end_of(job.epochs)):
            if job.epochs is None:
                self._is_late = True
            else:
                self._is_rung_over = True
        return not (self._is_late or self._is_rung_over)

    def may_end_rung(self, children: Sequence[ChildRecord]) -> bool:
        """Whether the time of a rung is over, and there is some left for the best of its cells."""
        ended = [child for child in children if has_ended_short(child)]
        if not self._is_rung_over or len(ended) < FEWEST_OF_ROUND:
            return False
        if not self._has_room(short_epochs(ended[0].key)):
            return False
        self._is_rung_over = False
        return True

    def limit_reached(self, of_training: float = 1.0) -> str | None:
        """See `Budget.limit_reached`."""
        is_over = self._is_late or self._is_rung_over
        if is_over or not self._has_room(self._last_rung()):
            return seconds_limit(self._pace.spec)
        return super().limit_reached(of_training)

    def _has_room(self, rung: int | None) -> bool:
        """Whether there is time for another whole training, after the rung of ``rung`` epochs."""
        if self._confirms:
            seconds = self._pace.forecast.typical_seconds(self._pace.space.B)
        else:
            seconds = self._pace.least_ahead(rung)
        return self._pace.has_room(self._end, seconds)

    def _last_rung(self) -> int | None:
        """Return the epochs of the last stage, if it was one of short trainings."""
        stages = self._journal.stages()
        if not stages:
            return None
        children = self._journal.children(stages[-1].b)
        # Where all have failed the next stage begins on the lowest rung.
        if not any(has_ended_short(child) for child in children):
            return None
        return short_epochs(children[0].key)

    def _end_of(self, epochs: int | None) -> float:
        """Return when a training for ``epochs`` epochs, or a whole one, should have ended."""
        if epochs is None:
            return self._end
        fewest = FEWEST_TO_LEARN if epochs == self._pace.ladder.lowest else FEWEST_WHOLE
        if self._ended_short[epochs] < fewest:
            return self._end
        return self._pace.rung_end(epochs, is_first=not self._ended_whole)

    @property
    def _end(self) -> float:
        return self._pace.last_end if self._confirms else self._pace.search_end
