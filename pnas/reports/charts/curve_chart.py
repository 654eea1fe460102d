"""Best reward so far of several searches: a thin line each, a thick one for the mean over seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pnas.reports.charts.legend import line_entry
from pnas.reports.charts.picture import titled_picture
from pnas.reports.charts.plot import Plot, limits_of
from pnas.reports.data.number_format import time_unit
from pnas.reports.data.reward_curves import Points, mean_curve
from pnas.reports.palette import run_colour
from pnas.reports.picture_files import save_picture
from pnas.reports.svg import element

_PICTURE_WIDTH = 640
_PICTURE_HEIGHT = 420

# The first 20th of a curve does not decide where the axis starts: the best of the first children
# would squash what people compare.
_SKIPPED_SHARE = 20


@dataclass(frozen=True)
class CurveGroup:
    """Curves that share a colour: searches that differ in their seed only.

    Attributes:
        name: Name in a legend.
        curves: Points (x, best reward so far) of each search.
    """

    name: str
    curves: Sequence[Points]


def curve_chart(
    groups: Sequence[CurveGroup],
    x_label: str,
    y_label: str = "best reward so far",
    width: float = 460,
    height: float = 300,
) -> Plot:
    """Draw the curves of each group, and the mean of a group of several."""
    shown = [curve for group in groups for curve in group.curves if curve]
    plot = Plot(
        x=(0.0, max((curve[-1][0] for curve in shown), default=1.0) or 1.0),
        y=limits_of(_decisive_values(shown)),
        x_label=x_label,
        y_label=y_label,
        title=f"{y_label} by {x_label}",
        width=width,
        height=height,
    )
    for number, group in enumerate(groups):
        lines = plot.layer()
        is_single = len(group.curves) == 1
        for curve in group.curves:
            _draw_line(lines, curve, number, 2.0 if is_single else 0.7)
        if not is_single:
            _draw_line(lines, mean_curve(group.curves), number, 2.4)
        plot.add(element("g", *lines.marks(), data_run=number))
    return plot


def time_curve_chart(groups: Sequence[CurveGroup]) -> Plot:
    """Draw curves whose points are in seconds of search, in a unit that fits."""
    longest = 0.0
    for group in groups:
        for curve in group.curves:
            longest = max(longest, *(x for x, _ in curve)) if curve else longest
    unit, seconds = time_unit(longest)

    scaled = []
    for group in groups:
        curves = [[(x / seconds, y) for x, y in curve] for curve in group.curves]
        scaled.append(CurveGroup(group.name, curves))
    return curve_chart(scaled, f"{unit} of search")


def save_curves(groups: Sequence[CurveGroup], path: Path | str, x_label: str, title: str) -> Path:
    """Draw curves with a legend to a file (.png or .svg) and return its path.

    Raises:
        InvalidValue: Another kind of file.
    """
    plot = curve_chart(groups, x_label, width=_PICTURE_WIDTH, height=_PICTURE_HEIGHT)
    entries = []
    for number, group in enumerate(groups):
        entry = line_entry(group.name, run_colour(number))
        entries.append(entry)
    picture = titled_picture(title, [plot], entries)
    return save_picture(picture, path)


def _draw_line(plot: Plot, curve: Points, number: int, width: float) -> None:
    plot.steps(
        curve,
        stroke=run_colour(number),
        stroke_width=width,
        stroke_linecap="round",
        stroke_linejoin="round",
    )


def _decisive_values(curves: Sequence[Points]) -> list[float]:
    starts = []
    for curve in curves:
        skipped = min(len(curve) - 1, len(curve) // _SKIPPED_SHARE + 1)
        starts.append(curve[skipped][1])
    lowest = min(starts, default=0.0)

    values = list(starts)
    for curve in curves:
        values += [y for _, y in curve if y >= lowest]
    return values
