"""A legend: a column of marks and names beside a plot."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markupsafe import Markup

from pnas.reports.charts.marks import colour_of, shape_of, styled_mark
from pnas.reports.data.scored_cell import CellGroup
from pnas.reports.palette import INK
from pnas.reports.svg import path, text

LINE_HEIGHT = 20
_MARK_SIZE = 4.0
_LINE_SHAPE = "line"


@dataclass(frozen=True)
class LegendEntry:
    """One row of a legend.

    Attributes:
        text: Name.
        shape: Mark (see `mark`), or "line".
        colour: Colour of the mark.
        is_hollow: Whether the mark is an outline.
    """

    text: str
    shape: str
    colour: str = INK
    is_hollow: bool = False


def group_entries(
    groups: Iterable[CellGroup], suffix: str = "", is_hollow: bool = False
) -> list[LegendEntry]:
    """Return an entry for each group of cells, ``suffix`` after its name."""
    entries = []
    for group in groups:
        name = f"{group.name}{suffix}"
        entries.append(LegendEntry(name, shape_of(group), colour_of(group), is_hollow))
    return entries


def line_entry(name: str, colour: str = INK) -> LegendEntry:
    """Return an entry for a line."""
    return LegendEntry(name, _LINE_SHAPE, colour)


def draw_legend(entries: Iterable[LegendEntry], left: float, top: float) -> Iterator[Markup]:
    """Yield the elements of a legend whose upper left corner is at (left, top)."""
    for number, entry in enumerate(entries):
        y = top + LINE_HEIGHT * (number + 0.5)
        if entry.shape == _LINE_SHAPE:
            yield path(f"M{left} {y}h16", stroke=entry.colour, stroke_width=2)
        else:
            yield styled_mark(
                entry.shape,
                left + 8,
                y,
                _MARK_SIZE,
                entry.colour,
                entry.is_hollow,
            )
        yield text(left + 22, y + 4, entry.text)
