"""One mark a cell: how cells show in every plot, by stage, measured or only predicted, or failed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pnas.records import Status
from pnas.reports.charts.figure_style import INK, MUTED, stage_colour, stage_mark
from pnas.reports.data.scored_cell import ScoredCell, has_worth, stages_of

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes


class Mark(NamedTuple):
    """A cell of ``stage`` at a place of the plot."""

    x: float
    y: float
    stage: int


Point = tuple[int, ScoredCell]
"""Where a cell stands on an axis of ranks or children, and the cell."""


def measured(points: Sequence[Point]) -> list[Mark]:
    """The cells that have a reward, at their rewards."""
    return [Mark(x, cell.reward, cell.stage) for x, cell in points if cell.reward is not None]


def predicted_rewards(points: Sequence[Point]) -> list[Mark]:
    """The cells that have a reward and a prediction, at their predictions."""
    return [
        Mark(x, cell.predicted, cell.stage)
        for x, cell in points
        if cell.reward is not None and cell.predicted is not None
    ]


def unmeasured(points: Sequence[Point]) -> list[Mark]:
    """The cells that have a prediction only, at their predictions."""
    return [
        Mark(x, cell.predicted, cell.stage)
        for x, cell in points
        if cell.reward is None and cell.predicted is not None and has_worth(cell)
    ]


def draw_stages(
    axes: Axes, marks: Sequence[Mark], labels: Mapping[int, str], filled: bool = True
) -> None:
    """Marks in the colours and shapes of their stages; ``labels`` names each stage in the legend."""
    size = mark_size(len(marks))
    for stage in sorted({mark.stage for mark in marks}):
        mine = [mark for mark in marks if mark.stage == stage]
        axes.scatter(
            [mark.x for mark in mine],
            [mark.y for mark in mine],
            s=size,
            marker=stage_mark(stage),
            facecolor=stage_colour(stage) if filled else "none",
            # A white rim keeps neighbours apart, but would eat up the smallest marks.
            edgecolor="white" if filled and size > 10 else stage_colour(stage),
            linewidth=0.4 if filled else 0.8,
            label=labels[stage],
            zorder=3,
        )


def draw_foretold(axes: Axes, marks: Sequence[Mark]) -> None:
    """Predictions beside the measured rewards: a grey dash each."""
    if marks:
        x = [mark.x for mark in marks]
        y = [mark.y for mark in marks]
        size = 2 * mark_size(len(marks))
        axes.scatter(
            x, y, s=size, marker="_", color=MUTED, linewidth=1, label="predicted", zorder=2
        )


def draw_failed(axes: Axes, points: Sequence[Point]) -> Artist | None:
    """A cross on the axis for each failed child; returns what a legend needs, None if there is none."""
    failed = [x for x, cell in points if cell.status is Status.FAILED]
    if not failed:
        return None
    floor = axes.get_xaxis_transform()  # heights as a share of the panel, whatever the rewards are
    return axes.scatter(
        failed, [0.02] * len(failed), s=24, marker="x", color=INK, transform=floor, label="failed"
    )


def draw_stage_rows(axes: Axes, points: Sequence[Point]) -> None:
    """A row for each stage with a tick for each cell: who stands where when the marks above run together."""
    stages = stages_of([cell for _, cell in points])
    for row, stage in enumerate(stages):
        mine = [x for x, cell in points if cell.stage == stage]
        axes.scatter(
            mine, [row] * len(mine), s=40, marker="|", color=stage_colour(stage), linewidth=1
        )
    axes.set_yticks(range(len(stages)), [f"b = {stage}" for stage in stages])
    axes.set_ylim(len(stages) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False)
    axes.spines[["left"]].set_visible(False)


def mark_size(count: int) -> float:
    """Area of a mark in square points: 26 while there is room, shrinking as marks crowd, never below 4."""
    return max(4.0, min(26.0, 26 * math.sqrt(120 / max(count, 1))))
