"""Learning curves of a `task=train`: loss and accuracy of every training by epoch."""

import math
from collections.abc import Iterator, Sequence

from pnas.records import ChildRecord
from pnas.reports.charts.plot import Plot, limits_of
from pnas.reports.data.reward_curves import Points
from pnas.reports.palette import run_colour
from pnas.reports.svg import element

_DASHES = "4 3"


def learning_curves(children: Sequence[ChildRecord]) -> Iterator[Plot]:
    """Yield a chart of each metric that was measured on the training part and of its validation.

    Dashed lines are the training part, whole lines the validation part. Every training has a
    colour of its own.
    """
    for name in _metric_names(children):
        yield _chart(children, name)


def _metric_names(children: Sequence[ChildRecord]) -> list[str]:
    """Return the metrics of which both parts may be shown, in the order of their first values."""
    names: dict[str, None] = {}
    for child in children:
        for name in child.metrics:
            names[name.removeprefix("val_")] = None
    return [name for name in names if name not in ("learning_rate", "seconds")]


def _chart(children: Sequence[ChildRecord], name: str) -> Plot:
    values = []
    longest = 1
    for child in children:
        for curve in (_points(child, name), _points(child, f"val_{name}")):
            values += [y for _, y in curve]
            longest = max(longest, *(int(x) for x, _ in curve), 1)
    label = name.replace("_", " ")
    plot = Plot(
        x=(0.0, float(longest)),
        y=limits_of(values),
        x_label="epoch",
        y_label=label,
        title=f"{label} by epoch",
    )
    for number, child in enumerate(children):
        colour = run_colour(number)
        _draw(plot, _points(child, name), colour, width=1, dashes=_DASHES)
        _draw(plot, _points(child, f"val_{name}"), colour, width=2)
    return plot


def _draw(plot: Plot, points: Points, colour: str, width: float, dashes: str | None = None) -> None:
    if len(points) == 1:
        # A line of one point would not be seen.
        x, y = points[0]
        plot.add(element("circle", cx=plot.at_x(x), cy=plot.at_y(y), r=width, fill=colour))
        return
    plot.line(points, stroke=colour, stroke_width=width, stroke_dasharray=dashes)


def _points(child: ChildRecord, name: str) -> Points:
    points = []
    for epoch, value in enumerate(child.metrics.get(name, ()), start=1):
        if math.isfinite(value):
            points.append((float(epoch), value))
    return points
