"""`Confirmation`: trains the most promising cells of a search again until one is known best."""

from collections.abc import Sequence
from itertools import compress

from pnas.records.cell_trainings import are_alike
from pnas.records.reward_model import fit_reward_model, probabilities_best
from pnas.search.confirmation.further_trainings import FurtherTrainings, Room, SearchedCell
from pnas.search.confirmation.halving import num_finalists, round_sizes, trainings_each
from pnas.search.strategies.base import SearchHistory
from pnas.seeds import derive_seed
from pnas.state_space import Cell


class Confirmation(FurtherTrainings):
    """Each stage is a round of successive halving (`pnas.search.confirmation.halving`).

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
        room: Room | None = None,
    ) -> None:
        count = num_finalists(trainings, len(searched))
        super().__init__(searched[:count], trainings)
        self._room = room
        self._confidence = confidence
        self._seed = seed
        self._sizes = round_sizes(count) if count else []
        self._finalists = [each.cell for each in searched[:count]]
        self._alive = list(self._finalists)
        is_finalist = [place < count for place in range(len(searched))]
        is_alike = are_alike([len(each.cell) for each in searched], is_finalist)
        others = compress(searched[count:], is_alike[count:])
        self._others = [list(each.rewards) for each in others]
        self.replay(history)

    def next_round(self) -> list[Cell]:
        """See `FurtherTrainings.next_round`.

        One training of each cell comes after the other, so that a budget which ends a round early
        is spread evenly.
        """
        if self.is_over():
            return []
        return self._alive * self._trainings_each()

    def is_over(self) -> bool:
        """See `pnas.search.Strategy.is_over`."""
        return not self._sizes or self._is_confident()

    def end_round(self) -> None:
        """Keep the better half of the cells."""
        self._sizes = self._sizes[1:]
        if self._sizes:
            ranked = sorted(self._alive, key=self._mean, reverse=True)
            self._alive = ranked[: self._sizes[0]]

    def _trainings_each(self) -> int:
        """Return how often each cell of the coming round is trained."""
        if self._room is None:
            return trainings_each(self.left, self._sizes)
        left = self._room(self._alive)
        # Where time is short the coming round is the last one.
        return trainings_each(left, self._sizes) or trainings_each(left, self._sizes[:1])

    def _mean(self, cell: Cell) -> float:
        rewards = self.rewards[cell]
        return sum(rewards) / len(rewards)

    def _is_confident(self) -> bool:
        finalists = [self.rewards[cell] for cell in self._finalists]
        model = fit_reward_model([*finalists, *self._others])
        if model is None:  # no cell was trained twice yet
            return False
        seed = derive_seed(self._seed, "confirmation")
        return float(probabilities_best(finalists, model, seed).max()) >= self._confidence
