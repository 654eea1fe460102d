from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pnas.records import ChildResult, Choice, Journal, Status
from pnas.records.cell_trainings import CellTrainings, group_by_cell
from pnas.search.confirmation.finalist_record import FinalistRecord
from pnas.search.confirmation.further_trainings import SearchedCell
from pnas.state_space import StateSpace

SPACE = StateSpace(1, ["3x3 conv", "identity", "3x3 maxpool"], -1)
CELLS = {SPACE.key(cell): cell for cell in SPACE.initial_children()}
KEYS = list(CELLS)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A search of one stage that has ended."""
    with Journal(tmp_path / "journal.sqlite", create=True) as journal:
        open_stage(journal, 1, KEYS)
        for key in KEYS:
            end(journal, key)
        yield journal


def open_stage(journal: Journal, b: int, keys: Sequence[str]) -> None:
    choices = []
    for seed, key in enumerate(keys):
        cell = CELLS[key.partition("-")[0]]
        choices.append(Choice(cell, key, seed, None))
    journal.open_stage(b, choices, 0, 0, 0.0)


def end(journal: Journal, key: str) -> None:
    child = journal.child(key)
    journal.end_child(key, ChildResult(child.cell, child.seed, Status.OK, 0.5))


def searched(journal: Journal) -> list[CellTrainings]:
    return group_by_cell(journal.children())


def test_the_trainings_that_there_was_time_for_are_counted_once(journal: Journal) -> None:
    record = FinalistRecord(journal)
    record.begin(searched(journal), 10)
    assert record.trainings(lambda: 7) == 7
    assert record.trainings(lambda: 3) == 7
    assert record.trainings() == 7


def test_time_that_runs_short_after_the_first_round_changes_no_finalists(journal: Journal) -> None:
    record = FinalistRecord(journal)
    record.begin(searched(journal), 10)
    assert record.trainings() == 10
    open_stage(journal, 2, [f"{KEYS[0]}-2", f"{KEYS[1]}-2"])
    assert record.trainings(lambda: 3) == 10


def test_another_confirmation_gives_no_training_a_number_that_is_taken(journal: Journal) -> None:
    record = FinalistRecord(journal)
    record.begin(searched(journal), 10)
    second, third = f"{KEYS[0]}-2", f"{KEYS[0]}-3"
    open_stage(journal, 2, [second, third])
    # Another worker had more luck.
    end(journal, third)
    record.begin(searched(journal), 20)
    assert [child.key for child in journal.children(2)] == [third]
    assert SearchedCell.before(searched(journal)[0], record.after).attempts == 3


def test_a_round_without_a_training_leaves_no_stage(journal: Journal) -> None:
    record = FinalistRecord(journal)
    record.begin(searched(journal), 10)
    open_stage(journal, 2, [f"{KEYS[0]}-2"])
    record.begin(searched(journal), 20)
    assert [stage.b for stage in journal.stages()] == [1]
    assert record.after == 1
