"""Rankings in their order: all cells in one, or one ranking for each file or run, to be laid over one another."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from pnas.reports.data.scored_cell import ScoredCell, has_worth, ranked, short_names


@dataclass(frozen=True)
class Placed:
    """A cell, its number among the cells as they were read, and its place on the axis, counted from 1."""

    place: int
    index: int
    cell: ScoredCell

    @property
    def value(self) -> float | None:
        """Its reward; of a cell that has none its prediction; None if it failed."""
        return (
            self.cell.reward
            if self.cell.reward is not None
            else self.cell.predicted
            if has_worth(self.cell)
            else None
        )


def placed(cells: Sequence[ScoredCell], order: str) -> list[Placed]:
    """The cells in ``order``: "sorted" (best first, those without worth left out) or "training"."""
    numbered = list(enumerate(cells))
    if order == "sorted":
        # Equals keep their order, so the places of `ranked` are found by identity.
        rank = {id(cell): place for place, cell in enumerate(ranked(cells))}
        numbered = sorted(
            ((i, c) for i, c in numbered if has_worth(c)), key=lambda item: rank[id(item[1])]
        )
    return [Placed(place, index, cell) for place, (index, cell) in enumerate(numbered, start=1)]


def by_source(cells: Iterable[ScoredCell]) -> dict[str, list[ScoredCell]]:
    """The cells of each file or run, under the shortest name that tells it apart."""
    groups: dict[str, list[ScoredCell]] = {}
    for cell in cells:
        groups.setdefault(cell.source, []).append(cell)
    names = short_names(groups)
    return {names[source]: group for source, group in groups.items()}


def history_first(cells: Sequence[ScoredCell]) -> list[ScoredCell]:
    """Cells of files with rewards before those of files with scores only; files and rows otherwise as they were."""
    measured = {cell.source for cell in cells if cell.reward is not None or cell.status is not None}
    return sorted(cells, key=lambda cell: cell.source not in measured)


def line_of(points: Sequence[Placed], order: str) -> list[tuple[float, float]]:
    """The line that stands for a whole ranking: its values by rank, or the best so far in training order."""
    known = [(float(point.place), point.value) for point in points if point.value is not None]
    if order == "sorted":
        return known
    best = accumulate((value for _, value in known), max)
    return [(place, value) for (place, _), value in zip(known, best, strict=True)]
