"""Small journals of one-block cells, for tests of what is stored."""

from collections.abc import Sequence
from pathlib import Path

from pnas.records import ChildResult, Choice, Journal, Status
from pnas.state_space import Cell


def one_block_cells(count: int) -> list[Cell]:
    """Return ``count`` different cells: an identity beside a convolution of growing size."""
    cells = []
    for i in range(count):
        size = 2 * i + 1
        cells.append(Cell([(-1, f"{size}x{size} conv", -1, "identity")]))
    return cells


def choices_of(
    cells: Sequence[Cell], predictions: Sequence[float | None] | None = None
) -> list[Choice]:
    """Return the choices of ``cells``, with their texts' hashes as keys and places as seeds."""
    if predictions is None:
        predictions = [None] * len(cells)
    choices = []
    for seed, (cell, predicted) in enumerate(zip(cells, predictions, strict=True)):
        choices.append(Choice(cell, cell.text_hash, seed, predicted))
    return choices


def open_stage(journal: Journal, b: int, choices: Sequence[Choice]) -> None:
    """Open stage ``b`` with ``choices``, as if nothing else had been a candidate."""
    journal.open_stage(
        b,
        choices,
        candidates_scored=0,
        unique_candidates=len(choices),
        seconds_scoring=0.0,
    )


def ok_result(cell: Cell, reward: float, seconds: float = 1.25) -> ChildResult:
    """Return the result of a child that was trained for two epochs."""
    return ChildResult(
        cell=cell,
        seed=7,
        status=Status.OK,
        reward=reward,
        metrics={"loss": [2.0, 1.5]},
        params=10,
        flops=20,
        seconds=seconds,
    )


def new_journal(run_dir: Path) -> Journal:
    """Return an empty journal in ``run_dir``, open for writing."""
    return Journal(run_dir / "journal.sqlite", create=True)
