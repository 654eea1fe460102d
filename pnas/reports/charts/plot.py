"""A plot: a frame with axes, into which marks and lines are put by their values."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from markupsafe import Markup

from pnas.reports.palette import FAINT, INK, MUTED
from pnas.reports.svg import Point, drawing, path, polyline, text

_TOP = 26
_RIGHT = 14
_TICKS = 5
# From the middle of a line of text of size 12 to its baseline.
_BASELINE = 4

_ROUND_STEPS = (1, 2, 5, 10)
_TOLERANCE = 1e-9
_DECIMALS = 12


def ticks(low: float, high: float, count: int = _TICKS) -> list[float]:
    """Return about ``count`` round values from ``low`` to ``high``.

    They are multiples of 1, 2 or 5 times a power of ten.
    """
    if not high > low:
        return [low]
    extent = high - low
    exponent = math.floor(math.log10(extent / count))
    power = 10.0**exponent
    step = 10 * power
    for factor in _ROUND_STEPS:
        if extent / (factor * power) <= count:
            step = factor * power
            break

    # Without a tolerance, rounding would lose a tick at an end of the axis.
    first = math.ceil(low / step - _TOLERANCE)
    last = math.floor(high / step + _TOLERANCE)
    return [round(number * step, _DECIMALS) for number in range(first, last + 1)]


def limits_of(values: Sequence[float], margin: float = 0.05) -> tuple[float, float]:
    """Return the lowest and the highest value with some space around them.

    Args:
        values: Values; for none the limits are around 0 and 1.
        margin: Space as a share of the range of the values, or, if they are all equal, of them.
    """
    low = min(values, default=0.0)
    high = max(values, default=1.0)
    extent = high - low
    if extent == 0:
        extent = max(abs(high), 0.01)
    space = extent * margin
    return low - space, high + space


@dataclass
class Plot:
    """One plot.

    Attributes:
        x: Lowest and highest value of the horizontal axis.
        y: Those of the vertical axis. Marks below it are drawn on the axis itself.
        x_label: Text below the horizontal axis.
        y_label: Text above the vertical axis.
        title: What the plot shows, for those who cannot see it.
        width: Width in units.
        height: Height in units.
        left: Space for the labels of the vertical axis, in units.
        below: Space for the labels of the horizontal axis, in units.
        has_x_ticks: Whether the horizontal axis has numbers.
        has_y_ticks: Whether the vertical axis has numbers and grid lines.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    x_label: str
    y_label: str
    title: str
    width: float = 460
    height: float = 300
    left: float = 54
    below: float = 42
    has_x_ticks: bool = True
    has_y_ticks: bool = True
    _parts: list[Markup] = field(default_factory=list)

    @property
    def right(self) -> float:
        """Right end of the horizontal axis, in units."""
        return self.width - _RIGHT

    @property
    def bottom(self) -> float:
        """Lower end of the vertical axis, in units."""
        return self.height - self.below

    @property
    def top(self) -> float:
        """Upper end of the vertical axis, in units."""
        return _TOP

    def at_x(self, value: float) -> float:
        """Return the place of ``value`` on the horizontal axis, in units."""
        width = self.right - self.left
        return self.left + _share(value, self.x) * width

    def at_y(self, value: float) -> float:
        """Return the place of ``value`` on the vertical axis, in units."""
        height = self.bottom - self.top
        share = max(0.0, _share(value, self.y))
        return self.bottom - share * height

    def add(self, *parts: Markup) -> None:
        """Put elements, whose coordinates are in units, on top."""
        self._parts.extend(parts)

    def line(self, points: Sequence[Point], **attributes: object) -> None:
        """Draw straight lines from point to point, given in values."""
        if points:
            places = [(self.at_x(x), self.at_y(y)) for x, y in points]
            self.add(polyline(places, **attributes))

    def steps(self, points: Sequence[Point], **attributes: object) -> None:
        """Draw a line that keeps each value up to the next point, then jumps to its value."""
        if not points:
            return
        level = points[0][1]
        corners = [points[0]]
        for x, y in points:
            # Points on a level line would only make the file larger.
            if y != level:
                corners.append((x, level))
                corners.append((x, y))
                level = y
        corners.append(points[-1])
        self.line(corners, **attributes)

    def svg(self) -> Markup:
        """Return the plot as a drawing of its own."""
        content = self.content()
        return drawing(self.width, self.height, *content, title=self.title, class_="plot")

    def content(self) -> list[Markup]:
        """Return the elements of the plot, for a drawing of several."""
        return [*self._grid(), *self._axes(), *self._parts]

    def layer(self) -> "Plot":
        """Return a plot with the same axes and nothing in it, whose `marks` can be one group."""
        return replace(self, _parts=[])

    def marks(self) -> list[Markup]:
        """Return what was put into the plot, without its frame."""
        return list(self._parts)

    def _grid(self) -> Iterator[Markup]:
        for value in ticks(*self.y) if self.has_y_ticks else []:
            y = self.at_y(value)
            yield path(f"M{self.left} {y:.1f}H{self.right}", stroke=FAINT)
            yield text(
                self.left - 6,
                y + _BASELINE,
                _tick_label(value),
                text_anchor="end",
                fill=MUTED,
            )
        for value in ticks(*self.x) if self.has_x_ticks else []:
            yield text(
                self.at_x(value),
                self.bottom + 16,
                _tick_label(value),
                text_anchor="middle",
                fill=MUTED,
            )

    def _axes(self) -> Iterator[Markup]:
        corner = f"M{self.left} {self.top}V{self.bottom}H{self.right}"
        yield path(corner, stroke=MUTED)

        middle = (self.left + self.right) / 2
        below = self.height - 8
        yield text(middle, below, self.x_label, text_anchor="middle")
        yield text(6, 14, self.y_label, fill=INK)


def _tick_label(value: float) -> str:
    return f"{value:,.10g}"


def _share(value: float, limits: tuple[float, float]) -> float:
    low, high = limits
    if not high > low:
        return 0.5
    return (value - low) / (high - low)
