"""`FurtherTrainings`: what strategies share that train cells again which a search has trained."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pnas.records import ChildRecord
from pnas.records.cell_trainings import CellTrainings, is_repeated, repeat_of
from pnas.search.strategies.base import Proposal, Reward, SearchHistory
from pnas.state_space import Cell

Room = Callable[[Sequence[Cell]], int]
"""Returns how many further trainings of some cells there is time for."""


@dataclass(frozen=True)
class SearchedCell:
    """A cell of the search before its confirmation.

    Attributes:
        cell: The cell.
        rewards: Rewards of its trainings so far.
        attempts: Number of its last training so far, failed ones included.
    """

    cell: Cell
    rewards: Sequence[float]
    attempts: int = 1

    @classmethod
    def before(cls, trainings: CellTrainings, stage: int) -> "SearchedCell":
        """Return a cell with its trainings up to ``stage``."""
        children = [child for child in trainings.children if child.b <= stage]
        rewards = [child.reward for child in children if child.reward is not None]
        # Of a round that was abandoned the later training of a cell may be there alone.
        attempts = max(repeat_of(child.key) for child in children)
        return cls(trainings.cell, rewards, attempts)


def is_confirmation_stage(children: Sequence[ChildRecord]) -> bool:
    """Whether a stage with these children is a round of further trainings."""
    return any(is_repeated(child) for child in children)


class FurtherTrainings(ABC):
    """A strategy whose stages are rounds of further trainings.

    Args:
        cells: The cells that may be trained again.
        trainings: Number of further trainings.
    """

    def __init__(self, cells: Sequence[SearchedCell], trainings: int) -> None:
        self.left = trainings
        self.rewards = {each.cell: list(each.rewards) for each in cells}
        self._attempts = {each.cell: each.attempts for each in cells}
        self._open: list[Cell] = []

    @abstractmethod
    def next_round(self) -> list[Cell]:
        """Return the cells of the coming round, one as often as it is trained; none at the end."""

    @abstractmethod
    def is_over(self) -> bool:
        """See `pnas.search.Strategy.is_over`."""

    def end_round(self) -> None:  # noqa: B027 - not every strategy has something to do
        """Called when all rewards of a round are known."""

    def ask(self) -> Proposal | None:
        """See `pnas.search.Strategy.ask`."""
        cells = self.next_round()
        if not cells:
            return None
        return Proposal.unscored(cells, repeats=self._begin(cells))

    def tell(self, rewards: Sequence[Reward]) -> dict[str, Any] | None:
        """See `pnas.search.Strategy.tell`. Nothing is learned that a stage could show."""
        for cell, reward in zip(self._open, rewards, strict=True):
            if reward is not None:
                self.rewards[cell].append(reward)
        self._open = []
        self.end_round()
        return None

    def replay(self, history: SearchHistory) -> None:
        """Repeat the rounds that were trained already."""
        for stage in history.closed:
            self._begin(stage.cells)
            self.tell(stage.rewards)
        if history.open is not None:
            self._begin(history.open.cells)

    def _begin(self, cells: Sequence[Cell]) -> list[int]:
        """Begin a round; returns the number that each training is of its cell."""
        self._open = list(cells)
        self.left -= len(cells)
        numbers = []
        for cell in cells:
            self._attempts[cell] += 1
            numbers.append(self._attempts[cell])
        return numbers
