"""The network that stacks a cell, drawn as a row of boxes."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from markupsafe import Markup

from pnas.children.network_specs import NetworkSpec
from pnas.reports.cells.network_layout import Arc, NetworkRow, lay_out_network
from pnas.reports.cells.shapes import arrow_down, arrow_right, labelled_box
from pnas.reports.palette import EDGE, MUTED, source_colour
from pnas.reports.picture_files import UNITS_PER_INCH, check_picture_suffix, save_picture
from pnas.reports.svg import drawing, path, text
from pnas.state_space import Cell

# Inches beside the middle of a box where arcs leave and enter, so that neighbours do not touch.
_BESIDE_MIDDLE = 0.12


def draw_network(
    network: NetworkSpec, path: Path | str, cell: Cell | None = None, dpi: int = 150
) -> Path:
    """Draw the network that stacks ``cell`` to a file.

    Args:
        network: The network.
        path: Path of the drawing (.png or .svg).
        cell: Cell that it stacks: arcs show which earlier outputs it reads.
        dpi: Pixels per inch of a PNG.

    Returns:
        The path.

    Raises:
        InvalidValue: Another kind of file.
    """
    check_picture_suffix(path)
    return save_picture(network_svg(network, cell), path, dpi)


def network_svg(network: NetworkSpec, cell: Cell | None = None) -> Markup:
    """Return the drawing of `draw_network` as an ``<svg>`` element of its natural size."""
    row = lay_out_network(network, cell)
    return drawing(
        row.width * UNITS_PER_INCH,
        row.height * UNITS_PER_INCH,
        *_parts(row),
        *_arrows(row),
        *(_arc(row, arc) for arc in row.arcs),
        title="the network that stacks the cell",
        class_="cell",
    )


def _parts(row: NetworkRow) -> Iterator[Markup]:
    for part, box in zip(row.parts, row.boxes, strict=True):
        scaled = box.scaled(UNITS_PER_INCH)
        yield labelled_box(scaled, part.fill, EDGE, part.text)
        yield text(
            scaled.x,
            scaled.bottom + 15,
            part.below,
            font_size=11,
            text_anchor="middle",
            fill=MUTED,
        )


def _arrows(row: NetworkRow) -> Iterator[Markup]:
    boxes = [box.scaled(UNITS_PER_INCH) for box in row.boxes]
    colour = source_colour(-1)
    for left, right in pairwise(boxes):
        start = left.right
        end = right.left
        y = left.y
        yield path(f"M{start:.1f} {y:.1f}H{end:.1f}", stroke=colour)
        yield arrow_right(end, y, colour)


def _arc(row: NetworkRow, arc: Arc) -> Markup:
    leaves = arc.start + _BESIDE_MIDDLE
    enters = arc.end - _BESIDE_MIDDLE
    start = leaves * UNITS_PER_INCH
    end = enters * UNITS_PER_INCH
    top = row.boxes[0].top * UNITS_PER_INCH
    peak = top - arc.height * UNITS_PER_INCH

    colour = source_colour(arc.source)
    curve = (
        f"M{start:.1f} {top:.1f}C{start:.1f} {peak:.1f} {end:.1f} {peak:.1f} {end:.1f} {top:.1f}"
    )
    return path(curve, stroke=colour) + arrow_down(end, top, colour)
