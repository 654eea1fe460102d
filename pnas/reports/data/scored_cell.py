"""ScoredCell: a cell and what is known of its worth, whichever file or journal it comes from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from pnas.records import ChildRecord, Status
from pnas.state_space import Cell


@dataclass(frozen=True)
class ScoredCell:
    """One row of a ranking.

    Attributes:
        cell: the cell.
        reward: measured validation accuracy in [0, 1]; None if it was not (or could not be) trained.
        predicted: what a predictor said of it before it was trained; None if it was not asked.
        stage: the stage that trained it, or its number of blocks where the source names no stage.
        status: state of the child; None where the source knows no children (score files).
        params: trainable parameters.
        flops: multiply-adds of one example.
        seconds: wall-clock time of its training.
        error: why it failed.
        source: name of the file or run that the row was read from.
    """

    cell: Cell
    reward: float | None
    predicted: float | None
    stage: int
    status: Status | None = None
    params: int | None = None
    flops: int | None = None
    seconds: float | None = None
    error: str | None = None
    source: str = ""


def from_children(children: Iterable[ChildRecord], source: str = "") -> list[ScoredCell]:
    """The children of a journal, in the journal's order."""
    return [
        ScoredCell(
            cell=child.cell,
            reward=child.reward,
            predicted=child.predicted,
            stage=child.b,
            status=child.status,
            params=child.params,
            flops=child.flops,
            seconds=child.seconds,
            error=child.error,
            source=source,
        )
        for child in children
    ]


def ranked(cells: Iterable[ScoredCell]) -> list[ScoredCell]:
    """Best first: the measured by reward, then the unmeasured by prediction, then those with neither.

    A prediction is never compared with a measurement, and a child that failed has no worth whatever was
    predicted of it. Equals keep their order.
    """
    return sorted(cells, key=_standing)


def has_worth(cell: ScoredCell) -> bool:
    """Whether ``cell`` has a place in a ranking: a reward, or a prediction and no failure."""
    return cell.reward is not None or (
        cell.predicted is not None and cell.status is not Status.FAILED
    )


def _standing(cell: ScoredCell) -> tuple[int, float]:
    if not has_worth(cell):
        return 2, 0.0
    return (0, -cell.reward) if cell.reward is not None else (1, -(cell.predicted or 0.0))


def stages_of(cells: Sequence[ScoredCell]) -> list[int]:
    """The stages that occur, ascending."""
    return sorted({cell.stage for cell in cells})


def short_names(sources: Iterable[str]) -> dict[str, str]:
    """What to call each source: its path without the folders that all of them share."""
    parts = {source: Path(source).parts for source in sources}
    levels = zip(*(names[:-1] for names in parts.values()), strict=False)
    shared = sum(1 for _ in takewhile(lambda folders: len(set(folders)) == 1, levels))
    return {source: str(Path(*names[shared:])) for source, names in parts.items()}
