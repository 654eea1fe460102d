"""A search in one picture: rewards with the best so far, and how well they were predicted."""

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from pnas.reports.charts.legend import LegendEntry, group_entries
from pnas.reports.charts.marks import CellMarks, colour_of, shape_of
from pnas.reports.charts.picture import titled_picture
from pnas.reports.charts.prediction_chart import prediction_chart
from pnas.reports.charts.reward_chart import rewards_by_child
from pnas.reports.data.number_format import count_children
from pnas.reports.data.predictions import PredictedGroup, predicted_groups
from pnas.reports.data.scored_cell import ScoredCell, groups_of
from pnas.reports.picture_files import check_picture_suffix, save_picture

_WIDTH = 600
_HEIGHT = 360


def plot_search(cells: Sequence[ScoredCell], path: Path | str, title: str | None = None) -> Path:
    """Draw a search to a file (see `search_picture`) and return its path.

    Raises:
        InvalidValue: Another kind of file.
    """
    check_picture_suffix(path)
    return save_picture(search_picture(cells, title), path)


def search_picture(cells: Sequence[ScoredCell], title: str | None = None) -> Markup:
    """Return the picture of a search.

    At the left rewards by children trained, with the best so far; at the right ranks by reward
    against ranks by prediction, left out where nothing was predicted; then a legend with the rank
    correlation of each group.

    Args:
        cells: Children of one search in training order.
        title: Title; by default the number of children that have a reward.
    """
    marks = CellMarks(cells)
    chart = rewards_by_child(cells, marks, _WIDTH, _HEIGHT)
    plots = [chart.plot]
    predicted = predicted_groups(cells)
    if predicted:
        title_of_plot = "rewards against predictions, by rank"
        plots.append(prediction_chart(predicted, marks, title_of_plot, size=_HEIGHT))

    measured = sum(cell.reward is not None for cell in cells)
    entries = [*_group_entries(cells, predicted), *chart.entries]
    return titled_picture(title or f"Reward of {count_children(measured)}", plots, entries)


def _group_entries(
    cells: Sequence[ScoredCell], predicted: Sequence[PredictedGroup]
) -> list[LegendEntry]:
    rho_of = {group.group: group.rho for group in predicted}
    entries = []
    for group, entry in zip(groups_of(cells), group_entries(groups_of(cells)), strict=True):
        if group in rho_of:
            rho = rho_of[group]
            shown = "n/a" if rho is None else f"{rho:.2f}"
            name = f"{entry.text}: ρ = {shown}"
            entry = LegendEntry(name, shape_of(group), colour_of(group))
        entries.append(entry)
    return entries
