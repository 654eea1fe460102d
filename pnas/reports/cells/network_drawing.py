"""The network that stacks a cell, drawn as a row of boxes: image, stem, cells, head, and what each cell reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from pnas.children.network.builder import CellPlan, cell_plans, stem_filters
from pnas.children.spec import NetworkSpec
from pnas.reports.cells.drawing_layout import BOX_HEIGHT, MARGIN, Box
from pnas.reports.cells.palette import EDGE, SOURCES
from pnas.reports.charts.figure_style import INK, canvas, check_suffix, house_style, save
from pnas.reports.charts.svg_plot import drawing, element
from pnas.state_space import Cell

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH = 0.86
_GAP = 0.3
_ARC = 0.34
_NORMAL = "#cfe3f5"
_REDUCTION = "#fbdcc3"
_PLAIN = "#ffffff"
_MOST_BOXES = 12
"""A network of more cells than this shows each run of equal cells as one box."""
_UNITS = 96


@dataclass(frozen=True)
class Stop:
    """One box of the row: its two lines of text, its fill, and whether it is one cell or several."""

    text: str
    below: str
    fill: str
    box: Box
    is_cell: bool = False


@dataclass(frozen=True)
class Arc:
    """What a cell reads of the one before the previous, from ``start`` to ``end``, above the boxes (inches)."""

    source: int
    start: float
    end: float


@dataclass(frozen=True)
class Row:
    """Everything the drawing shows, in inches."""

    width: float
    height: float
    stops: tuple[Stop, ...]
    arcs: tuple[Arc, ...]


def network_row(network: NetworkSpec, cell: Cell | None = None) -> Row:
    """Place the parts of ``network``; given a ``cell``, arcs show which earlier outputs its cells read."""
    cells = _cells(cell_plans(network))
    head = [("image", "", _PLAIN, False)]
    if network.kind != "flat":
        size = "3x3 /2" if network.has_imagenet_stem else "3x3"
        head.append(("stem", f"{size}, {stem_filters(network)}", _PLAIN, False))
    tail = [("pool", "global", _PLAIN, False), ("dense", "classes", _PLAIN, False)]
    reads = (
        sorted(_look_backs(cell) - {-1}, reverse=True)
        if len(cells) == len(cell_plans(network))
        else []
    )
    top = MARGIN + _ARC * max((-source - 1 for source in reads), default=0)
    parts = [*head, *cells, *tail]
    y = top + BOX_HEIGHT / 2
    boxes = [
        Box(MARGIN + _WIDTH / 2 + i * (_WIDTH + _GAP), y, _WIDTH, BOX_HEIGHT)
        for i in range(len(parts))
    ]
    stops = tuple(
        Stop(t, below, fill, box, is_cell)
        for (t, below, fill, is_cell), box in zip(parts, boxes, strict=True)
    )
    width = boxes[-1].right + MARGIN
    return Row(width, y + BOX_HEIGHT / 2 + 0.24 + MARGIN, stops, tuple(_arcs(stops, reads)))


def draw_network(
    network: NetworkSpec, path: Path | str, cell: Cell | None = None, dpi: int = 150
) -> Path:
    """Draw the network that stacks ``cell`` to ``path`` (.png or .svg) and return the path.

    Raises:
        InvalidValue: another kind of file.
    """
    check_suffix(path)
    return save(network_figure(network, cell), path, dpi)


def network_figure(network: NetworkSpec, cell: Cell | None = None) -> Figure:
    """The drawing of `draw_network` as a matplotlib figure."""
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
    from matplotlib.path import Path as Curve

    row = network_row(network, cell)
    with house_style():
        figure, axes = canvas(row.width, row.height)
        for stop in row.stops:
            box = stop.box
            style = "round,pad=0,rounding_size=0.06"
            axes.add_patch(
                FancyBboxPatch(
                    (box.left, box.top), box.width, box.height, style, fc=stop.fill, ec=EDGE
                )
            )
            axes.text(box.x, box.y, stop.text, ha="center", va="center")
            axes.text(box.x, box.bottom + 0.14, stop.below, ha="center", va="center", fontsize=8)
        for left, right in zip(row.stops, row.stops[1:], strict=False):
            ends = ((left.box.right, left.box.y), (right.box.left, right.box.y))
            axes.add_patch(
                FancyArrowPatch(
                    *ends, arrowstyle="-|>", mutation_scale=8, color=SOURCES[-1], lw=1.1
                )
            )
        for arc in row.arcs:
            points = _arc_points(row, arc)
            curve = Curve(points, [Curve.MOVETO, *[Curve.CURVE4] * 3])
            colour = SOURCES.get(arc.source, EDGE)
            axes.add_patch(
                FancyArrowPatch(
                    path=curve, arrowstyle="-|>", mutation_scale=8, color=colour, lw=1.1
                )
            )
    return figure


def network_svg(network: NetworkSpec, cell: Cell | None = None) -> Markup:
    """The same drawing as a small `<svg>` element for web pages."""
    row = network_row(network, cell)
    parts: list[Markup] = []
    for stop in row.stops:
        parts += _stop_svg(stop)
    for left, right in zip(row.stops, row.stops[1:], strict=False):
        start = left.box.right * _UNITS
        end = right.box.left * _UNITS
        y = left.box.y * _UNITS
        parts.append(element("path", d=f"M{start:.1f} {y:.1f}H{end:.1f}", stroke=SOURCES[-1]))
        parts.append(element("path", d=f"M{end:.1f} {y:.1f}l-7 -3.5v7z", fill=SOURCES[-1]))
    for arc in row.arcs:
        colour = SOURCES.get(arc.source, EDGE)
        points = [f"{x * _UNITS:.1f} {y * _UNITS:.1f}" for x, y in _arc_points(row, arc)]
        parts.append(
            element("path", d=f"M{points[0]}C{' '.join(points[1:])}", fill="none", stroke=colour)
        )
        parts.append(element("path", d=f"M{points[3]}l-3.5 -7h7z", fill=colour))
    width = row.width * _UNITS
    height = row.height * _UNITS
    return drawing(width, height, *parts, label="the network that stacks the cell", class_="cell")


def _stop_svg(stop: Stop) -> list[Markup]:
    left, top, width, height, x, y, bottom = (
        value * _UNITS
        for value in (
            stop.box.left,
            stop.box.top,
            stop.box.width,
            stop.box.height,
            stop.box.x,
            stop.box.y,
            stop.box.bottom,
        )
    )
    return [
        element(
            "rect", x=left, y=top, width=width, height=height, rx=5, fill=stop.fill, stroke=EDGE
        ),
        element("text", stop.text, x=x, y=y + 4, font_size=12, text_anchor="middle", fill=INK),
        element(
            "text",
            stop.below,
            x=x,
            y=bottom + 15,
            font_size=11,
            text_anchor="middle",
            fill="#6b7280",
        ),
    ]


def _cells(plans: list[CellPlan]) -> list[tuple[str, str, str, bool]]:
    """One box a cell; of a long network one box for each run of equal cells."""
    together: list[tuple[CellPlan, int]] = []
    for plan in plans:
        if len(plans) > _MOST_BOXES and together and together[-1][0] == plan:
            together[-1] = (plan, together[-1][1] + 1)
        else:
            together.append((plan, 1))
    return [_cell_stop(plan, count) for plan, count in together]


def _cell_stop(plan: CellPlan, count: int) -> tuple[str, str, str, bool]:
    times = f" x {count}" if count > 1 else ""
    name, fill = ("cell /2", _REDUCTION) if plan.stride == 2 else ("cell", _NORMAL)
    return f"{name}{times}", f"{plan.filters} filters", fill, True


def _look_backs(cell: Cell | None) -> set[int]:
    values = [] if cell is None else [value for block in cell.blocks for value in block]
    return {value for value in values if isinstance(value, int) and value < 0}


def _arcs(stops: tuple[Stop, ...], reads: list[int]) -> list[Arc]:
    first = next(index for index, stop in enumerate(stops) if stop.is_cell)
    return [
        # Before the first cell there is the stem, again, to which the arrow between neighbours points already.
        Arc(source, stops[index + source].box.x, stops[index].box.x)
        for source in reads
        for index, stop in enumerate(stops)
        if stop.is_cell and index + source >= max(first - 1, 0)
    ]


def _arc_points(row: Row, arc: Arc) -> list[tuple[float, float]]:
    top = row.stops[0].box.top
    peak = top - _ARC * (-arc.source - 1) * 1.3
    # Leaves and enters beside the middle, so that arcs of neighbours do not touch.
    start = arc.start + 0.12
    end = arc.end - 0.12
    return [(start, top), (start, peak), (end, peak), (end, top)]
