"""A ranking as a chart: one mark a cell, or one line for each of several rankings."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from pnas.reports.charts.legend import LegendEntry, group_entries, line_entry
from pnas.reports.charts.marks import CellMarks, MarkedPlace, colour_of, shape_of
from pnas.reports.charts.picture import stacked_picture
from pnas.reports.charts.plot import Plot, limits_of
from pnas.reports.charts.reward_chart import REWARD_LABEL
from pnas.reports.data.distinct_cells import describe_size
from pnas.reports.data.outliers import outliers_below
from pnas.reports.data.rankings import RankedCell, Ranking, place_cells, ranking_line
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
        title: Title; by default the number of cells, and of trainings where these are more.

    Raises:
        InvalidValue: Another order.
    """
    ranking = place_cells(cells, order)
    outliers = outliers_below(ranking.rewards)
    plot = _empty_plot(ranking, outliers)
    plots = [plot]
    if order == "sorted" and ranking.places:
        # The rows below have the same axis, with its numbers and its name.
        plot.x_label = ""
        plot.has_x_ticks = False
        plot.below = 8
        plots.append(_group_rows(ranking, plot.x))

    marks = CellMarks(cells)
    marks.draw_predicted(plot, _predictions(ranking))
    _draw_values(plot, marks, ranking, outliers)
    if title is None:
        title = describe_size(cells)
    return stacked_picture(title, plots, _entries(ranking, outliers))


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
    lanes = [place_cells(cells, order) for cells in rankings.values()]
    together = _together(lanes, order)
    outliers = outliers_below(together.rewards)
    plot = _empty_plot(together, outliers)
    for number, (cells, lane) in enumerate(zip(rankings.values(), lanes, strict=True)):
        marks = CellMarks(cells, number, colour=run_colour(number))
        plot.add(_lane(plot, marks, lane, number, outliers))
    if is_bare:
        return stacked_picture("", [plot], [])

    entries = []
    for number, name in enumerate(rankings):
        entries.append(line_entry(name, run_colour(number)))
    for group in groups_of(together.ranked_cells):
        entries.append(LegendEntry(group.name, shape_of(group), MUTED))
    return stacked_picture(f"{len(rankings)} rankings", [plot], entries)


def _together(rankings: Sequence[Ranking], order: str) -> Ranking:
    places: list[RankedCell] = []
    for ranking in rankings:
        places += ranking.places
    places.sort(key=lambda place: place.place)
    return Ranking(order, tuple(places))


def _empty_plot(ranking: Ranking, outliers: set[float]) -> Plot:
    rewards = [reward for reward in ranking.rewards if reward not in outliers]
    x_label = "rank" if ranking.order == "sorted" else "child, in training order"
    y_label = REWARD_LABEL if rewards else _PREDICTED_LABEL
    return Plot(
        x=(0.0, ranking.last + 1.0),
        y=limits_of([*rewards, *ranking.predictions]),
        x_label=x_label,
        y_label=y_label,
        title=f"{y_label} by {x_label}",
        width=_WIDTH,
        height=_HEIGHT,
    )


def _predictions(ranking: Ranking) -> list[MarkedPlace]:
    """Return where the predictions of measured cells go."""
    places = []
    for place in ranking.places:
        cell = place.cell
        if cell.reward is not None and cell.predicted is not None:
            places.append(MarkedPlace(place.index, place.place, cell.predicted))
    return places


def _draw_values(plot: Plot, marks: CellMarks, ranking: Ranking, outliers: set[float]) -> None:
    """Draw rewards, predictions of cells that have no reward, and crosses for failed cells."""
    places = []
    for place in ranking.places:
        value = place.cell.value
        if value is not None:
            places.append(MarkedPlace(place.index, place.place, value))
    marks.draw(plot, places, outliers)

    failed = [(place.index, float(place.place)) for place in ranking.failed]
    marks.draw_failed(plot, failed)


def _lane(
    plot: Plot, marks: CellMarks, ranking: Ranking, number: int, outliers: set[float]
) -> Markup:
    """Return the line and the marks of one ranking, as a group that the page can hide."""
    layer = plot.layer()
    draw_line = layer.line if ranking.order == "sorted" else layer.steps
    draw_line(ranking_line(ranking), stroke=run_colour(number), stroke_width=1.5)
    _draw_values(layer, marks, ranking, outliers)
    return element("g", *layer.marks(), data_run=number)


def _group_rows(ranking: Ranking, x: tuple[float, float]) -> Plot:
    """Return a row of ticks for each group: which cells are where when marks run together."""
    groups = groups_of(ranking.ranked_cells)
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
        places = [place for place in ranking.places if place.cell.group == group]
        plot.add(*_group_row(plot, group, places, middle))
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


def _entries(ranking: Ranking, outliers: set[float]) -> list[LegendEntry]:
    cells = ranking.ranked_cells
    measured = [cell for cell in cells if cell.reward is not None]
    only_predicted = [cell for cell in cells if cell.reward is None]
    entries = group_entries(groups_of(measured))
    suffix = ", predicted" if measured else ""
    entries += group_entries(groups_of(only_predicted), suffix, is_hollow=True)

    if _predictions(ranking):
        entries.append(LegendEntry("predicted", "_", MUTED))
    if ranking.failed:
        entries.append(LegendEntry("failed", "X", INK))
    if outliers:
        lowest = min(set(ranking.rewards) - outliers)
        entries.append(LegendEntry(f"below {lowest:.2f}", "v", MUTED))
    return entries
