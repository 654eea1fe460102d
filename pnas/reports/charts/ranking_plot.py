"""Plots of rankings and searches, made for a README: what won, when, and how well it was predicted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from pnas.errors import require_choice
from pnas.reports.charts.cell_marks import (
    Mark,
    Point,
    draw_failed,
    draw_foretold,
    draw_stage_rows,
    draw_stages,
    measured,
    predicted_rewards,
    unmeasured,
)
from pnas.reports.charts.figure_style import (
    INK,
    MUTED,
    check_suffix,
    house_style,
    new_figure,
    save,
    stage_colour,
)
from pnas.reports.data.outliers import leave_out_below
from pnas.reports.data.scored_cell import ScoredCell, has_worth, ranked, stages_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_BOUNDARIES = 12
"""More changes of stage than this get no lines: the search does not go by stages."""

_TITLE_PAD = 18
"""Points between panel and title, which leaves a line for the names of the stages."""


def plot_ranking(
    cells: Sequence[ScoredCell], path: Path | str, order: str = "sorted", title: str | None = None
) -> Path:
    """Draw a ranking: one mark a cell, coloured by stage, with its prediction beside it where there is one.

    Cells without a reward show their prediction as a hollow mark (a full one where no cell has a reward).
    Below a sorted ranking, rows of ticks show where each stage stands; in training order, failed children
    show as crosses on the axis.

    Args:
        cells: in training order.
        path: of the figure (.png or .svg).
        order: "sorted" (best first) or "training".
        title: of the figure; a default says how many cells there are.

    Raises:
        InvalidValue: another order or another kind of file.
    """
    check_suffix(path)
    require_choice("task.order", order, ("sorted", "training"))
    ordered = [cell for cell in ranked(cells) if has_worth(cell)] if order == "sorted" else cells
    points = list(enumerate(ordered, start=1))
    with house_style():
        heights = (4, 0.3 + 0.15 * len(stages_of(cells))) if order == "sorted" else (1,)
        figure, (axes, *rows) = new_figure(8, 4.6, heights=heights)
        _draw_cells(axes, points)
        for row in rows:
            draw_stage_rows(row, points)
        (rows or [axes])[-1].set_xlabel("rank" if order == "sorted" else "child, in training order")
        axes.set_ylabel("reward" if measured(points) else "predicted reward")
        axes.set_title(title or f"{len(cells):,} cells", loc="left", fontweight="bold")
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, borderaxespad=0)
        return save(figure, path)


def plot_search(cells: Sequence[ScoredCell], path: Path | str, title: str | None = None) -> Path:
    """Draw a search: rewards by children trained with the best so far; beside it, predicted against measured.

    The second panel is left out where nothing was predicted.

    Args:
        cells: one search's children in training order.
        path: of the figure (.png or .svg).
        title: of the figure; a default says how many children there are.

    Raises:
        InvalidValue: another kind of file.
    """
    check_suffix(path)
    judged = [cell for cell in cells if cell.reward is not None and cell.predicted is not None]
    with house_style():
        figure, axes = new_figure(11, 4.2, widths=(1.75, 1)) if judged else new_figure(8, 4.2)
        _draw_history(axes[0], list(enumerate(cells, start=1)))
        title = title or f"Reward of {len(cells):,} children"
        axes[0].set_title(title, loc="left", fontweight="bold", pad=_TITLE_PAD)
        if judged:
            _draw_judgement(axes[1], judged)
        return save(figure, path)


def _draw_cells(axes: Axes, points: Sequence[Point]) -> None:
    names = {cell.stage: f"b = {cell.stage}" for _, cell in points}
    draw_stages(axes, measured(points), names)
    draw_foretold(axes, predicted_rewards(points))
    hollow = bool(measured(points))
    if hollow:
        names = {stage: f"{name}, predicted" for stage, name in names.items()}
    draw_stages(axes, unmeasured(points), names, filled=not hollow)
    leave_out_below(axes, measured(points), [*predicted_rewards(points), *unmeasured(points)])
    draw_failed(axes, points)


# -- the course of a search ----------------------------------------------------------------------------------


def _draw_history(axes: Axes, points: Sequence[Point]) -> None:
    _draw_boundaries(axes, points)
    draw_stages(axes, measured(points), {cell.stage: "" for _, cell in points})
    _draw_best_so_far(axes, measured(points), last=len(points))
    extras = [leave_out_below(axes, measured(points)), draw_failed(axes, points)]
    if handles := [extra for extra in extras if extra is not None]:
        axes.legend(handles=handles, loc="lower right", frameon=False)
    axes.set_xlabel("children trained")
    axes.set_ylabel("reward")


def _draw_best_so_far(axes: Axes, marks: Sequence[Mark], last: int) -> None:
    if not marks:
        return
    best = list(accumulate((mark.y for mark in marks), max))
    x = [mark.x for mark in marks]
    axes.step([*x, last + 0.5], [*best, best[-1]], where="post", color=INK, linewidth=1.3, zorder=4)
    _note(axes, f"best so far: {best[-1]:.4f}", (last, best[-1]), "data", INK, right=True)


def _draw_boundaries(axes: Axes, points: Sequence[Point]) -> None:
    starts = [
        *points[:1],
        *(late for early, late in pairwise(points) if early[1].stage != late[1].stage),
    ]
    if len(starts) > _MOST_BOUNDARIES:
        return
    for x, cell in starts:
        if x > 1:
            axes.axvline(x - 0.5, color=MUTED, linewidth=0.8, linestyle=":", zorder=1)
        _note(axes, f"b = {cell.stage}", (x - 0.5, 1), "axes fraction", stage_colour(cell.stage))


def _note(
    axes: Axes, text: str, place: tuple[float, float], height: str, colour: str, right: bool = False
) -> None:
    """Bold text just above ``place``, whose x is in data coordinates and y in those that ``height`` names."""
    axes.annotate(
        text,
        place,
        xycoords=("data", height),
        xytext=(-2 if right else 2, 4),
        textcoords="offset points",
        ha="right" if right else "left",
        va="bottom",
        color=colour,
        fontweight="bold",
    )


# -- predicted against measured ------------------------------------------------------------------------------


def _draw_judgement(axes: Axes, cells: Sequence[ScoredCell]) -> None:
    points = list(enumerate(cells))
    marks = [
        Mark(predicted.y, reward.y, reward.stage)
        for predicted, reward in zip(predicted_rewards(points), measured(points), strict=True)
    ]
    draw_stages(axes, marks, {stage: _judgement(marks, stage) for stage in stages_of(cells)})
    leave_out_below(axes, marks)
    axes.autoscale_view()
    axes.autoscale(enable=False)  # the line must not widen the view to where it happens to start
    axes.axline((0.5, 0.5), slope=1, color=MUTED, linewidth=0.8, linestyle="--", zorder=1)
    axes.set_xlabel("predicted before training")
    axes.set_ylabel("reward")
    axes.set_title("Predicted against measured", loc="left", fontweight="bold", pad=_TITLE_PAD)
    axes.legend(loc="best", frameon=True, framealpha=0.85, edgecolor="none", handletextpad=0.2)


def _judgement(marks: Sequence[Mark], stage: int) -> str:
    """A stage's line in the legend, with Spearman's rank correlation of predictions and rewards."""
    from pnas.predictors.rank_correlation import spearman

    predicted, rewards = ([mark[axis] for mark in marks if mark.stage == stage] for axis in (0, 1))
    rho = spearman(predicted, rewards)
    return f"b = {stage}   ρ = {'n/a' if rho is None else f'{rho:.2f}'}"
