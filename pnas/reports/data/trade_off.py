"""Which cells no other cell beats in both reward and cost."""

from collections.abc import Callable, Sequence

import numpy as np

from pnas.objectives import dominance
from pnas.reports.data.scored_cell import ScoredCell

Cost = Callable[[ScoredCell], float | None]


def non_dominated(cells: Sequence[ScoredCell], cost: Cost) -> list[int]:
    """Return the positions of the non-dominated cells, the cheapest first.

    A cell is dominated if another one has at least its reward at no higher cost, and is better in
    one of the two. Cells that are equal in both do not dominate each other.

    Args:
        cells: Cells; those without a reward or a cost are left out.
        cost: Returns the cost of a cell, None where it is not known.
    """
    indices = []
    points = []
    for index, cell in enumerate(cells):
        value = cost(cell)
        if value is not None and cell.reward is not None:
            indices.append(index)
            points.append((cell.reward, -value))

    is_kept = dominance.non_dominated(np.asarray(points, np.float64).reshape(-1, 2))
    kept = []
    for index, (_, negative_cost), keep in zip(indices, points, is_kept, strict=True):
        if keep:
            kept.append((-negative_cost, index))
    return [index for _, index in sorted(kept)]
