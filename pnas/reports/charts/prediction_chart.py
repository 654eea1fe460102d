"""Rewards against what was predicted before training, by rank."""

from collections.abc import Sequence

from pnas.reports.charts.marks import CellMarks, MarkedPlace
from pnas.reports.charts.plot import Plot
from pnas.reports.data.predictions import PredictedGroup, average_ranks
from pnas.reports.palette import MUTED

SIZE = 320

_LIMITS = (-0.03, 1.03)


def prediction_chart(
    groups: Sequence[PredictedGroup], marks: CellMarks, title: str, size: float = SIZE
) -> Plot:
    """Draw the rank of each cell by its reward against its rank by its prediction.

    Ranks, because a search uses the order only, and because predictions often cover a far smaller
    range than rewards: to scale, all marks would be on one line. Ranks are within the group, from
    0 (worst) to 1 (best).

    Args:
        groups: Cells with a prediction and a reward.
        marks: Draws them.
        title: What the plot shows, for those who cannot see it.
        size: Width and height in units.
    """
    plot = Plot(
        x=_LIMITS,
        y=_LIMITS,
        x_label="rank by prediction (right: best)",
        y_label="rank by reward (top: best)",
        title=title,
        width=size,
        height=size,
        left=24,
        below=26,
        has_x_ticks=False,
        has_y_ticks=False,
    )
    diagonal = [(limit, limit) for limit in _LIMITS]
    plot.line(diagonal, stroke=MUTED, stroke_dasharray="5 4")
    for group in groups:
        marks.draw(plot, _places(group))
    return plot


def _places(group: PredictedGroup) -> list[MarkedPlace]:
    predictions = [cell.predicted or 0.0 for _, cell in group.cells]
    rewards = [cell.reward or 0.0 for _, cell in group.cells]
    by_prediction = average_ranks(predictions)
    by_reward = average_ranks(rewards)

    places = []
    for number, (index, _) in enumerate(group.cells):
        x = _height(by_prediction[number], len(group.cells))
        y = _height(by_reward[number], len(group.cells))
        places.append(MarkedPlace(index, x, y))
    return places


def _height(rank: float, cells: int) -> float:
    """Return 1 - 0.5 / n for rank 1 of n, the middle of the best n-th, and 0.5 / n for rank n."""
    return 1 - (rank - 0.5) / cells
