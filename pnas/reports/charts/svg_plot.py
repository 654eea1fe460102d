"""SVG as text: elements whose attributes and texts are always escaped, and plots with axes made of them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

WIDTH = 460
HEIGHT = 300
_LEFT = 54
_RIGHT = 14
_TOP = 26
_BOTTOM = 42
_TICKS = 5


def element(name: str, *content: object, **attributes: object) -> Markup:
    """``<name attribute="...">content</name>``; ``_`` in names of attributes stands for ``-``, None leaves one out."""
    written = Markup("").join(
        Markup(' {}="{}"').format(key.strip("_").replace("_", "-"), _short(value))
        for key, value in attributes.items()
        if value is not None
    )
    inner = Markup("").join(escape(part) for part in content)
    return Markup("<{}{}>{}</{}>").format(name, written, inner, name)


def drawing(
    width: float, height: float, *content: Markup, label: str = "", **attributes: object
) -> Markup:
    """A whole SVG of ``width`` x ``height`` units; ``label`` says what it shows to those who cannot see it."""
    inner = (element("title", label), *content) if label else content
    box = f"0 0 {_short(width)} {_short(height)}"
    size = {"viewBox": box, "width": round(width), "height": round(height)}
    shared = {"xmlns": "http://www.w3.org/2000/svg", "role": "img", "font_family": FONT}
    return element("svg", *inner, **shared, **size, **attributes)


FONT = "DejaVu Sans, Verdana, Arial, sans-serif"


def _short(value: object) -> object:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def ticks(low: float, high: float, count: int = _TICKS) -> list[float]:
    """About ``count`` round values from ``low`` to ``high``: multiples of 1, 2 or 5 times a power of ten."""
    if not high > low:
        return [low]
    power = 10.0 ** math.floor(math.log10((high - low) / count))
    step = next(
        (s * power for s in (1, 2, 5, 10) if (high - low) / (s * power) <= count), 10 * power
    )
    first = math.ceil(low / step - 1e-9)
    return [round(n * step, 12) for n in range(first, math.floor(high / step + 1e-9) + 1)]


def label_of(value: float) -> str:
    return f"{value:,.10g}"


@dataclass
class Plot:
    """One plot: a frame with axes, into which marks and lines are put by their values.

    Attributes:
        x: lowest and highest value of the horizontal axis.
        y: of the vertical axis. What lies below is drawn on the axis itself.
        x_label: under the horizontal axis.
        y_label: above the vertical axis.
        title: what the plot shows, for those who cannot see it.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    x_label: str
    y_label: str
    title: str
    width: float = WIDTH
    height: float = HEIGHT
    left: float = _LEFT
    y_ticks: bool = True
    _parts: list[Markup] = field(default_factory=list)

    def at_x(self, value: float) -> float:
        return self.left + _share(value, self.x) * (self.width - self.left - _RIGHT)

    def at_y(self, value: float) -> float:
        return (
            self.height - _BOTTOM - max(0.0, _share(value, self.y)) * (self.height - _TOP - _BOTTOM)
        )

    def add(self, *parts: Markup) -> None:
        self._parts.extend(parts)

    def line(self, points: Sequence[tuple[float, float]], **attributes: object) -> None:
        """Straight from point to point."""
        path = "L".join(f"{self.at_x(x):.1f} {self.at_y(y):.1f}" for x, y in points)
        if points:
            self.add(element("path", d=f"M{path}", fill="none", **attributes))

    def steps(self, points: Sequence[tuple[float, float]], **attributes: object) -> None:
        """Level from each point to the next one's x, then up or down to it."""
        corners = [point for i, point in enumerate(points) for point in _corner(points, i)]
        self.line(corners, **attributes)

    def note(self, x: float, y: float, text: str, **attributes: object) -> None:
        """Text at a place of the plot given in values."""
        self.add(element("text", text, x=self.at_x(x), y=self.at_y(y), font_size=12, **attributes))

    def svg(self) -> Markup:
        return drawing(
            self.width, self.height, *self._frame(), *self._parts, label=self.title, class_="plot"
        )

    def _frame(self) -> Iterable[Markup]:
        bottom = self.height - _BOTTOM
        right = self.width - _RIGHT
        for value in ticks(*self.y) if self.y_ticks else []:
            y = self.at_y(value)
            yield element("path", d=f"M{self.left} {y:.1f}H{right}", stroke="#e5e7eb")
            yield _text(self.left - 6, y + 4, label_of(value), text_anchor="end", fill="#6b7280")
        for value in ticks(*self.x):
            yield _text(
                self.at_x(value), bottom + 16, label_of(value), text_anchor="middle", fill="#6b7280"
            )
        yield element(
            "path", d=f"M{self.left} {_TOP}V{bottom}H{right}", stroke="#6b7280", fill="none"
        )
        yield _text(
            (self.left + right) / 2,
            self.height - 8,
            self.x_label,
            text_anchor="middle",
            fill="#222222",
        )
        yield _text(6, 14, self.y_label, fill="#222222")


def _corner(points: Sequence[tuple[float, float]], index: int) -> list[tuple[float, float]]:
    point = points[index]
    return [point] if index == 0 else [(point[0], points[index - 1][1]), point]


def _share(value: float, limits: tuple[float, float]) -> float:
    low, high = limits
    return (value - low) / (high - low) if high > low else 0.5


def _text(x: float, y: float, text: str, **attributes: object) -> Markup:
    return element("text", text, x=float(x), y=float(y), font_size=12, **attributes)


def mark(shape: str, x: float, y: float, size: float, **attributes: object) -> Markup:
    """A small mark around (x, y): o circle, s square, ^ and v triangles, D diamond, P plus, X cross, _ dash.

    Args:
        shape: as matplotlib names it, so that a stage looks the same in every picture.
        x: in units of the drawing.
        y: in units of the drawing.
        size: half of the mark's width.
        attributes: of the element.
    """
    if shape == "o":
        return element("circle", cx=x, cy=y, r=size, **attributes)
    return element("path", d=_OUTLINES[shape].format(*_places(x, y, size)), **attributes)


def _places(x: float, y: float, size: float) -> list[str]:
    return [f"{value:.1f}" for value in (x - size, x, x + size, y - size, y, y + size)]


_OUTLINES = {
    "s": "M{0} {3}H{2}V{5}H{0}Z",
    "^": "M{1} {3}L{2} {5}L{0} {5}Z",
    "v": "M{1} {5}L{2} {3}L{0} {3}Z",
    "D": "M{1} {3}L{2} {4}L{1} {5}L{0} {4}Z",
    "P": "M{0} {4}H{2}M{1} {3}V{5}",
    "X": "M{0} {3}L{2} {5}M{0} {5}L{2} {3}",
    "_": "M{0} {4}H{2}",
}


def limits_of(values: Sequence[float], margin: float = 0.05) -> tuple[float, float]:
    """Lowest and highest value with some space around them; a range of its own for no or equal values."""
    low = min(values, default=0.0)
    high = max(values, default=1.0)
    space = (high - low) * margin or max(abs(high), 0.01) * margin
    return low - space, high + space
