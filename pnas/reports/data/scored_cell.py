"""A cell and what is known of its worth, whichever file or journal it comes from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import takewhile
from pathlib import Path
from typing import Any

from pnas.records import ChildRecord, Status
from pnas.records.cell_trainings import cell_key, is_repeated, is_short
from pnas.state_space import Cell


class Phase(IntEnum):
    """Part of a search in which a cell was chosen."""

    GROWTH = 0
    REFINEMENT = 1
    CONFIRMATION = 2


@dataclass(frozen=True, order=True)
class CellGroup:
    """Cells that share a colour: those of one size, or those of a phase at full size.

    A search of many rounds has as few groups as one of few: rounds share the group of their phase.

    Attributes:
        phase: Phase of the search.
        blocks: Number of blocks; 0 for phases in which all cells have full size.
    """

    phase: Phase
    blocks: int

    @classmethod
    def of_size(cls, blocks: int) -> "CellGroup":
        """Return the group of the cells of ``blocks`` blocks."""
        return cls(Phase.GROWTH, blocks)

    @property
    def name(self) -> str:
        """Name in a legend."""
        if self.phase is Phase.GROWTH:
            return f"b = {self.blocks}"
        return self.phase.name.lower()

    @property
    def title(self) -> str:
        """Name in a heading."""
        if self.phase is Phase.GROWTH:
            ending = "" if self.blocks == 1 else "s"
            return f"Cells of {self.blocks} block{ending}"
        return self.phase.name.capitalize()


@dataclass(frozen=True)
class ScoredCell:
    """One row of a ranking.

    Attributes:
        cell: The cell.
        reward: Measured validation accuracy in [0, 1]; None if it was not trained to an end.
        predicted: Reward predicted before training; None if no predictor was asked.
        stage: Stage that trained it, or its number of blocks where the source names no stage.
        status: State of the child; None where the source has no children (score files).
        params: Trainable parameters.
        flops: Multiply-adds of one example.
        seconds: Wall-clock time of its training.
        error: Why it failed.
        source: Name of the file or run that the row was read from.
        phase: Phase of the search that chose it.
        key: Key of the child that was trained; "" where it is not known.
        trainings: Number of trainings whose mean the reward is; None where it is not known.
        expected: Reward that another training of the cell is expected to have; None where it is
            not known.
        stopped_after: Epochs after which its training was stopped early; None if it was not.
        is_left_out: Whether it was not trained, because it was measured to break a constraint.
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
    phase: Phase = Phase.GROWTH
    key: str = ""
    trainings: int | None = None
    expected: float | None = None
    stopped_after: int | None = None
    is_left_out: bool = False

    @property
    def group(self) -> CellGroup:
        """Group that decides its colour."""
        if self.phase is Phase.GROWTH:
            return CellGroup.of_size(len(self.cell))
        return CellGroup(self.phase, 0)

    @property
    def has_failed(self) -> bool:
        """Whether its training failed."""
        return self.status is Status.FAILED and not self.is_left_out

    @property
    def is_ranked(self) -> bool:
        """Whether it has a place in a ranking: a reward, or a prediction that may come true."""
        if self.reward is not None:
            return True
        has_ended = self.status in (Status.FAILED, Status.STOPPED)
        return self.predicted is not None and not has_ended

    def is_winner(self, winner: Mapping[str, Any] | None) -> bool:
        """Whether this is a training of ``winner``, as summary.json has it."""
        return winner is not None and bool(self.key) and cell_key(self.key) == winner["key"]

    @property
    def value(self) -> float | None:
        """Its reward; its prediction if it has no reward; None if it is not ranked."""
        if self.reward is not None:
            return self.reward
        return self.predicted if self.is_ranked else None


def from_children(
    children: Iterable[ChildRecord], source: str = "", growing_stages: int | None = None
) -> list[ScoredCell]:
    """Return the children of a journal, in the journal's order.

    Short trainings are left out: they have no reward, and their cells no place in a ranking.

    Args:
        children: Children of one search.
        source: Name of the run.
        growing_stages: Number of stages before the refinement of the search; None if it has none.
    """
    cells = []
    for child in children:
        if is_short(child):
            continue
        cell = ScoredCell(
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
            phase=_phase_of(child, growing_stages),
            key=child.key,
            stopped_after=child.stopped_after,
            is_left_out=child.is_left_out,
        )
        cells.append(cell)
    return cells


def _phase_of(child: ChildRecord, growing_stages: int | None) -> Phase:
    if is_repeated(child):
        return Phase.CONFIRMATION
    # Batches of random search and of evolution are numbered on and on too, but nothing predicts.
    is_beyond_growth = growing_stages is not None and child.b > growing_stages
    if is_beyond_growth and child.predicted is not None:
        return Phase.REFINEMENT
    return Phase.GROWTH


def ranked(cells: Iterable[ScoredCell]) -> list[ScoredCell]:
    """Return the cells best first.

    Those with a reward come first, then those with a prediction only, then those with neither: a
    prediction is never compared with a measurement, and a child that failed or was stopped early
    has no worth whatever was predicted of it. Equal cells keep their order.
    """
    return sorted(cells, key=_rank_key)


def _rank_key(cell: ScoredCell) -> tuple[int, float]:
    if cell.reward is not None:
        return 0, -(cell.reward if cell.expected is None else cell.expected)
    if cell.value is not None:
        return 1, -cell.value
    return 2, 0.0


def stages_of(cells: Sequence[ScoredCell]) -> list[int]:
    """Return the stages that occur, ascending."""
    return sorted({cell.stage for cell in cells})


def groups_of(cells: Iterable[ScoredCell]) -> list[CellGroup]:
    """Return the groups that occur, in the order of a search."""
    return sorted({cell.group for cell in cells})


def short_names(sources: Iterable[str]) -> dict[str, str]:
    """Return the name of each source: its path without the folders that all of them share."""
    parts = {source: Path(source).parts for source in sources}
    folders_by_level = zip(*(names[:-1] for names in parts.values()), strict=False)
    shared = sum(1 for _ in takewhile(_are_equal, folders_by_level))
    return {source: str(Path(*names[shared:])) for source, names in parts.items()}


def _are_equal(folders: Sequence[str]) -> bool:
    return len(set(folders)) == 1
