"""`Arrivals`: what an asynchronous search knows, in the order in which it came to know it."""

from collections.abc import Sequence

from pnas.records import ChildRecord
from pnas.search.history import RewardPolicy
from pnas.search.strategies.base import ClosedStage, PendingCell, SearchHistory
from pnas.state_space import Cell


class Arrivals:
    """Results by arrival, and the cells that are in training.

    The stages that were proposed whole keep the order of their proposal. Every other child is a
    stage of its own: with one worker that is the history of a search whose stages have one child.

    Args:
        failed_reward: See `RewardPolicy`.
        whole: Children of each stage that was proposed whole.
        single: The other children, in the order in which they were chosen.
    """

    def __init__(
        self,
        failed_reward: str,
        whole: Sequence[Sequence[ChildRecord]],
        single: Sequence[ChildRecord],
    ) -> None:
        self._failed_reward = failed_reward
        self._whole = [list(stage) for stage in whole]
        self._pending = {child.key: child for child in single if child.ended_at is None}
        ended = [child for child in single if child.ended_at is not None]
        self._ended = sorted(ended, key=_arrival)
        self._read_all()

    @property
    def num_pending(self) -> int:
        """Number of children that were chosen and have not ended."""
        return len(self._pending) + len(self._awaited)

    @property
    def num_known(self) -> int:
        """Number of children that have ended."""
        in_whole_stages = sum(len(stage) for stage in self._whole)
        return in_whole_stages - len(self._awaited) + len(self._ended)

    @property
    def history(self) -> SearchHistory:
        """What a strategy chooses by."""
        pending = [PendingCell(child.cell, child.predicted) for child in self._pending.values()]
        return SearchHistory(self._closed, pending=pending, awaited=self._awaited)

    def add(self, child: ChildRecord) -> None:
        """Take up a child that was chosen."""
        self._pending[child.key] = child

    def end(self, child: ChildRecord) -> None:
        """Take up a child that has ended."""
        if self._pending.pop(child.key, None) is None:
            self._end_of_whole(child)
            return
        self._ended.append(child)
        self._closed.append(self._single_stage(child))

    def _end_of_whole(self, child: ChildRecord) -> None:
        for stage in self._whole:
            for place, former in enumerate(stage):
                if former.key == child.key:
                    stage[place] = child
        # A reward that failed children count as may be another one now.
        self._read_all()

    def _read_all(self) -> None:
        self._policy = RewardPolicy(self._failed_reward)
        self._closed: list[ClosedStage] = []
        self._awaited: list[Cell] = []
        for stage in self._whole:
            cells = [child.cell for child in stage]
            self._closed.append(ClosedStage(cells, self._policy.rewards(stage)))
            self._awaited.extend(child.cell for child in stage if child.ended_at is None)
        self._closed.extend(self._single_stage(child) for child in self._ended)

    def _single_stage(self, child: ChildRecord) -> ClosedStage:
        return ClosedStage([child.cell], self._policy.rewards([child]))


def _arrival(child: ChildRecord) -> float:
    return child.ended_at or 0.0
