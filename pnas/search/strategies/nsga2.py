"""Survival by rank and crowding: the selection of NSGA-II (Deb et al., 2002, section III.C)."""

from collections.abc import Sequence

from pnas.objectives import REWARD
from pnas.objectives.dominance import best_first
from pnas.search.objective_source import ObjectiveSource
from pnas.search.strategies.base import ClosedStage
from pnas.search.strategies.stage_history import rewarded
from pnas.state_space import Cell


class Population:
    """The cells that are alive after each stage.

    After each stage the best of the former population and the stage's children survive: all of
    rank 0, then all of rank 1, and so on; of the rank that does not fit, the least crowded. What
    stages have led to is kept, since a search asks after each of them.

    Args:
        source: Where the objectives have their values from.
        size: Number of survivors.
    """

    def __init__(self, source: ObjectiveSource, size: int) -> None:
        self._source = source
        self._size = size
        self._stages: list[ClosedStage] = []
        self._alive: list[tuple[Cell, float]] = []

    def after(self, stages: Sequence[ClosedStage]) -> list[tuple[Cell, float]]:
        """Return the population after the last of ``stages``, best first.

        Returns:
            Cells, each with a number that is higher for a better one.
        """
        known = len(self._stages)
        if list(stages[:known]) != self._stages:
            known = 0
            self._alive = []
        for stage in stages[known:]:
            self._alive = self._survivors([*self._alive, *rewarded(stage)])
        self._stages = list(stages)
        return [(cell, -float(place)) for place, (cell, _) in enumerate(self._alive)]

    def _survivors(self, cells: Sequence[tuple[Cell, float]]) -> list[tuple[Cell, float]]:
        outcomes = self._source.outcomes(cells)
        order = best_first(outcomes.points)[: self._size]
        rewards = outcomes.column(REWARD)
        return [(outcomes.cells[row], rewards[row]) for row in order]
