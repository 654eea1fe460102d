"""`FrontConfirmation`: trains the cells again that may or may not belong to the front.

The front of noisy rewards is partly luck: its cells are those whose trainings went well. In each of
a few rounds the cells are trained once more whose membership is most uncertain, by the posterior
of all trainings so far (`pnas.records.front_membership`); the first round goes by the predictor,
since nothing is known of the noise before a cell was trained twice. The cell of the highest
expected reward, which is named the winner, is trained again in any case, however certain its place
on the front. The rounds end early when every cell is on the front, or not, with the probability
``search.confidence``.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from pnas.objectives import ObjectiveSet
from pnas.objectives.dominance import Points
from pnas.records.front_membership import membership
from pnas.records.reward_model import RewardModel, fit_reward_model
from pnas.search.confirmation.further_trainings import FurtherTrainings, Room, SearchedCell
from pnas.search.strategies.base import SearchHistory
from pnas.seeds import derive_seed
from pnas.state_space import Cell

_ROUNDS = 4
"""Rounds that the trainings are divided among."""


class FrontConfirmation(FurtherTrainings):
    """Each stage is a round of further trainings.

    Args:
        searched: All cells of the search that have a reward, the most uncertain first.
        objectives: The objectives of the search.
        values: Values of each objective by cell; rewards are not read.
        trainings: Number of further trainings.
        confidence: Probability from which it is known whether a cell is on the front.
        seed: Seed of the search.
        history: The rounds that were trained already.
        room: Returns how many further trainings of some cells there is time for; None where
            time is no limit.
    """

    def __init__(
        self,
        searched: Sequence[SearchedCell],
        objectives: ObjectiveSet,
        values: Mapping[Cell, Mapping[str, float]],
        trainings: int,
        confidence: float,
        seed: int,
        history: SearchHistory = SearchHistory(),  # noqa: B008 - frozen
        room: Room | None = None,
    ) -> None:
        super().__init__(searched, trainings)
        self._cells = [each.cell for each in searched if each.cell in values]
        self._objectives = objectives
        self._values = [values[cell] for cell in self._cells]
        self._size = max(1, -(-trainings // _ROUNDS))
        self._confidence = confidence
        self._seed = seed
        self._room = room
        self.replay(history)

    def next_round(self) -> list[Cell]:
        """See `FurtherTrainings.next_round`."""
        cells = [*self._leader_trained_once(), *self._most_uncertain()]
        cells = list(dict.fromkeys(cells))[: self._size]
        left = self.left if self._room is None else self._room(cells)
        return cells[: max(left, 0)]

    def is_over(self) -> bool:
        """See `pnas.search.Strategy.is_over`."""
        return not self.next_round()

    def _leader_trained_once(self) -> list[Cell]:
        """Return the cell of the highest expected reward, unless it was trained again."""
        if not self._cells:
            return []
        model = self._model()

        def expected(cell: Cell) -> float:
            rewards = self.rewards[cell]
            return max(rewards) if model is None else model.expected(rewards)

        leader = max(self._cells, key=expected)
        return [leader] if self._attempts[leader] == 1 else []

    def _most_uncertain(self) -> list[Cell]:
        """Return the cells of uncertain membership, the most uncertain first."""
        model = self._model()
        if model is None:  # no cell was trained twice yet
            return self._cells
        probabilities = self._membership(model)
        distance = np.abs(probabilities - 0.5)
        uncertain = []
        for row in np.argsort(distance, kind="stable").tolist():
            if distance[row] < self._confidence - 0.5:
                uncertain.append(self._cells[row])
        return uncertain

    def _model(self) -> RewardModel | None:
        return fit_reward_model([self.rewards[cell] for cell in self._cells])

    def _membership(self, model: RewardModel) -> Points:
        rewards = [self.rewards[cell] for cell in self._cells]
        expected = np.asarray([model.expected(each) for each in rewards])
        deviations = np.asarray([model.deviation_among_cells(each) for each in rewards])
        seed = derive_seed(self._seed, "front confirmation")
        return membership(self._objectives, self._values, expected, deviations, seed)
