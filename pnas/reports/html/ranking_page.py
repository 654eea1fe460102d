"""A ranking as a web page: every mark shows its cell under the pointer, and runs can be hidden."""

from collections.abc import Sequence
from pathlib import Path

from pnas.reports.charts.ranking_plot import overlay_picture, ranking_picture
from pnas.reports.data.distinct_cells import describe_size
from pnas.reports.data.rankings import by_source
from pnas.reports.data.scored_cell import ScoredCell
from pnas.reports.html.hover_data import HoverGroup, hover_data
from pnas.reports.html.page import write_page
from pnas.reports.palette import run_colour
from pnas.reports.terminal.result_tables import ranking_table


def write_ranking(
    cells: Sequence[ScoredCell],
    path: Path,
    order: str = "sorted",
    overlay: bool = False,
    top: int = 20,
) -> Path:
    """Write the page of a ranking to ``path`` (.html) and return the path.

    Args:
        cells: Cells in training order.
        path: Path of the page.
        order: "sorted" (best first) or "training".
        overlay: Whether each file or run is a ranking of its own, over the others.
        top: Number of rows of the table below the plot.

    Raises:
        InvalidValue: Another order or another kind of file.
    """
    if overlay:
        rankings = by_source(cells)
        title = f"{len(rankings)} rankings"
        picture = overlay_picture(rankings, order, is_bare=True)
    else:
        rankings = {"": list(cells)}
        title = describe_size(cells)
        picture = ranking_picture(cells, order, title="")

    toggles = [(number, name, run_colour(number)) for number, name in enumerate(rankings)]
    groups = [HoverGroup(name, members) for name, members in rankings.items()]
    values = {
        "title": title,
        "toggles": toggles if overlay else [],
        "plot": picture,
        "table": ranking_table(cells, order, top),
        "data": hover_data(groups),
    }
    return write_page(path, "ranking.html.j2", values)
