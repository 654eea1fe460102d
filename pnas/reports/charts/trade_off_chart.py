"""Rewards against what a network costs, with the non-dominated cells marked."""

from collections.abc import Sequence

from pnas.reports.charts.marks import CellMarks, MarkedPlace
from pnas.reports.charts.plot import Plot, limits_of
from pnas.reports.charts.reward_chart import REWARD_LABEL
from pnas.reports.data.outliers import outliers_below
from pnas.reports.data.scored_cell import ScoredCell
from pnas.reports.data.trade_off import Cost, non_dominated
from pnas.reports.palette import INK

_FEWEST_CELLS = 2


def trade_off_chart(
    cells: Sequence[ScoredCell], marks: CellMarks, cost: Cost, x_label: str
) -> Plot | None:
    """Draw the reward of each cell by its cost; non-dominated cells have a ring.

    Args:
        cells: Cells of one search.
        marks: Draws them.
        cost: Returns the cost of a cell, None where it is not known.
        x_label: Name of the cost, with its unit.

    Returns:
        The plot, None if the cost of fewer than two cells with a reward is known.
    """
    places = []
    for index, cell in enumerate(cells):
        value = cost(cell)
        if value is not None and cell.reward is not None:
            places.append(MarkedPlace(index, value, cell.reward))
    if len(places) < _FEWEST_CELLS:
        return None

    costs = [place.x for place in places]
    rewards = [place.y for place in places]
    outliers = outliers_below(rewards)
    kept = [reward for reward in rewards if reward not in outliers]
    plot = Plot(
        x=limits_of(costs),
        y=limits_of(kept),
        x_label=x_label,
        y_label=REWARD_LABEL,
        title=f"reward by {x_label}",
    )
    marks.draw(plot, places, outliers)

    front = set(non_dominated(cells, cost))
    # Far below all others, on the axis, a ring would say that the cell is worth a look.
    ringed = [place for place in places if place.index in front and place.y not in outliers]
    ringed.sort(key=lambda place: place.x)
    line = [(place.x, place.y) for place in ringed]
    plot.steps(line, stroke=INK, stroke_dasharray="3 3", pointer_events="none")
    marks.draw_rings(plot, ringed)
    return plot


def parameters(cell: ScoredCell) -> float | None:
    """Return the number of parameters of a cell's network."""
    return None if cell.params is None else float(cell.params)


def training_seconds(cell: ScoredCell) -> float | None:
    """Return the seconds that the training of a cell's network took."""
    return cell.seconds
