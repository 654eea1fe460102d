"""Rewards in the course of a search, with the best so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from pnas.reports.charts.legend import LegendEntry, line_entry
from pnas.reports.charts.marks import CellMarks, MarkedPlace
from pnas.reports.charts.plot import Plot, limits_of
from pnas.reports.data.number_format import time_unit
from pnas.reports.data.outliers import outliers_below
from pnas.reports.data.run_view import RunView
from pnas.reports.data.scored_cell import ScoredCell
from pnas.reports.palette import INK, MUTED

REWARD_LABEL = "reward (validation part)"

# A search whose cells change group more often does not go by groups, and gets no lines.
_MOST_BOUNDARIES = 12


@dataclass(frozen=True)
class RewardChart:
    """The plot, and the entries of a legend for what its marks do not say by themselves."""

    plot: Plot
    entries: list[LegendEntry]


def rewards_by_child(
    cells: Sequence[ScoredCell], marks: CellMarks, width: float = 460, height: float = 300
) -> RewardChart:
    """Draw each child's reward by its place in the search.

    Args:
        cells: Children of one search, in the order in which they were chosen.
        marks: Draws them.
        width: Width in units.
        height: Height in units.
    """
    places = [float(number) for number in range(1, len(cells) + 1)]
    plot = Plot(
        x=(0.0, max(1.0, float(len(cells)))),
        y=(0.0, 1.0),
        x_label="children, in the order in which they were chosen",
        y_label=REWARD_LABEL,
        title="reward by child",
        width=width,
        height=height,
    )
    return _draw_rewards(plot, cells, marks, places)


def rewards_by_time(run: RunView, marks: CellMarks) -> RewardChart:
    """Draw each child's reward by the time of search at which it was known."""
    longest = max((run.elapsed(child.ended_at or 0.0) for child in run.ended), default=0.0)
    unit, seconds = time_unit(longest)
    places: list[float | None] = []
    for child in run.whole:
        ended_at = child.ended_at
        places.append(None if ended_at is None else run.elapsed(ended_at) / seconds)

    x_label = f"{unit} of search"
    plot = Plot(
        x=(0.0, longest / seconds or 1.0),
        y=(0.0, 1.0),
        x_label=x_label,
        y_label=REWARD_LABEL,
        title="reward by time",
    )
    return _draw_rewards(plot, run.cells, marks, places)


def _draw_rewards(
    plot: Plot,
    cells: Sequence[ScoredCell],
    marks: CellMarks,
    places: Sequence[float | None],
) -> RewardChart:
    measured = []
    failed = []
    for index, (cell, x) in enumerate(zip(cells, places, strict=True)):
        if x is not None and cell.reward is not None:
            measured.append(MarkedPlace(index, x, cell.reward))
        elif x is not None and cell.has_failed:
            failed.append((index, x))
    measured.sort(key=lambda place: place.x)

    rewards = [place.y for place in measured]
    outliers = outliers_below(rewards)
    kept = [reward for reward in rewards if reward not in outliers]
    plot.y = limits_of(kept)
    _draw_boundaries(plot, [(place.x, cells[place.index]) for place in measured])
    marks.draw(plot, measured, outliers)
    marks.draw_failed(plot, failed)

    entries = []
    if measured:
        best = list(accumulate(rewards, max))
        line = [(place.x, value) for place, value in zip(measured, best, strict=True)]
        line.append((plot.x[1], best[-1]))
        plot.steps(line, stroke=INK, stroke_width=1.5, pointer_events="none")
        entries.append(line_entry(f"best so far: {best[-1]:.4f}"))
    if failed:
        entries.append(LegendEntry("failed", "X"))
    if outliers:
        entries.append(LegendEntry(f"below {min(kept):.2f}", "v", MUTED))
    return RewardChart(plot, entries)


def _draw_boundaries(plot: Plot, places: Sequence[tuple[float, ScoredCell]]) -> None:
    """Draw a dotted line wherever the next child is of another group."""
    boundaries = []
    for (x, cell), (next_x, next_cell) in pairwise(places):
        if cell.group != next_cell.group:
            boundaries.append((x + next_x) / 2)
    if len(boundaries) > _MOST_BOUNDARIES:
        return
    for x in boundaries:
        line = [(x, plot.y[0]), (x, plot.y[1])]
        plot.line(line, stroke=MUTED, stroke_dasharray="1 4")
