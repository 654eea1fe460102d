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


@dataclass(frozen=True)
class Ranking:
    """Cells at their places.

    Attributes:
        order: "sorted" or "training".
        places: Cells by ascending place.
    """

    order: str
    places: tuple[RankedCell, ...]

    @property
    def last(self) -> int:
        """The last place, 1 if there is none."""
        return self.places[-1].place if self.places else 1

    @property
    def rewards(self) -> list[float]:
        """Rewards of the cells that have one."""
        rewards = [place.cell.reward for place in self.places]
        return [reward for reward in rewards if reward is not None]

    @property
    def predictions(self) -> list[float]:
        """Predictions of the ranked cells that have one."""
        predictions = []
        for cell in self.ranked_cells:
            if cell.predicted is not None:
                predictions.append(cell.predicted)
        return predictions

    @property
    def ranked_cells(self) -> list[ScoredCell]:
        """Cells with a reward or a prediction that did not fail."""
        return [place.cell for place in self.places if place.cell.is_ranked]

    @property
    def failed(self) -> list[RankedCell]:
        """Cells that failed, at their places."""
        return [place for place in self.places if place.cell.has_failed]


def place_cells(cells: Sequence[ScoredCell], order: str) -> Ranking:
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
    return Ranking(order, tuple(places))


def ranking_line(ranking: Ranking) -> list[tuple[float, float]]:
    """Return the line that stands for a ranking: values by rank, or the best so far in training."""
    xs = []
    values = []
    for place in ranking.places:
        value = place.cell.value
        if value is not None:
            xs.append(float(place.place))
            values.append(value)
    if ranking.order == "training":
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
