"""The shapes that drawings of cells and of networks are made of."""

from markupsafe import Markup

from pnas.reports.cells.cell_layout import Box
from pnas.reports.palette import EDGE, INK, PAPER
from pnas.reports.svg import element, path, text

_CORNER_RADIUS = 5
# From the middle of a line of text of size 12 to its baseline.
_BASELINE = 4


def labelled_box(
    box: Box,
    fill: str,
    stroke: str,
    label: str = "",
    is_vertical: bool = False,
    id_: str | None = None,
) -> Markup:
    """Return a rectangle with a label in its middle.

    Args:
        box: The rectangle in units of the drawing.
        fill: Colour of the inside.
        stroke: Colour of the outline.
        label: Text in the middle, "" for none.
        is_vertical: Whether the label reads upwards.
        id_: Id of the rectangle in the document, None for none.
    """
    rectangle = element(
        "rect",
        id=id_,
        x=box.left,
        y=box.top,
        width=box.width,
        height=box.height,
        rx=_CORNER_RADIUS,
        fill=fill,
        stroke=stroke,
    )
    if not label:
        return rectangle
    turn = f"rotate(-90 {box.x:.1f} {box.y:.1f})" if is_vertical else None
    return rectangle + text(box.x, box.y + _BASELINE, label, text_anchor="middle", transform=turn)


def add_sign(box: Box, id_: str | None = None) -> Markup:
    """Return a circle with a plus: outputs are added here."""
    radius = box.width / 2
    circle = element(
        "circle",
        id=id_,
        cx=box.x,
        cy=box.y,
        r=radius,
        fill=PAPER,
        stroke=EDGE,
    )
    left = box.x - radius / 2
    top = box.y - radius / 2
    horizontal = path(f"M{left:.1f} {box.y:.1f}h{radius:.1f}", stroke=INK)
    vertical = path(f"M{box.x:.1f} {top:.1f}v{radius:.1f}", stroke=INK)
    return circle + horizontal + vertical


def arrow_right(x: float, y: float, colour: str) -> Markup:
    """Return the head of an arrow whose tip, at (x, y), points to the right."""
    return path(f"M{x:.1f} {y:.1f}l-7 -3.5v7z", fill=colour)


def arrow_down(x: float, y: float, colour: str) -> Markup:
    """Return the head of an arrow whose tip, at (x, y), points down."""
    return path(f"M{x:.1f} {y:.1f}l-3.5 -7h7z", fill=colour)
