"""The fronts of several searches, laid over one another."""

from collections.abc import Iterator

from pnas.objectives import REWARD
from pnas.reports.charts.curve_chart import CurveGroup, curve_chart
from pnas.reports.charts.front_charts import label_of
from pnas.reports.charts.plot import Plot, limits_of
from pnas.reports.charts.reward_chart import REWARD_LABEL
from pnas.reports.data.compared_fronts import ComparedFronts
from pnas.reports.data.run_comparison import RunGroup
from pnas.reports.palette import run_colour
from pnas.reports.svg import element

_RADIUS = 3


def compared_fronts_charts(compared: ComparedFronts, groups: list[RunGroup]) -> Iterator[Plot]:
    """Yield the fronts by each objective that is minimised, then the hypervolumes by cells.

    Args:
        compared: The fronts.
        groups: Searches that share a colour, as in the other charts of the comparison.
    """
    for name, objective in compared.objectives.by_name.items():
        if not objective.is_maximised:
            yield _fronts(compared, groups, name)
    curves = {each.index: each.curve for each in compared.fronts}
    shown = []
    for group in groups:
        of_group = [curves[index] for index in group.indices if index in curves]
        shown.append(CurveGroup(group.name, of_group))
    yield curve_chart(shown, "cells", "hypervolume")


def _fronts(compared: ComparedFronts, groups: list[RunGroup], name: str) -> Plot:
    points = {}
    for each in compared.fronts:
        of_front = [(cell.values[name], cell.values[REWARD]) for cell in each.front.members]
        points[each.index] = sorted(of_front)
    every = [point for of_front in points.values() for point in of_front]
    plot = Plot(
        x=limits_of([x for x, _ in every]),
        y=limits_of([y for _, y in every]),
        x_label=label_of(name),
        y_label=REWARD_LABEL,
        title=f"fronts: reward by {label_of(name)}",
    )
    for number, group in enumerate(groups):
        layer = plot.layer()
        for index in group.indices:
            _draw_front(layer, points.get(index, []), run_colour(number))
        plot.add(element("g", *layer.marks(), data_run=number))
    return plot


def _draw_front(plot: Plot, points: list[tuple[float, float]], colour: str) -> None:
    plot.steps(points, stroke=colour, stroke_width=1.2)
    for x, y in points:
        place = {"cx": f"{plot.at_x(x):.1f}", "cy": f"{plot.at_y(y):.1f}"}
        plot.add(element("circle", r=_RADIUS, fill=colour, **place))
