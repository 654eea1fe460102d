"""A cell drawn as a graph: previous cells on the left, then operators and adds, the output on the right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pnas.reports.cells.cell_graph import CellGraph, cell_graph
from pnas.reports.cells.drawing_layout import MARGIN, TITLE_LINE, Box, Edge, Layout, label, lay_out
from pnas.reports.cells.palette import EDGE, SOURCES, fill_of
from pnas.reports.charts.figure_style import INK, MUTED, canvas, check_suffix, house_style, save
from pnas.state_space import Cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_cell(
    cell: Cell, path: Path | str, concat: str = "all", title: str = "", dpi: int = 150
) -> Path:
    """Draw ``cell`` to ``path`` (.png or .svg) and return the path.

    In an SVG, the box of operand j of block i has the id ``operator-i-j``, its add ``add-i``.

    Args:
        cell: a PNAS or NAS-Bench-201 cell.
        path: of the drawing.
        concat: of a PNAS cell: its output concatenates "all" blocks or the "unused" ones.
        title: text above the drawing.
        dpi: of a PNG, in pixels per inch.

    Raises:
        InvalidValue: a cell that cannot be drawn (see `cell_graph`), or another kind of file.
    """
    check_suffix(path)
    return save(cell_figure(cell, concat, title), path, dpi)


def cell_figure(cell: Cell, concat: str = "all", title: str = "") -> Figure:
    """The drawing of `draw_cell` as a matplotlib figure."""
    graph = cell_graph(cell, concat)
    layout = lay_out(graph, title)
    with house_style():
        figure, axes = canvas(layout.width, layout.height)
        _draw(axes, graph, layout)
    return figure


def _draw(axes: Axes, graph: CellGraph, layout: Layout) -> None:
    for number, line in enumerate(layout.title):
        axes.text(
            MARGIN, MARGIN + number * TITLE_LINE, line, va="top", fontsize=10, fontweight="bold"
        )
    for index, (frame, add) in enumerate(zip(layout.frames, layout.adds, strict=True)):
        _box(axes, frame, "#f7f8f9", "#d9dde3", gid=f"block-{index}", zorder=1)
        axes.text(
            add.left, frame.top + 0.05, f"{index}", ha="right", va="top", fontsize=7, color=MUTED
        )
    for edge in layout.edges:
        _edge(axes, edge)
    for source, box in layout.inputs.items():
        _box(axes, box, "white", SOURCES.get(source, EDGE), f"h[{source}]", gid=f"input{source}")
    for index, (block, boxes) in enumerate(zip(graph.blocks, layout.operators, strict=True)):
        for position, (operand, box) in enumerate(zip(block, boxes, strict=True)):
            _box(
                axes,
                box,
                fill_of(operand.operator),
                EDGE,
                label(operand.operator),
                gid=f"operator-{index}-{position}",
            )
    for index, box in enumerate(layout.adds):
        _add(axes, box, gid=f"add-{index}")
    if layout.concat is not None:
        _box(axes, layout.concat, "#dfe3e8", EDGE, "concat", gid="concat", rotation=90)
    _box(axes, layout.output, "white", INK, "output", gid="output")


def _box(
    axes: Axes,
    box: Box,
    fill: str,
    line: str,
    text: str = "",
    *,
    gid: str,
    rotation: float = 0.0,
    zorder: float = 2,
) -> None:
    from matplotlib.patches import FancyBboxPatch

    style = "round,pad=0,rounding_size=0.06"
    patch = FancyBboxPatch(
        (box.left, box.top),
        box.width,
        box.height,
        style,
        fc=fill,
        ec=line,
        lw=1,
        zorder=zorder,
        gid=gid,
    )
    axes.add_patch(patch)
    axes.text(box.x, box.y, text, ha="center", va="center", rotation=rotation, zorder=3)


def _add(axes: Axes, box: Box, gid: str) -> None:
    from matplotlib.patches import Circle

    axes.add_patch(
        Circle((box.x, box.y), box.width / 2, fc="white", ec=EDGE, lw=1, zorder=2, gid=gid)
    )
    arm = box.width / 4
    axes.plot([box.x - arm, box.x + arm], [box.y, box.y], color=INK, lw=1.1, zorder=3)
    axes.plot([box.x, box.x], [box.y - arm, box.y + arm], color=INK, lw=1.1, zorder=3)


def _edge(axes: Axes, edge: Edge) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Curve

    middle = (edge.x + edge.bend) / 2
    points = [
        (edge.x, edge.y),
        (middle, edge.y),
        (middle, edge.end_y),
        (edge.bend, edge.end_y),
        (edge.end_x, edge.end_y),
    ]
    codes = [Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4, Curve.LINETO]
    arrow = "-|>,head_width=2.2,head_length=4.4" if edge.bend < edge.end_x else "-"
    colour = SOURCES.get(edge.source, EDGE)
    axes.add_patch(
        FancyArrowPatch(
            path=Curve(points, codes),
            arrowstyle=arrow,
            color=colour,
            lw=1.1,
            shrinkA=0,
            shrinkB=0,
            zorder=1.5,
        )
    )
