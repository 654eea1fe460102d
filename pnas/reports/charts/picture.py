"""A whole picture: a title, plots side by side or above one another, and one legend for all."""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from pnas.reports.charts.legend import LINE_HEIGHT, LegendEntry, draw_legend
from pnas.reports.charts.plot import Plot
from pnas.reports.svg import drawing, element, text

_TITLE_HEIGHT = 34
_TITLE_SIZE = 15
_MARGIN = 12
# Width of a character of a legend, in units.
_CHARACTER = 7.3

_LONGEST_NAME = 30


class PlacedPlot(NamedTuple):
    """A plot and its upper left corner in units."""

    plot: Plot
    left: float
    top: float


def titled_picture(title: str, plots: Sequence[Plot], entries: Sequence[LegendEntry]) -> Markup:
    """Return plots in a row below a title, with a legend at their right.

    Args:
        title: Text above, "" for none.
        plots: Plots from left to right.
        entries: Rows of the legend.
    """
    placed = []
    left = float(_MARGIN)
    for plot in plots:
        placed.append(PlacedPlot(plot, left, _top(title)))
        left += plot.width + _MARGIN
    return _compose(title, placed, entries)


def stacked_picture(title: str, plots: Sequence[Plot], entries: Sequence[LegendEntry]) -> Markup:
    """Return plots above one another below a title, with a legend at their right."""
    placed = []
    top = _top(title)
    for plot in plots:
        placed.append(PlacedPlot(plot, _MARGIN, top))
        top += plot.height
    return _compose(title, placed, entries)


def _top(title: str) -> float:
    return float(_TITLE_HEIGHT if title else 0)


def _compose(title: str, placed: Sequence[PlacedPlot], entries: Sequence[LegendEntry]) -> Markup:
    right = max(item.left + item.plot.width for item in placed)
    bottom = max(item.top + item.plot.height for item in placed)
    shortened = [shorten_entry(entry) for entry in entries]
    longest = max((len(entry.text) for entry in shortened), default=0)
    legend_width = 30 + _CHARACTER * longest if entries else 0

    parts = []
    if title:
        parts.append(text(_MARGIN, 22, title, font_size=_TITLE_SIZE, font_weight="bold"))
    for item in placed:
        place = f"translate({item.left:g} {item.top:g})"
        parts.append(element("g", *item.plot.content(), transform=place))
    legend_top = placed[0].top + 20
    parts += draw_legend(shortened, right + 4, legend_top)
    legend_bottom = legend_top + LINE_HEIGHT * len(entries)
    return drawing(
        right + legend_width + _MARGIN,
        max(bottom, legend_bottom) + 4,
        *parts,
        title=title or placed[0].plot.title,
        class_="plot",
    )


def shorten_entry(entry: LegendEntry) -> LegendEntry:
    """Return an entry whose name is not too long: the end of a path is what tells files apart."""
    if len(entry.text) <= _LONGEST_NAME:
        return entry
    name = f"…{entry.text[1 - _LONGEST_NAME :]}"
    return LegendEntry(name, entry.shape, entry.colour, entry.is_hollow)
