"""What all figures share: how they are made and saved, and the colours and marks of the stages.

Figures are made without pyplot: no global state, no display. matplotlib is imported inside the functions, so
that nothing else waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pnas.errors import InvalidValue

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#222222"
MUTED = "#6b7280"
FAINT = "#e5e7eb"

_STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    # The first ships with matplotlib, so a PNG looks the same everywhere; an SVG may need the others, of
    # which the next is as wide.
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "font.size": 9,
    "axes.titlesize": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "text.parse_math": False,  # a $ in a name is a $
    "svg.fonttype": "none",  # text stays text: small, and found by a search
    "svg.hashsalt": "pnas",  # the same figure is the same file
}

_STAGE_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#7f7f7f")
"""Okabe and Ito's palette, safe for the common forms of colour blindness, without its yellow and black."""

_STAGE_MARKS = ("o", "s", "^", "D", "P")
"""The same distinction without colour. Crosses are failed children, triangles that point down far below all others."""


def stage_colour(stage: int) -> str:
    return _STAGE_COLOURS[(stage - 1) % len(_STAGE_COLOURS)]


def stage_mark(stage: int) -> str:
    return _STAGE_MARKS[(stage - 1) % len(_STAGE_MARKS)]


@contextmanager
def house_style() -> Iterator[None]:
    """Everything drawn inside looks as all our figures do; matplotlib's own settings come back afterwards."""
    from matplotlib import rc_context

    with rc_context(_STYLE):  # type: ignore[arg-type]  # newer stubs list every key
        yield


def new_figure(
    width: float, height: float, widths: Sequence[float] = (1,), heights: Sequence[float] = (1,)
) -> tuple[Figure, list[Axes]]:
    """A figure of ``width`` x ``height`` inches; its panels row by row, with the given relative sizes."""
    figure = _figure(width, height, layout="constrained")
    axes = figure.subplots(
        len(heights),
        len(widths),
        squeeze=False,
        sharex="col",
        width_ratios=widths,
        height_ratios=heights,
    )
    return figure, list(axes.flat)


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure to draw boxes on: one panel without axes, in inches from its upper left corner."""
    figure = _figure(width, height)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    return figure, axes


def _figure(width: float, height: float, **options: Any) -> Figure:
    from matplotlib import artist

    # While it is imported, a manual page is written for each of a hundred classes: a tenth of a second.
    write_manual = artist.kwdoc
    artist.kwdoc = lambda *_: ""
    try:
        from matplotlib.figure import Figure
    finally:
        artist.kwdoc = write_manual
    return Figure(figsize=(width, height), facecolor="white", **options)


def save(figure: Figure, path: Path | str, dpi: int = 150) -> Path:
    """Write ``figure`` to ``path`` as its suffix says, and return the path; folders are made as needed.

    Raises:
        InvalidValue: a suffix other than .png and .svg.
    """
    path = check_suffix(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # No date: the same figure is the same file.
    metadata = {"Date": None} if path.suffix.lower() == ".svg" else None
    with house_style():
        figure.savefig(path, dpi=dpi, metadata=metadata)
    return path


def check_suffix(path: Path | str) -> Path:
    """Return ``path`` if figures can be saved under it; raise `InvalidValue` otherwise."""
    path = Path(path)
    if path.suffix.lower() not in (".png", ".svg"):
        raise InvalidValue("task.output", "must end in .png or .svg", str(path))
    return path
