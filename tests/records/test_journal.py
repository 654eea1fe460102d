import sqlite3
from pathlib import Path

import pytest

from pnas.errors import RunDirectoryError
from pnas.records import ChildJob, ChildResult, Choice, Journal, Status, best_child
from pnas.state_space import Cell

CELLS = [Cell([(-1, f"{k}x{k} conv", -1, "identity")]) for k in (1, 3, 5)]


def choices(predictions: list[float | None] | None = None) -> list[Choice]:
    predicted = predictions or [None] * len(CELLS)
    return [
        Choice(cell, cell.text_hash, i, p)
        for i, (cell, p) in enumerate(zip(CELLS, predicted, strict=True))
    ]


def result(cell: Cell, reward: float) -> ChildResult:
    return ChildResult(cell, 7, Status.OK, reward, {"loss": [2.0, 1.5]}, 10, 20, 1.25)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal(tmp_path / "journal.sqlite", create=True)
    journal.open_stage(1, choices(), 0, 3, 0.5)
    return journal


def test_what_was_stored_is_read_back_by_another_reader(journal: Journal) -> None:
    journal.set_meta(name="demo", config={"seed": 3, "data": {"path": None}})
    journal.end_child(CELLS[1].text_hash, result(CELLS[1], 0.75))
    with Journal(journal.path) as reader:
        assert reader.meta("config") == {"seed": 3, "data": {"path": None}}
        assert reader.meta("absent", 5) == 5
        children = reader.children()
    assert [child.cell for child in children] == CELLS
    assert [child.status for child in children] == [Status.CHOSEN, Status.OK, Status.CHOSEN]
    assert children[1].reward == 0.75
    assert children[1].metrics == {"loss": [2.0, 1.5]}
    assert (children[1].params, children[1].flops, children[1].seconds) == (10, 20, 1.25)
    assert children[0].ended_at is None
    assert children[1].ended_at is not None


def test_a_child_stays_as_it_ended_first(journal: Journal) -> None:
    key = CELLS[0].text_hash
    journal.end_child(key, result(CELLS[0], 0.25))
    journal.end_child(key, result(CELLS[0], 0.99))
    assert journal.child(key).reward == 0.25


def test_one_cell_is_chosen_once(journal: Journal) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        journal.open_stage(2, choices([0.1, 0.2, 0.3]), 9, 9, 0.0)
    assert [stage.b for stage in journal.stages()] == [1]


def test_predictions_are_judged_with_the_stage_whose_predictor_made_them(journal: Journal) -> None:
    journal.close_stage(
        1, {"kind": "lstm", "loss": 0.1, "spearman_fit": 0.9, "spearman_next": None}
    )
    bigger = Cell([*CELLS[0].blocks, (0, "identity", -1, "identity")])
    journal.open_stage(2, [Choice(bigger, bigger.text_hash, 1, 0.5)], 40, 30, 0.0)
    journal.close_stage(2, {"kind": "lstm", "loss": 0.2, "spearman_fit": 0.8, "spearman_next": 0.4})
    first, second = (stage.predictor for stage in journal.stages())
    assert first == {"kind": "lstm", "loss": 0.1, "spearman_fit": 0.9, "spearman_next": 0.4}
    assert second == {"kind": "lstm", "loss": 0.2, "spearman_fit": 0.8, "spearman_next": None}


def test_best_child_is_the_first_of_equals(journal: Journal) -> None:
    assert best_child(journal.children()) is None
    for cell, reward in zip(CELLS, (0.5, 0.5, 0.25), strict=True):
        journal.end_child(cell.text_hash, result(cell, reward))
    best = best_child(journal.children())
    assert best is not None
    assert best.cell == CELLS[0]


def test_a_failed_child_keeps_its_reason_in_one_line(journal: Journal) -> None:
    job = ChildJob(CELLS[2], 2)
    journal.end_child(CELLS[2].text_hash, ChildResult.failed(job, "loss is\n not finite"))
    child = journal.child(CELLS[2].text_hash)
    assert (child.status, child.reward, child.error) == (Status.FAILED, None, "loss is not finite")


def test_a_foreign_or_newer_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, but long enough to be looked at" * 50)
    sqlite3.connect(tmp_path / "other").executescript("CREATE TABLE x (y);")
    Journal(tmp_path / "newer", create=True).set_meta(schema_version=999)
    for name, rule in (
        ("text", "journal"),
        ("other", "not a pnas journal"),
        ("newer", "newer pnas"),
    ):
        with pytest.raises(RunDirectoryError, match=rule) as refused:
            Journal(tmp_path / name)
        assert "\n" not in str(refused.value)
    with pytest.raises(RunDirectoryError, match="is not a run directory"):
        Journal(tmp_path / "absent")
