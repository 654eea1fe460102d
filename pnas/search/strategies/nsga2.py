"""Survival by rank and crowding: the selection of NSGA-II (Deb et al., 2002, section III.C)."""

from collections.abc import Sequence

from pnas.objectives import REWARD
from pnas.objectives.dominance import best_first
from pnas.search.objective_source import ObjectiveSource
from pnas.state_space import Cell

RewardedCells = Sequence[tuple[Cell, float]]


def survivors(
    source: ObjectiveSource, stages: Sequence[RewardedCells], population: int
) -> list[tuple[Cell, float]]:
    """Return the population after the last of ``stages``, best first.

    After each stage the best of the former population and the stage's children survive: all of
    rank 0, then all of rank 1, and so on; of the rank that does not fit, the least crowded.

    Args:
        source: Where the objectives have their values from.
        stages: The cells that have a reward, with it, by stage.
        population: Number of survivors.

    Returns:
        Cells, each with a number that is higher for a better one.
    """
    alive: list[tuple[Cell, float]] = []
    for stage in stages:
        outcomes = source.outcomes([*alive, *stage])
        order = best_first(outcomes.points)[:population]
        rewards = outcomes.column(REWARD)
        alive = [(outcomes.cells[row], rewards[row]) for row in order]
    return [(cell, -float(place)) for place, (cell, _) in enumerate(alive)]
