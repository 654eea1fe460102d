"""Rankings in their order: all cells in one, or one ranking for each file or run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from pnas.errors import require_choice
from pnas.reports.data.scored_cell import ScoredCell, ranked, short_names

ORDERS = ("sorted", "training")


@dataclass(frozen=True)
class RankedCell:
    """A cell at its place of an axis.

    Attributes:
        place: Place, counted from 1.
        index: Position among the cells as they were read, counted from 0.
        cell: The cell.
    """

    place: int
    index: int
    cell: ScoredCell


def place_cells(cells: Sequence[ScoredCell], order: str) -> list[RankedCell]:
    """Return the cells at their places.

    Args:
        cells: Cells in training order.
        order: "sorted" (best first; cells without reward and prediction are left out) or
            "training".

    Raises:
        InvalidValue: Another order.
    """
    require_choice("task.order", order, ORDERS)
    # Equal cells are different children, so positions are found by identity.
    index_of = {id(cell): index for index, cell in enumerate(cells)}
    ordered = list(cells)
    if order == "sorted":
        ordered = [cell for cell in ranked(cells) if cell.is_ranked]

    places = []
    for place, cell in enumerate(ordered, start=1):
        places.append(RankedCell(place, index_of[id(cell)], cell))
    return places


def ranking_line(places: Sequence[RankedCell], order: str) -> list[tuple[float, float]]:
    """Return the line that stands for a ranking: values by rank, or the best so far in training."""
    xs = []
    values = []
    for place in places:
        value = place.cell.value
        if value is not None:
            xs.append(float(place.place))
            values.append(value)
    if order == "training":
        values = list(accumulate(values, max))
    return list(zip(xs, values, strict=True))


def by_source(cells: Iterable[ScoredCell]) -> dict[str, list[ScoredCell]]:
    """Return the cells of each file or run, under the shortest name that tells it apart."""
    groups: dict[str, list[ScoredCell]] = {}
    for cell in cells:
        groups.setdefault(cell.source, []).append(cell)

    named = {}
    for source, name in short_names(groups).items():
        named[name] = groups[source]
    return named


def history_first(cells: Sequence[ScoredCell]) -> list[ScoredCell]:
    """Return cells of files with rewards before those of files with scores only.

    Files and rows otherwise keep their order.
    """
    measured = set()
    for cell in cells:
        if cell.reward is not None or cell.status is not None:
            measured.add(cell.source)
    return sorted(cells, key=lambda cell: cell.source not in measured)
