"""How cells show in every chart: by group, measured or only predicted, failed or far below."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pnas.reports.charts.plot import Plot
from pnas.reports.data.scored_cell import CellGroup, Phase, ScoredCell, ranked
from pnas.reports.palette import INK, MUTED, PAPER, phase_colour, size_colour, size_mark
from pnas.reports.svg import element, path

MOST_INTERACTIVE = 2000
"""Up to so many cells each mark of a chart shows its cell under the pointer. Of more cells only the
best do, and the others are dots of a few bytes: a page of 10,000 cells stays below 5 MB."""

_LARGEST = 4.0
_BEST_INTERACTIVE = 500
_FAILED_INTERACTIVE = 100

_OUTLINES = {
    "s": "M{left} {top}H{right}V{bottom}H{left}Z",
    "^": "M{x} {top}L{right} {bottom}L{left} {bottom}Z",
    "v": "M{x} {bottom}L{right} {top}L{left} {top}Z",
    "D": "M{x} {top}L{right} {y}L{x} {bottom}L{left} {y}Z",
    "P": "M{left} {y}H{right}M{x} {top}V{bottom}",
    "X": "M{left} {top}L{right} {bottom}M{left} {bottom}L{right} {top}",
    "_": "M{left} {y}H{right}",
}
_OPEN_SHAPES = "PX_"

_PHASE_SHAPES = {Phase.REFINEMENT: "D", Phase.CONFIRMATION: "P"}


def mark(shape: str, x: float, y: float, size: float, **attributes: object) -> Markup:
    """Return a small mark around (x, y).

    Args:
        shape: o circle, s square, ^ and v triangles, D diamond, P plus, X cross, _ dash.
        x: Horizontal place in units.
        y: Vertical place in units.
        size: Half of the mark's width in units.
        **attributes: Attributes of the element.
    """
    if shape == "o":
        return element("circle", cx=x, cy=y, r=size, **attributes)
    outline = _OUTLINES[shape].format(
        x=_short(x),
        y=_short(y),
        left=_short(x - size),
        right=_short(x + size),
        top=_short(y - size),
        bottom=_short(y + size),
    )
    return element("path", d=outline, **attributes)


def _short(value: float) -> str:
    return f"{value:.1f}"


def colour_of(group: CellGroup) -> str:
    """Return the colour of a group, the same in every chart."""
    if group.phase is Phase.GROWTH:
        return size_colour(group.blocks)
    return phase_colour(group.phase)


def shape_of(group: CellGroup) -> str:
    """Return the mark of a group, the same in every chart."""
    return _PHASE_SHAPES.get(group.phase) or size_mark(group.blocks)


def styled_mark(
    shape: str,
    x: float,
    y: float,
    size: float,
    colour: str,
    is_hollow: bool = False,
    **more: object,
) -> Markup:
    """Return a mark in ``colour``: filled, an outline, or, for crosses and dashes, a line."""
    if shape in _OPEN_SHAPES:
        return mark(shape, x, y, size, stroke=colour, stroke_width=1.5, fill="none", **more)
    if is_hollow:
        return mark(shape, x, y, size, stroke=colour, fill=PAPER, **more)
    return mark(shape, x, y, size, fill=colour, fill_opacity=0.75, **more)


@dataclass(frozen=True, slots=True)
class MarkedPlace:
    """Where a cell goes in a chart.

    Attributes:
        index: Position of the cell among all cells of its run or file.
        x: Value on the horizontal axis.
        y: Value on the vertical axis.
    """

    index: int
    x: float
    y: float


class CellMarks:
    """Draws the cells of one run or file into its charts.

    A mark carries the number of its run and of its cell (``data-c="0:12"``), by which the page's
    script finds what to show.

    Args:
        cells: All cells of the run or file.
        run_index: Number of the run on the page.
        colour: Colour of all its marks; None for the colours of the groups.
    """

    def __init__(
        self, cells: Sequence[ScoredCell], run_index: int = 0, colour: str | None = None
    ) -> None:
        self.cells = cells
        self._run_index = run_index
        self._colour = colour
        self._interactive = interactive_cells(cells)
        self.size = mark_size(len(cells))

    def draw(
        self, plot: Plot, places: Iterable[MarkedPlace], outliers: Iterable[float] = ()
    ) -> None:
        """Draw one mark a place.

        Args:
            plot: Plot to draw into.
            places: Places of cells.
            outliers: Values of the vertical axis that are drawn as triangles at its lower end.
        """
        below = set(outliers)
        crowd: dict[str, list[MarkedPlace]] = {}
        shown = []
        for place in places:
            if place.index in self._interactive:
                shown.append(place)
            else:
                colour = self._colour_of(self.cells[place.index])
                crowd.setdefault(colour, []).append(place)

        for colour, members in crowd.items():
            plot.add(_dots(plot, members, self.size, colour))
        for place in shown:
            plot.add(self._mark(plot, place, is_outlier=place.y in below))

    def draw_failed(self, plot: Plot, places: Iterable[tuple[int, float]]) -> None:
        """Draw a cross on the horizontal axis for each failed cell, given by (index, x)."""
        for index, x in places:
            if index not in self._interactive:
                continue
            cross = styled_mark(
                "X",
                plot.at_x(x),
                plot.bottom,
                _LARGEST,
                INK,
                data_c=self._reference(index),
            )
            plot.add(cross)

    def draw_predicted(self, plot: Plot, places: Iterable[MarkedPlace]) -> None:
        """Draw a grey dash where the prediction of a measured cell was."""
        for place in places:
            if place.index in self._interactive:
                x = plot.at_x(place.x)
                y = plot.at_y(place.y)
                plot.add(styled_mark("_", x, y, _LARGEST, MUTED))

    def draw_rings(self, plot: Plot, places: Iterable[MarkedPlace]) -> None:
        """Draw a ring around each place."""
        for place in places:
            x = plot.at_x(place.x)
            y = plot.at_y(place.y)
            radius = self.size + 3
            plot.add(
                element(
                    "circle",
                    cx=x,
                    cy=y,
                    r=radius,
                    fill="none",
                    stroke=INK,
                    stroke_width=1.3,
                    pointer_events="none",
                )
            )

    def _mark(self, plot: Plot, place: MarkedPlace, is_outlier: bool) -> Markup:
        cell = self.cells[place.index]
        return styled_mark(
            "v" if is_outlier else shape_of(cell.group),
            plot.at_x(place.x),
            plot.at_y(place.y),
            self.size,
            self._colour_of(cell),
            is_hollow=cell.reward is None,
            data_c=self._reference(place.index),
        )

    def _colour_of(self, cell: ScoredCell) -> str:
        return self._colour or colour_of(cell.group)

    def _reference(self, index: int) -> str:
        return f"{self._run_index}:{index}"


def interactive_cells(cells: Sequence[ScoredCell]) -> frozenset[int]:
    """Return the positions of the cells whose marks respond to the pointer.

    All of them up to `MOST_INTERACTIVE`; of more, the best and the first that failed.
    """
    if len(cells) <= MOST_INTERACTIVE:
        return frozenset(range(len(cells)))
    ordered = ranked(cells)
    best = ordered[:_BEST_INTERACTIVE]
    failed = [cell for cell in cells if cell.has_failed]
    shown = {id(cell) for cell in (*best, *failed[:_FAILED_INTERACTIVE])}

    # By identity: equal cells are different children.
    indices = [index for index, cell in enumerate(cells) if id(cell) in shown]
    return frozenset(indices)


def mark_size(cells: int) -> float:
    """Return half the width of a mark in units, smaller where many cells share a chart."""
    if cells < 150:
        return _LARGEST
    if cells < 500:
        return 3.0
    return 2.2


def _dots(plot: Plot, places: Sequence[MarkedPlace], size: float, colour: str) -> Markup:
    """Return many dots as one path: a line of no length with round ends is a dot."""
    starts = [f"M{plot.at_x(place.x):.1f} {plot.at_y(place.y):.1f}h0" for place in places]
    return path(
        "".join(starts),
        stroke=colour,
        stroke_width=2 * size,
        stroke_linecap="round",
        stroke_opacity=0.5,
    )
