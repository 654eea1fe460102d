"""How sure it is that a cell belongs to the front, where rewards are noisy.

The expected reward of each cell is drawn from its posterior given all trainings of all cells
(`pnas.records.reward_model`), independently of the other cells; all other objectives are taken as
they are. The share of draws in which no other cell dominates the cell is the probability that it
belongs to the front.
"""

from collections.abc import Sequence

import numpy as np

from pnas.objectives import REWARD, ObjectiveSet
from pnas.objectives.dominance import Points, non_dominated
from pnas.objectives.objective_set import Values

_DRAWS = 400
"""Draws of all expected rewards; a probability has a standard error of at most 0.025."""


def membership(
    objectives: ObjectiveSet,
    values: Sequence[Values],
    expected: Points,
    deviations: Points,
    seed: int,
) -> Points:
    """Return the probability of each cell to belong to the front, (n,).

    Args:
        objectives: The objectives, the reward among them.
        values: Values of each cell by name; their rewards are not read.
        expected: Expected reward of each cell, (n,).
        deviations: Standard deviation of what is known of it, (n,).
        seed: Seed of the draws.
    """
    points = objectives.points(values)
    column = objectives.names.index(REWARD)
    generator = np.random.default_rng(seed)
    hits = np.zeros(len(points))
    for _ in range(_DRAWS):
        points[:, column] = generator.normal(expected, deviations)
        hits += non_dominated(points)
    return hits / _DRAWS
