"""`TimeLeft`: how long a search will still take, by the model of training time."""

from collections.abc import Mapping, Sequence

from pnas.records import ChildRecord, Status
from pnas.records.cell_trainings import epochs_of, is_repeated, short_epochs
from pnas.search.pacing.forecast import TrainingForecast
from pnas.search.pacing.pace import Pace
from pnas.search.pacing.timed_ladder import TimedLadder
from pnas.search.strategies.search_spec import SearchSpec
from pnas.state_space import SlotSpace


class TimeLeft:
    """Predicts when a stage and a whole search end.

    Args:
        spec: Settings of the search.
        space: State space that is searched.
        K: Number of children of each growing stage after the first.
        forecast: Predicts how long children train.
        pace: Pace of a search that has a budget in seconds; None for one that has none.
        kept_epochs: Number of epochs that each rung keeps for longer trainings, by its epochs.
    """

    def __init__(
        self,
        spec: SearchSpec,
        space: SlotSpace,
        K: int | None,
        forecast: TrainingForecast,
        pace: Pace | None = None,
        kept_epochs: Mapping[int, int] | None = None,
    ) -> None:
        self._spec = spec
        self._space = space
        self._K = K
        self._forecast = forecast
        self._pace = pace
        self._ladder = TimedLadder.of(spec.rungs, forecast, space.B, kept_epochs)

    def of_stage(self, missing: Sequence[ChildRecord]) -> float | None:
        """Return the seconds until ``missing``, the rest of a stage, has been trained.

        Returns:
            None before a child was measured on this machine.
        """
        if not self._forecast.is_measured:
            return None
        if not missing:
            return 0.0
        cells = [child.cell for child in missing]
        # All children of a stage are trained for as many epochs.
        return self._forecast.seconds_together(cells, self._epochs(missing[0]))

    def of_search(
        self, missing: Sequence[ChildRecord], ended: Sequence[ChildRecord]
    ) -> float | None:
        """Return the seconds until the search ends; None if that cannot be told.

        Args:
            missing: Children of the open stage that are still to be trained.
            ended: Children that have ended.
        """
        stage = self.of_stage(missing)
        if stage is None:
            return None
        if self._pace is not None:
            return max(0.0, self._pace.total - self._pace.elapsed)
        later = self._later_trainings(self._trainings([*ended, *missing]))
        if later is None:
            return None
        one = self._forecast.typical_seconds(self._space.B)
        return stage + later * one / self._forecast.workers

    def _trainings(self, children: Sequence[ChildRecord]) -> float:
        """Return how many whole trainings ``children`` are."""
        if not self._spec.rungs and not self._spec.early_stop:
            # Asked for after each child: a look at all of them would be quadratic.
            return len(children)
        return sum(self._epochs(child) for child in children) / self._ladder.full

    def _epochs(self, child: ChildRecord) -> float:
        """Return for how many epochs ``child`` is trained."""
        if child.status is Status.STOPPED:
            return epochs_of(child.metrics)
        if is_repeated(child):
            return self._ladder.full
        return self._ladder.trained_epochs(short_epochs(child.key))

    def _later_trainings(self, known: float) -> float | None:
        """Return how many whole trainings come after the open stage."""
        planned: float | None = self._spec.max_children
        if planned is None:
            kept_epochs = self._ladder.kept_epochs.values()
            kept = [epochs / self._ladder.full for epochs in kept_epochs]
            phases = self._spec.phases(self._space, self._K, kept=kept)
            if any(phase.children is None for phase in phases):
                return None
            planned = sum(phase.trainings for phase in phases)
        return max(0.0, planned - known)
