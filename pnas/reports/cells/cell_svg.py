"""A cell as a small SVG for web pages: the layout of `draw_cell`, without matplotlib and in a few kilobytes."""

from collections.abc import Iterator

from markupsafe import Markup

from pnas.reports.cells.cell_graph import CellGraph, cell_graph
from pnas.reports.cells.drawing_layout import Box, Edge, Layout, label, lay_out
from pnas.reports.cells.palette import EDGE, SOURCES, fill_of
from pnas.reports.charts.figure_style import INK
from pnas.reports.charts.svg_plot import drawing, element
from pnas.state_space import Cell

_UNITS = 96
"""Units an inch: a browser's pixels."""


def cell_svg(cell: Cell, concat: str = "all", title: str = "") -> Markup:
    """The drawing of ``cell`` as an `<svg>` element of its natural size.

    Raises:
        InvalidValue: a cell that cannot be drawn (see `cell_graph`).
    """
    graph = cell_graph(cell, concat)
    layout = lay_out(graph)
    width = layout.width * _UNITS
    height = layout.height * _UNITS
    return drawing(width, height, *_parts(graph, layout), label=title or str(cell), class_="cell")


def _parts(graph: CellGraph, layout: Layout) -> Iterator[Markup]:
    for frame in layout.frames:
        yield _box(frame, "#f7f8f9", "#d9dde3")
    for edge in layout.edges:
        yield _edge(edge)
    for source, box in layout.inputs.items():
        yield _box(box, "#ffffff", SOURCES.get(source, EDGE), f"h[{source}]")
    for block, boxes in zip(graph.blocks, layout.operators, strict=True):
        for operand, box in zip(block, boxes, strict=True):
            yield _box(box, fill_of(operand.operator), EDGE, label(operand.operator))
    for number, (add, frame) in enumerate(zip(layout.adds, layout.frames, strict=True)):
        yield _add(add)
        yield element(
            "text",
            number,
            x=add.left * _UNITS - 6,
            y=frame.top * _UNITS + 12,
            font_size=10,
            fill="#6b7280",
        )
    if layout.concat is not None:
        yield _box(layout.concat, "#dfe3e8", EDGE, "concat", turned=True)
    yield _box(layout.output, "#ffffff", INK, "output")


def _box(box: Box, fill: str, line: str, text: str = "", turned: bool = False) -> Markup:
    left, top, width, height = (
        value * _UNITS for value in (box.left, box.top, box.width, box.height)
    )
    shape = element("rect", x=left, y=top, width=width, height=height, rx=5, fill=fill, stroke=line)
    if not text:
        return shape
    x = box.x * _UNITS
    y = box.y * _UNITS
    turn = f"rotate(-90 {x:.1f} {y:.1f})" if turned else None
    return shape + element(
        "text", text, x=x, y=y + 4, font_size=12, text_anchor="middle", fill=INK, transform=turn
    )  # fmt: skip


def _add(box: Box) -> Markup:
    x = box.x * _UNITS
    y = box.y * _UNITS
    arm = box.width * _UNITS / 4
    circle = element("circle", cx=x, cy=y, r=2 * arm, fill="#ffffff", stroke=EDGE)
    cross = f"M{x - arm:.1f} {y:.1f}h{2 * arm:.1f}M{x:.1f} {y - arm:.1f}v{2 * arm:.1f}"
    return circle + element("path", d=cross, stroke=INK)


def _edge(edge: Edge) -> Markup:
    x, y, bend, end_x, end_y = (
        v * _UNITS for v in (edge.x, edge.y, edge.bend, edge.end_x, edge.end_y)
    )
    middle = (x + bend) / 2
    colour = SOURCES.get(edge.source, EDGE)
    curve = f"M{x:.1f} {y:.1f}C{middle:.1f} {y:.1f} {middle:.1f} {end_y:.1f} {bend:.1f} {end_y:.1f}H{end_x:.1f}"
    line = element("path", d=curve, fill="none", stroke=colour)
    if not bend < end_x:
        return line
    head = f"M{end_x:.1f} {end_y:.1f}l-7 -3.5v7z"
    return line + element("path", d=head, fill=colour)
