"""A ranking as a chart: one mark a cell, or one line for each of several rankings."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from pnas.reports.charts.legend import LegendEntry, group_entries, line_entry
from pnas.reports.charts.marks import CellMarks, MarkedPlace, colour_of, shape_of
from pnas.reports.charts.picture import stacked_picture
from pnas.reports.charts.plot import Plot, limits_of
from pnas.reports.charts.reward_chart import REWARD_LABEL
from pnas.reports.data.outliers import outliers_below
from pnas.reports.data.rankings import RankedCell, place_cells, ranking_line
from pnas.reports.data.scored_cell import CellGroup, ScoredCell, groups_of
from pnas.reports.palette import INK, MUTED, run_colour
from pnas.reports.picture_files import check_picture_suffix, save_picture
from pnas.reports.svg import element, path, text

_WIDTH = 760
_HEIGHT = 420
_ROW_HEIGHT = 16
_TICK = 10
_PREDICTED_LABEL = "predicted reward"


def plot_ranking(
    cells: Sequence[ScoredCell], path: Path | str, order: str = "sorted", title: str | None = None
) -> Path:
    """Draw a ranking to a file (see `ranking_picture`) and return its path.

    Raises:
        InvalidValue: Another order or another kind of file.
    """
    check_picture_suffix(path)
    return save_picture(ranking_picture(cells, order, title), path)


def plot_overlay(
    groups: Mapping[str, Sequence[ScoredCell]], path: Path | str, order: str = "sorted"
) -> Path:
    """Draw several rankings over one another to a file (see `overlay_picture`).

    Raises:
        InvalidValue: Another order or another kind of file.
    """
    check_picture_suffix(path)
    return save_picture(overlay_picture(groups, order), path)


def ranking_picture(
    cells: Sequence[ScoredCell], order: str = "sorted", title: str | None = None
) -> Markup:
    """Return a ranking: one mark a cell in the colour of its group.

    Beside a reward, a grey dash shows what was predicted before training. Cells without a reward
    show their prediction as a hollow mark. Below a sorted ranking, rows of ticks show where the
    cells of each group are; in training order, failed children are crosses on the axis.

    Args:
        cells: Cells in training order.
        order: "sorted" (best first) or "training".
        title: Title; by default the number of cells.

    Raises:
        InvalidValue: Another order.
    """
    places = place_cells(cells, order)
    plot = _empty_plot(places, _outliers(places), order)
    plots = [plot]
    if order == "sorted" and places:
        # The rows below have the same axis, with its numbers and its name.
        plot.x_label = ""
        plot.has_x_ticks = False
        plot.below = 8
        plots.append(_group_rows(places, plot.x))
    entries = _draw_ranking(plot, cells, places)
    if title is None:
        title = f"{len(cells):,} cells"
    return stacked_picture(title, plots, entries)


def overlay_picture(
    rankings: Mapping[str, Sequence[ScoredCell]], order: str = "sorted", is_bare: bool = False
) -> Markup:
    """Return several rankings over one another, each in a colour of its own.

    Args:
        rankings: Cells of each file or run by its name, in training order.
        order: "sorted" (values by rank) or "training" (with the best so far).
        is_bare: Whether title and legend are left out, for a page that has its own.

    Raises:
        InvalidValue: Another order.
    """
    lanes = {name: place_cells(cells, order) for name, cells in rankings.items()}
    every = [place for lane in lanes.values() for place in lane]
    outliers = _outliers(every)
    plot = _empty_plot(every, outliers, order)
    for number, (name, lane) in enumerate(lanes.items()):
        marks = CellMarks(rankings[name], number, colour=run_colour(number))
        plot.add(_lane(plot, marks, lane, order, number, outliers))

    entries = []
    title = ""
    if not is_bare:
        title = f"{len(rankings)} rankings"
        for number, name in enumerate(lanes):
            entries.append(line_entry(name, run_colour(number)))
        cells = [place.cell for place in every]
        for group in groups_of(cells):
            entries.append(LegendEntry(group.name, shape_of(group), MUTED))
    return stacked_picture(title, [plot], entries)


def _draw_ranking(
    plot: Plot, cells: Sequence[ScoredCell], places: Sequence[RankedCell]
) -> list[LegendEntry]:
    """Draw the marks of a ranking, and return the entries of its legend."""
    outliers = _outliers(places)
    marks = CellMarks(cells)
    predicted = []
    for place in places:
        if place.cell.reward is not None and place.cell.predicted is not None:
            predicted.append(MarkedPlace(place.index, place.place, place.cell.predicted))
    marks.draw_predicted(plot, predicted)
    marks.draw(plot, _values(places), outliers)
    failed = [(place.index, float(place.place)) for place in places if place.cell.has_failed]
    marks.draw_failed(plot, failed)
    return _entries(places, outliers, has_predictions=bool(predicted))


def _empty_plot(places: Sequence[RankedCell], outliers: set[float], order: str) -> Plot:
    cells = [place.cell for place in places if place.cell.is_ranked]
    rewards = [cell.reward for cell in cells if cell.reward is not None]
    predictions = [cell.predicted for cell in cells if cell.predicted is not None]
    values = [value for value in (*rewards, *predictions) if value not in outliers]

    last = max((place.place for place in places), default=1)
    x_label = "rank" if order == "sorted" else "child, in training order"
    y_label = REWARD_LABEL if rewards else _PREDICTED_LABEL
    return Plot(
        x=(0.0, last + 1.0),
        y=limits_of(values),
        x_label=x_label,
        y_label=y_label,
        title=f"{y_label} by {x_label}",
        width=_WIDTH,
        height=_HEIGHT,
    )


def _outliers(places: Sequence[RankedCell]) -> set[float]:
    rewards = [place.cell.reward for place in places if place.cell.reward is not None]
    return outliers_below(rewards)


def _values(places: Sequence[RankedCell]) -> list[MarkedPlace]:
    known = []
    for place in places:
        if place.cell.value is not None:
            known.append(MarkedPlace(place.index, place.place, place.cell.value))
    return known


def _lane(
    plot: Plot,
    marks: CellMarks,
    lane: Sequence[RankedCell],
    order: str,
    number: int,
    outliers: set[float],
) -> Markup:
    """Return the line and the marks of one ranking, as a group that the page can hide."""
    layer = Plot(plot.x, plot.y, "", "", "", plot.width, plot.height)
    line = ranking_line(lane, order)
    draw_line = layer.line if order == "sorted" else layer.steps
    draw_line(line, stroke=run_colour(number), stroke_width=1.5)
    marks.draw(layer, _values(lane), outliers)
    marks.draw_failed(layer, [(p.index, float(p.place)) for p in lane if p.cell.has_failed])
    return element("g", *layer.marks(), data_run=number)


def _group_rows(places: Sequence[RankedCell], x: tuple[float, float]) -> Plot:
    """Return a row of ticks for each group: which cells are where when marks run together."""
    groups = groups_of(place.cell for place in places)
    plot = Plot(
        x=x,
        y=(0.0, 1.0),
        x_label="rank",
        y_label="",
        title="ranks by group",
        width=_WIDTH,
        height=_ROW_HEIGHT * len(groups) + 68,
        has_y_ticks=False,
    )
    middle = plot.top + _ROW_HEIGHT / 2
    for group in groups:
        mine = [place for place in places if place.cell.group == group]
        plot.add(*_group_row(plot, group, mine, middle))
        middle += _ROW_HEIGHT
    return plot


def _group_row(
    plot: Plot, group: CellGroup, places: Sequence[RankedCell], middle: float
) -> Iterator[Markup]:
    """Yield a tick for each cell of a group, and the name of the group."""
    top = middle - _TICK / 2
    ticks = []
    for place in places:
        x = plot.at_x(place.place)
        ticks.append(f"M{x:.1f} {top}v{_TICK}")
    yield path("".join(ticks), stroke=colour_of(group))
    yield text(
        plot.left - 6,
        middle + 4,
        group.name,
        font_size=10,
        text_anchor="end",
        fill=MUTED,
    )


def _entries(
    places: Sequence[RankedCell], outliers: set[float], has_predictions: bool
) -> list[LegendEntry]:
    cells = [place.cell for place in places if place.cell.is_ranked]
    measured = [cell for cell in cells if cell.reward is not None]
    only_predicted = [cell for cell in cells if cell.reward is None]
    entries = group_entries(groups_of(measured))
    suffix = ", predicted" if measured else ""
    entries += group_entries(groups_of(only_predicted), suffix, is_hollow=True)
    if has_predictions:
        entries.append(LegendEntry("predicted", "_", MUTED))
    if any(place.cell.has_failed for place in places):
        entries.append(LegendEntry("failed", "X", INK))
    if outliers:
        rewards = {cell.reward or 0.0 for cell in measured}
        lowest = min(rewards - outliers)
        entries.append(LegendEntry(f"below {lowest:.2f}", "v", MUTED))
    return entries
