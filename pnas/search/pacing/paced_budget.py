"""`PacedBudget`: a budget in seconds that looks ahead to the predicted end of each child."""

from pnas.records import Journal
from pnas.search.budget import Budget, CountsChild, every_child, seconds_limit
from pnas.search.pacing.pace import Pace
from pnas.state_space import Cell


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
        # The limit of time is judged here; the other limits are those of any search.
        others = pace.spec_of_counts
        super().__init__(others, journal, epochs, share=share, counts=counts)
        self._pace = pace
        self._confirms = confirms
        self._is_late = False

    def has_time_for(self, cell: Cell) -> bool:
        """Whether a child of ``cell`` is predicted to end in time if it begins now."""
        if not self._pace.fits(cell, self._end):
            self._is_late = True
        return not self._is_late

    def limit_reached(self, of_training: float = 1.0) -> str | None:
        """See `Budget.limit_reached`."""
        if self._is_late or not self._pace.has_room(self._end):
            return seconds_limit(self._pace.spec)
        return super().limit_reached(of_training)

    @property
    def _end(self) -> float:
        return self._pace.last_end if self._confirms else self._pace.search_end
