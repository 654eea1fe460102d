"""Which cells no other cell beats in both reward and cost."""

from collections.abc import Callable, Sequence

from pnas.reports.data.scored_cell import ScoredCell

Cost = Callable[[ScoredCell], float | None]


def non_dominated(cells: Sequence[ScoredCell], cost: Cost) -> list[int]:
    """Return the positions of the non-dominated cells, the cheapest first.

    A cell is dominated if another one has at least its reward at no higher cost, and is better in
    one of the two. Of cells that are equal in both, the first is kept.

    Args:
        cells: Cells; those without a reward or a cost are left out.
        cost: Returns the cost of a cell, None where it is not known.
    """
    known = []
    for index, cell in enumerate(cells):
        value = cost(cell)
        if value is not None and cell.reward is not None:
            known.append((value, -cell.reward, index))
    known.sort()

    kept = []
    best = float("-inf")
    for _, negative_reward, index in known:
        if -negative_reward > best:
            best = -negative_reward
            kept.append(index)
    return kept
