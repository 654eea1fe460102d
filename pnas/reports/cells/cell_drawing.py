"""A cell drawn as a graph: previous cells at the left, its output at the right."""

from collections.abc import Iterator
from pathlib import Path

from markupsafe import Markup

from pnas.reports.cells.cell_graph import CellGraph, cell_graph
from pnas.reports.cells.cell_layout import (
    MARGIN,
    TITLE_LINE,
    Edge,
    Layout,
    box_label,
    lay_out_cell,
)
from pnas.reports.cells.shapes import add_sign, arrow_right, labelled_box
from pnas.reports.palette import (
    CONCAT,
    EDGE,
    INK,
    MUTED,
    PANEL,
    PAPER,
    operator_fill,
    source_colour,
)
from pnas.reports.picture_files import UNITS_PER_INCH, check_picture_suffix, save_picture
from pnas.reports.svg import drawing, path, text
from pnas.state_space import Cell

_FRAME = "#d9dde3"
_TITLE_SIZE = 13


def draw_cell(
    cell: Cell, path: Path | str, concat: str = "all", title: str = "", dpi: int = 150
) -> Path:
    """Draw ``cell`` to a file.

    Args:
        cell: A PNAS or NAS-Bench-201 cell.
        path: Path of the drawing (.png or .svg).
        concat: Output of a PNAS cell: "all" blocks are concatenated, or the "unused" ones.
        title: Text above the drawing.
        dpi: Pixels per inch of a PNG.

    Returns:
        The path.

    Raises:
        InvalidValue: A cell that cannot be drawn (see `cell_graph`), or another kind of file.
    """
    check_picture_suffix(path)
    return save_picture(cell_svg(cell, concat, title), path, dpi)


def cell_svg(cell: Cell, concat: str = "all", title: str = "") -> Markup:
    """Return the drawing of ``cell`` as an ``<svg>`` element of its natural size.

    The box of operand j of block i has the id ``operator-i-j``, its add ``add-i``.

    Raises:
        InvalidValue: A cell that cannot be drawn (see `cell_graph`).
    """
    graph = cell_graph(cell, concat)
    layout = lay_out_cell(graph, title)
    return drawing(
        layout.width * UNITS_PER_INCH,
        layout.height * UNITS_PER_INCH,
        *_title(layout),
        *_frames(layout),
        *map(_edge, layout.edges),
        *_boxes(graph, layout),
        title=title or str(cell),
        class_="cell",
    )


def _title(layout: Layout) -> Iterator[Markup]:
    left = MARGIN * UNITS_PER_INCH
    for number, line in enumerate(layout.title, start=1):
        # The baseline of the last line is where its line ends.
        baseline = (MARGIN + (number - 0.3) * TITLE_LINE) * UNITS_PER_INCH
        yield text(left, baseline, line, font_size=_TITLE_SIZE, font_weight="bold")


def _frames(layout: Layout) -> Iterator[Markup]:
    for index, add in enumerate(layout.adds):
        frame = layout.frames[index]
        box = frame.scaled(UNITS_PER_INCH)
        yield labelled_box(box, PANEL, _FRAME, id_=f"block-{index}")
        number_x = add.left * UNITS_PER_INCH
        yield text(number_x, box.top + 12, index, font_size=10, fill=MUTED, text_anchor="end")


def _boxes(graph: CellGraph, layout: Layout) -> Iterator[Markup]:
    for source, box in layout.inputs.items():
        scaled = box.scaled(UNITS_PER_INCH)
        colour = source_colour(source)
        yield labelled_box(scaled, PAPER, colour, f"h[{source}]", id_=f"input{source}")

    for index, (operands, boxes) in enumerate(zip(graph.blocks, layout.operators, strict=True)):
        for position, (operand, box) in enumerate(zip(operands, boxes, strict=True)):
            yield labelled_box(
                box.scaled(UNITS_PER_INCH),
                operator_fill(operand.operator),
                EDGE,
                box_label(operand.operator),
                id_=f"operator-{index}-{position}",
            )

    for index, box in enumerate(layout.adds):
        yield add_sign(box.scaled(UNITS_PER_INCH), id_=f"add-{index}")

    if layout.concat is not None:
        bar = layout.concat.scaled(UNITS_PER_INCH)
        yield labelled_box(bar, CONCAT, EDGE, "concat", is_vertical=True, id_="concat")
    yield labelled_box(layout.output.scaled(UNITS_PER_INCH), PAPER, INK, "output", id_="output")


def _edge(edge: Edge) -> Markup:
    x = edge.x * UNITS_PER_INCH
    y = edge.y * UNITS_PER_INCH
    bend = edge.bend * UNITS_PER_INCH
    end_x = edge.end_x * UNITS_PER_INCH
    end_y = edge.end_y * UNITS_PER_INCH

    # A cubic curve that is level at both ends.
    middle = (x + bend) / 2
    start = f"M{x:.1f} {y:.1f}"
    first_control = f"C{middle:.1f} {y:.1f}"
    second_control = f" {middle:.1f} {end_y:.1f}"
    end_of_curve = f" {bend:.1f} {end_y:.1f}"
    commands = start + first_control + second_control + end_of_curve + f"H{end_x:.1f}"
    colour = source_colour(edge.source)
    line = path(commands, stroke=colour)
    # Edges into an add are too short for an arrow.
    has_arrow = edge.bend < edge.end_x
    return line + arrow_right(end_x, end_y, colour) if has_arrow else line
