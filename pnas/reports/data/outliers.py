"""A few children that learned nothing must not squash all others into one line at the top of a plot."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import quantiles
from typing import TYPE_CHECKING

from pnas.reports.charts.cell_marks import Mark
from pnas.reports.charts.figure_style import stage_colour

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_FEWEST = 8
"""Quartiles of fewer values say too little."""

_LARGEST_SHARE = 0.1
"""More than this share of the values are no outliers but a second group, and are shown to scale."""

_SMALLEST_SPREAD = 0.005
"""Rewards closer together than this are not worth a scale of their own."""


def outliers_below(values: Sequence[float]) -> set[float]:
    """The values that are few, far down, and would take more of the axis than all the others together.

    Far down is more than three interquartile ranges under the first quartile (Tukey's "far out").
    """
    if len(values) < _FEWEST:
        return set()
    first, _, third = quantiles(values, n=4)
    floor = first - 3 * max(third - first, _SMALLEST_SPREAD)
    below = [value for value in values if value < floor]
    kept = [value for value in values if value >= floor]
    if not 0 < len(below) <= _LARGEST_SHARE * len(values):
        return set()
    return set(below) if min(kept) - min(below) > max(kept) - min(kept) else set()


def leave_out_below(
    axes: Axes, marks: Sequence[Mark], others: Sequence[Mark] = ()
) -> Artist | None:
    """End the vertical axis under the lowest mark that is no outlier, with a caret for each one further down.

    Args:
        axes: on which all marks were drawn.
        marks: those that decide where the axis ends.
        others: marks that should stay in view above that.

    Returns:
        What a legend needs; None if there are no outliers, and then the axis is left alone.
    """
    low = outliers_below([mark.y for mark in marks])
    if not low:
        return None
    kept = [mark.y for mark in marks if mark.y not in low]
    top = max([*kept, *(mark.y for mark in others)])
    bottom = min(kept)
    margin = 0.06 * (top - bottom) or _SMALLEST_SPREAD
    axes.set_ylim(bottom - 1.5 * margin, top + margin)
    out = [mark for mark in marks if mark.y in low]
    return axes.scatter(
        [mark.x for mark in out],
        [0.02] * len(out),
        s=30,
        marker=7,  # a caret that points down
        c=[stage_colour(mark.stage) for mark in out],
        transform=axes.get_xaxis_transform(),
        label=f"below {bottom:.2f}",
    )
