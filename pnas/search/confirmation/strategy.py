"""`Confirmation`: trains the most promising cells of a search again until one is known best."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pnas.records.cell_trainings import CellTrainings
from pnas.records.reward_model import fit_reward_model, probabilities_best
from pnas.search.confirmation.halving import num_finalists, round_sizes, trainings_each
from pnas.search.strategies.base import Proposal, Reward, SearchHistory
from pnas.seeds import derive_seed
from pnas.state_space import Cell


@dataclass(frozen=True)
class SearchedCell:
    """A cell of the search before its confirmation.

    Attributes:
        cell: The cell.
        rewards: Rewards of its trainings so far.
        attempts: Number of its trainings so far, failed ones included.
    """

    cell: Cell
    rewards: Sequence[float]
    attempts: int = 1

    @classmethod
    def before(cls, trainings: CellTrainings, stage: int) -> "SearchedCell":
        """Return a cell with its trainings up to ``stage``."""
        children = [child for child in trainings.children if child.b <= stage]
        rewards = [child.reward for child in children if child.reward is not None]
        return cls(trainings.cell, rewards, attempts=len(children))


class Confirmation:
    """A strategy: each stage is a round of successive halving (`pnas.search.confirmation.halving`).

    Args:
        searched: All cells of the search that have a reward, most promising first. The first of
            them are the finalists.
        trainings: Number of further trainings.
        confidence: Probability of being the best of the finalists at which the rounds end early.
        seed: Seed of the search.
        history: The rounds that were trained already.
        room: Returns how many further trainings of some cells there is time for; None where
            time is no limit.
    """

    def __init__(
        self,
        searched: Sequence[SearchedCell],
        trainings: int,
        confidence: float,
        seed: int,
        history: SearchHistory = SearchHistory(),  # noqa: B008 - frozen
        room: Callable[[Sequence[Cell]], int] | None = None,
    ) -> None:
        self._left = trainings
        self._room = room
        self._confidence = confidence
        self._seed = seed
        count = num_finalists(trainings, len(searched))
        self._sizes = round_sizes(count) if count else []
        self._finalists = [each.cell for each in searched[:count]]
        self._alive = list(self._finalists)
        self._others = [list(each.rewards) for each in searched[count:]]
        self._rewards = {each.cell: list(each.rewards) for each in searched[:count]}
        self._attempts = {each.cell: each.attempts for each in searched[:count]}
        self._open: list[Cell] = []
        for stage in history.closed:
            self._begin(stage.cells)
            self._learn(stage.rewards)
        if history.open is not None:
            self._begin(history.open.cells)

    def ask(self) -> Proposal | None:
        """See `pnas.search.Strategy.ask`."""
        if self.is_over():
            return None
        each = self._trainings_each()
        if not each:
            return None
        cells: list[Cell] = []
        repeats: list[int] = []
        # One training of each after the other: a budget that ends a round early is spread evenly.
        for training in range(1, each + 1):
            cells.extend(self._alive)
            repeats.extend(self._attempts[cell] + training for cell in self._alive)
        self._begin(cells)
        return Proposal(
            cells=cells,
            predictions=None,
            candidates_scored=0,
            unique_candidates=len(self._alive),
            seconds=0.0,
            repeats=repeats,
        )

    def is_over(self) -> bool:
        """See `pnas.search.Strategy.is_over`."""
        return not self._sizes or self._is_confident()

    def tell(self, rewards: Sequence[Reward]) -> dict[str, Any] | None:
        """See `pnas.search.Strategy.tell`. Nothing is learned that a stage could show."""
        self._learn(rewards)
        return None

    def _trainings_each(self) -> int:
        """Return how often each cell of the coming round is trained."""
        if self._room is None:
            return trainings_each(self._left, self._sizes)
        left = self._room(self._alive)
        # Where time is short the coming round is the last one.
        return trainings_each(left, self._sizes) or trainings_each(left, self._sizes[:1])

    def _begin(self, cells: Sequence[Cell]) -> None:
        self._open = list(cells)
        self._left -= len(cells)
        for cell in cells:
            self._attempts[cell] += 1

    def _learn(self, rewards: Sequence[Reward]) -> None:
        for cell, reward in zip(self._open, rewards, strict=True):
            if reward is not None:
                self._rewards[cell].append(reward)
        self._open = []
        self._sizes = self._sizes[1:]
        if self._sizes:
            ranked = sorted(self._alive, key=self._mean, reverse=True)
            self._alive = ranked[: self._sizes[0]]

    def _mean(self, cell: Cell) -> float:
        rewards = self._rewards[cell]
        return sum(rewards) / len(rewards)

    def _is_confident(self) -> bool:
        finalists = [self._rewards[cell] for cell in self._finalists]
        model = fit_reward_model([*finalists, *self._others])
        if model is None:  # no cell was trained twice yet
            return False
        seed = derive_seed(self._seed, "confirmation")
        return float(probabilities_best(finalists, model, seed).max()) >= self._confidence
