"""Several rankings in one plot: a colour for each file or run, a shape for each stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pnas.errors import require_choice
from pnas.reports.cells.palette import run_colour
from pnas.reports.charts.cell_marks import mark_size
from pnas.reports.charts.figure_style import (
    MUTED,
    check_suffix,
    house_style,
    new_figure,
    save,
    stage_mark,
)
from pnas.reports.data.rankings import Placed, line_of, placed
from pnas.reports.data.scored_cell import ScoredCell, stages_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LONGEST_NAME = 30


def plot_overlay(
    groups: Mapping[str, Sequence[ScoredCell]], path: Path | str, order: str = "sorted"
) -> Path:
    """Draw each group's ranking over the others: its values by rank, or in training order with the best so far.

    Args:
        groups: the cells of each file or run by its name, in training order.
        path: of the figure (.png or .svg).
        order: "sorted" (best first) or "training".

    Raises:
        InvalidValue: another order or another kind of file.
    """
    check_suffix(path)
    require_choice("task.order", order, ("sorted", "training"))
    with house_style():
        figure, (axes,) = new_figure(8, 4.6)
        crowd = max(map(len, groups.values()), default=0)
        for number, (name, cells) in enumerate(groups.items()):
            _draw(axes, placed(cells, order), order, name, run_colour(number), crowd)
        _name_shapes(axes, stages_of([cell for cells in groups.values() for cell in cells]))
        axes.set_xlabel("rank" if order == "sorted" else "child, in training order")
        axes.set_ylabel("reward")
        axes.set_title(f"{len(groups)} rankings", loc="left", fontweight="bold")
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, borderaxespad=0)
        return save(figure, path)


def _draw(
    axes: Axes, points: Sequence[Placed], order: str, name: str, colour: str, crowd: int
) -> None:
    line = line_of(points, order)
    style = "default" if order == "sorted" else "steps-post"
    axes.plot(
        [x for x, _ in line],
        [y for _, y in line],
        color=colour,
        linewidth=1.2,
        label=_end_of(name),
        drawstyle=style,
    )
    for stage in stages_of([point.cell for point in points]):
        marks = [(point.place, point.value) for point in points if point.cell.stage == stage]
        mine = [(x, y) for x, y in marks if y is not None]
        x = [x for x, _ in mine]
        y = [y for _, y in mine]
        axes.scatter(
            x,
            y,
            s=mark_size(crowd),
            marker=stage_mark(stage),
            color=colour,
            linewidth=0,
            alpha=0.7,
            zorder=3,
        )


def _end_of(name: str) -> str:
    """The end of a long path is what tells files apart."""
    return name if len(name) <= _LONGEST_NAME else f"…{name[1 - _LONGEST_NAME :]}"


def _name_shapes(axes: Axes, stages: Sequence[int]) -> None:
    for stage in stages:
        axes.scatter([], [], s=26, marker=stage_mark(stage), color=MUTED, label=f"b = {stage}")
