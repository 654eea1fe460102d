"""`OpenStages`: the stages of a journal that the children of an asynchronous search are put into.

A stage is what is chosen one after the other: as many children as a round has, or as there are
workers, so that a report of it can be read and its predictions be compared with rewards. It is
closed when all of its children, and those of the stages before it, have ended.
"""

from collections.abc import Iterator, Sequence

from pnas.records import ChildRecord
from pnas.search.training_stage import TrainingStage


class OpenStages:
    """The stages that are not closed yet, in order.

    Args:
        stages: Those that are open already.
        size: Number of children of a stage that is full.
        last_is_full: Whether no child is added to the last of ``stages`` any more.

    Attributes:
        stages: The open stages.
        size: Number of children of a stage that is full.
    """

    def __init__(self, stages: Sequence[TrainingStage], size: int, last_is_full: bool) -> None:
        self.stages = list(stages)
        self.size = size
        self._last_is_full = last_is_full

    def widen(self, workers: int) -> None:
        """Let a stage have as many children as there are workers, at least."""
        self.size = max(self.size, workers)

    def room(self) -> int:
        """Return how many children may be added to the last stage; 0 if another is to be opened."""
        if not self.stages or self._last_is_full:
            return 0
        return max(0, self.size - len(self.stages[-1].children))

    def put(self, number: int, children: Sequence[ChildRecord]) -> None:
        """Take ``children`` as all those of stage ``number``, the last one or one after it."""
        if self.stages and self.stages[-1].number == number:
            self.stages.pop()
        self.stages.append(TrainingStage(number, children))
        self._last_is_full = False

    def stage_of(self, child: ChildRecord) -> TrainingStage:
        """Return the open stage of ``child``."""
        return next(stage for stage in self.stages if stage.number == child.b)

    def planned_size(self, stage: TrainingStage) -> int:
        """Return the number of children that ``stage`` has, or is going to have."""
        size = len(stage.children)
        return size + self.room() if stage is self.stages[-1] else size

    def pop_ended(self, is_over: bool = False) -> Iterator[TrainingStage]:
        """Yield the stages that can be closed, in order; they are open no longer.

        Args:
            is_over: Whether no child is added to any stage any more.
        """
        while self.stages:
            first = self.stages[0]
            is_full = len(self.stages) > 1 or self.room() == 0 or is_over
            if first.is_cut_short or not is_full:
                return
            self.stages.pop(0)
            yield first
