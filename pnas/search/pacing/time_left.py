"""`TimeLeft`: how long a search will still take, by the model of training time."""

from collections.abc import Sequence

from pnas.search.pacing.forecast import TrainingForecast
from pnas.search.pacing.pace import Pace
from pnas.search.strategies.search_spec import SearchSpec
from pnas.state_space import Cell, SlotSpace


class TimeLeft:
    """Predicts when a stage and a whole search end.

    Args:
        spec: Settings of the search.
        space: State space that is searched.
        K: Number of children of each growing stage after the first.
        forecast: Predicts how long children train.
        pace: Pace of a search that has a budget in seconds; None for one that has none.
    """

    def __init__(
        self,
        spec: SearchSpec,
        space: SlotSpace,
        K: int | None,
        forecast: TrainingForecast,
        pace: Pace | None = None,
    ) -> None:
        self._spec = spec
        self._space = space
        self._K = K
        self._forecast = forecast
        self._pace = pace

    def of_stage(self, missing: Sequence[Cell]) -> float | None:
        """Return the seconds until ``missing``, the rest of a stage, has been trained.

        Returns:
            None before a child was measured on this machine.
        """
        if not self._forecast.is_measured:
            return None
        return self._forecast.seconds_together(missing)

    def of_search(self, missing: Sequence[Cell], ended: int) -> float | None:
        """Return the seconds until the search ends; None if that cannot be told.

        Args:
            missing: Cells of the open stage that are still to be trained.
            ended: Number of children that have ended.
        """
        stage = self.of_stage(missing)
        if stage is None:
            return None
        if self._pace is not None:
            return max(0.0, self._pace.total - self._pace.elapsed)
        later = self._later_children(ended + len(missing))
        if later is None:
            return None
        one = self._forecast.typical_seconds(self._space.B)
        return stage + later * one / self._forecast.workers

    def _later_children(self, known: int) -> int | None:
        """Return how many children come after the open stage."""
        planned = self._spec.max_children
        if planned is None:
            phases = self._spec.phases(self._space, self._K)
            children = [phase.children for phase in phases]
            if any(each is None for each in children):
                return None
            planned = sum(each or 0 for each in children)
        return max(0, planned - known)
