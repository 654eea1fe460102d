"""A ranking as a web page: every mark shows its cell where the pointer rests, and runs can be hidden."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from markupsafe import Markup

from pnas.errors import require_choice
from pnas.records import Status
from pnas.reports.cells.palette import run_colour
from pnas.reports.charts.figure_style import INK, MUTED, stage_colour, stage_mark
from pnas.reports.charts.svg_plot import Plot, element, limits_of, mark
from pnas.reports.data.outliers import outliers_below
from pnas.reports.data.rankings import Placed, by_source, line_of, placed
from pnas.reports.data.scored_cell import ScoredCell, stages_of
from pnas.reports.html.hover_data import Group, hover_data
from pnas.reports.html.page import write_page
from pnas.reports.terminal.result_tables import ranking_table

_WIDTH = 940
_HEIGHT = 420


def write_ranking(
    cells: Sequence[ScoredCell],
    path: Path,
    order: str = "sorted",
    overlay: bool = False,
    top: int = 20,
) -> Path:
    """Write the page of a ranking to ``path`` (.html) and return the path.

    Args:
        cells: in training order.
        path: of the page.
        order: "sorted" (best first) or "training".
        overlay: each file or run is a ranking of its own, drawn over the others.
        top: rows of the table below the plot.

    Raises:
        InvalidValue: another order or another kind of file.
    """
    require_choice("task.order", order, ("sorted", "training"))
    groups = by_source(cells) if overlay else {"": list(cells)}
    lanes = {name: placed(group, order) for name, group in groups.items()}
    values = {
        "title": f"{len(groups)} rankings" if overlay else f"{len(cells):,} cells",
        "runs": [(i, name, run_colour(i)) for i, name in enumerate(groups)] if overlay else [],
        "stages": [(b, stage_colour(b)) for b in stages_of(cells)] if not overlay else [],
        "plot": _plot(lanes, order, overlay),
        "table": ranking_table(cells, order, top),
        "data": hover_data([Group(name, group) for name, group in groups.items()]),
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }
    return write_page(path, "ranking.html.j2", values)


def _plot(lanes: Mapping[str, Sequence[Placed]], order: str, overlay: bool) -> Markup:
    points = [point for lane in lanes.values() for point in lane]
    values = [value for point in points if (value := point.value) is not None]
    low = outliers_below(values)
    last = max((point.place for point in points), default=1)
    x_label = "rank" if order == "sorted" else "child, in training order"
    y_label = (
        "reward" if any(point.cell.reward is not None for point in points) else "predicted reward"
    )
    limits = limits_of([value for value in values if value not in low])
    plot = Plot((0.0, last + 1.0), limits, x_label, y_label, f"{y_label} by {x_label}")
    plot.width = _WIDTH
    plot.height = _HEIGHT
    for number, lane in enumerate(lanes.values()):
        plot.add(_lane(plot, lane, order, number, overlay, len(points)))
    return plot.svg()


def _lane(
    plot: Plot, lane: Sequence[Placed], order: str, number: int, overlay: bool, crowd: int
) -> Markup:
    parts: list[Markup] = []
    if overlay:
        line = line_of(lane, order)
        path = "L".join(f"{plot.at_x(x):.1f} {plot.at_y(y):.1f}" for x, y in line)
        parts.append(
            element("path", d=f"M{path}", fill="none", stroke=run_colour(number), stroke_width=1.5)
        )
    else:
        parts += [
            _predicted_rewards(plot, point)
            for point in lane
            if point.cell.reward is not None and point.cell.predicted
        ]
    size = 4.0 if crowd < 150 else 3.0 if crowd < 500 else 2.2
    parts += [_mark(plot, point, number, overlay, size) for point in lane]
    return element("g", *parts, data_run=number)


def _predicted_rewards(plot: Plot, point: Placed) -> Markup:
    """A dash where the prediction stood."""
    return mark(
        "_", plot.at_x(point.place), plot.at_y(point.cell.predicted or 0.0), 4.0, stroke=MUTED
    )


def _mark(plot: Plot, point: Placed, number: int, overlay: bool, size: float) -> Markup:
    cell = point.cell
    x = plot.at_x(point.place)
    reference = f"{number}:{point.index}"
    if point.value is None:
        colour = INK if cell.status is Status.FAILED else MUTED
        return mark("X", x, plot.at_y(plot.y[0]), size, stroke=colour, data_c=reference)
    colour = run_colour(number) if overlay else stage_colour(cell.stage)
    shape = stage_mark(cell.stage)
    look = {"fill": colour} if cell.reward is not None else {"fill": "#ffffff", "stroke": colour}
    if shape in "PX":
        look = {"stroke": colour}
    return mark(shape, x, plot.at_y(point.value), size, **look, data_c=reference)
