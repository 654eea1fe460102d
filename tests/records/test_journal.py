import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from support.made_journals import choices_of, new_journal, ok_result, one_block_cells, open_stage

from pnas.errors import RunDirectoryError
from pnas.records import ChildJob, ChildResult, Choice, Journal, Status, best_child
from pnas.state_space import Cell

CELLS = one_block_cells(3)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal whose first stage is open, with three children that were not trained yet."""
    journal = new_journal(tmp_path)
    open_stage(journal, 1, choices_of(CELLS))
    return journal


def test_what_was_stored_is_read_back_by_another_reader(journal: Journal) -> None:
    config = {"seed": 3, "data": {"path": None}}
    journal.set_meta(name="demo", config=config)
    journal.end_child(CELLS[1].text_hash, ok_result(CELLS[1], 0.75))

    with Journal(journal.path) as reader:
        assert reader.meta("config") == config
        assert reader.meta("absent", 5) == 5
        first, second, third = reader.children()

    assert [first.cell, second.cell, third.cell] == CELLS
    assert first.status == third.status == Status.CHOSEN
    assert second.status == Status.OK
    assert second.reward == 0.75
    assert second.metrics == {"loss": [2.0, 1.5]}
    assert second.params == 10
    assert second.flops == 20
    assert second.seconds == 1.25
    assert first.ended_at is None
    assert second.ended_at is not None


def test_a_child_stays_as_it_ended_first(journal: Journal) -> None:
    key = CELLS[0].text_hash
    journal.end_child(key, ok_result(CELLS[0], 0.25))
    journal.end_child(key, ok_result(CELLS[0], 0.99))
    assert journal.child(key).reward == 0.25


def test_one_cell_is_chosen_once(journal: Journal) -> None:
    again = choices_of(CELLS, [0.1, 0.2, 0.3])
    with pytest.raises(sqlite3.IntegrityError):
        open_stage(journal, 2, again)
    assert [stage.b for stage in journal.stages()] == [1]
    assert len(journal.children()) == 3


def test_children_for_which_there_is_no_time_leave_the_stage(journal: Journal) -> None:
    kept = CELLS[1].text_hash
    journal.end_child(kept, ok_result(CELLS[1], 0.75))
    journal.drop_untrained(1)
    assert [child.key for child in journal.children(1)] == [kept]
    event = journal.events()[-1]
    assert event.kind == "dropped"
    assert event.detail == {"b": 1, "keys": [CELLS[0].text_hash, CELLS[2].text_hash]}
    # A later stage may have them.
    open_stage(journal, 2, choices_of(CELLS)[:1])
    assert journal.children(2)[0].status is Status.CHOSEN


def test_an_abandoned_stage_keeps_what_was_trained_of_it(journal: Journal) -> None:
    kept = CELLS[1].text_hash
    journal.end_child(kept, ok_result(CELLS[1], 0.75))
    journal.abandon_stage(1)
    assert [child.key for child in journal.children(1)] == [kept]
    assert journal.stages()[0].closed_at is not None
    assert journal.events()[-1].detail["keys"] == [CELLS[0].text_hash, CELLS[2].text_hash]


def test_an_abandoned_stage_of_which_nothing_was_trained_is_removed(journal: Journal) -> None:
    journal.abandon_stage(1)
    assert journal.stages() == journal.children() == []


def test_predictions_are_evaluated_with_the_stage_whose_predictor_made_them(
    journal: Journal,
) -> None:
    first = {"kind": "lstm", "loss": 0.1, "spearman_fit": 0.9}
    second = {"kind": "lstm", "loss": 0.2, "spearman_fit": 0.8}
    bigger = Cell([*CELLS[0].blocks, (0, "identity", -1, "identity")])

    journal.close_stage(1, {**first, "spearman_next": None})
    open_stage(journal, 2, [Choice(bigger, bigger.text_hash, 1, 0.5)])
    journal.close_stage(2, {**second, "spearman_next": 0.4})

    stored = [stage.predictor for stage in journal.stages()]
    assert stored == [{**first, "spearman_next": 0.4}, {**second, "spearman_next": None}]


def test_superseded_failures_stay_what_they_were(journal: Journal) -> None:
    """A failed child of a former plan is none of the open stage of that number."""
    keys = [cell.text_hash for cell in CELLS]
    for cell in CELLS[:2]:
        journal.end_child(cell.text_hash, ok_result(cell, 0.5))
    journal.end_child(keys[2], ChildResult.failed(ChildJob(CELLS[2], 2), "boom"))
    journal.close_stage(1, None)
    journal.continue_with_raised_limits({}, {"controller.K": (1, 2)}, replan_from=1)
    open_stage(journal, 1, choices_of(CELLS[:1]))

    journal.reopen_failed(1)
    superseded = {child.key: child for child in journal.superseded()}
    assert superseded[keys[2]].status is Status.FAILED
    assert superseded[keys[2]].error == "boom"


def test_a_failed_child_keeps_what_was_measured_of_it(journal: Journal) -> None:
    key = CELLS[0].text_hash
    of_cell = {"latency_ms": [2.0], "latency_ms_low": [1.5], "latency_ms_high": [2.5]}
    failed = ChildResult.failed(ChildJob(CELLS[0], 0), "boom")
    journal.end_child(key, replace(failed, metrics={**of_cell, "loss": [1.0]}))
    journal.reopen_failed(1, ["latency_ms"])
    child = journal.child(key)
    assert child.status is Status.CHOSEN
    assert child.metrics == of_cell


def test_best_child_is_the_first_of_equals(journal: Journal) -> None:
    assert best_child(journal.children()) is None
    for cell, reward in zip(CELLS, (0.5, 0.5, 0.25), strict=True):
        journal.end_child(cell.text_hash, ok_result(cell, reward))
    best = best_child(journal.children())
    assert best is not None
    assert best.cell == CELLS[0]


def test_a_failed_child_keeps_its_reason_in_one_line(journal: Journal) -> None:
    key = CELLS[2].text_hash
    job = ChildJob(CELLS[2], 2)
    journal.end_child(key, ChildResult.failed(job, "loss is\n not finite"))
    child = journal.child(key)
    assert child.status == Status.FAILED
    assert child.reward is None
    assert child.error == "loss is not finite"


def make_text(path: Path) -> None:
    path.write_text("not a database, but long enough to be looked at" * 50)


def make_other_database(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE x (y)")
    db.close()


def make_newer_journal(path: Path) -> None:
    with Journal(path, create=True) as journal:
        journal.set_meta(schema_version=999)


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (make_text, "journal"),
        (make_other_database, "not a pnas journal"),
        (make_newer_journal, "newer pnas"),
        (lambda path: None, "is not a run directory"),
    ],
    ids=["text", "another database", "newer", "absent"],
)
def test_a_foreign_or_newer_file_is_refused_in_one_line(make, rule, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    make(tmp_path / "journal.sqlite")
    with pytest.raises(RunDirectoryError, match=rule) as refused:
        Journal(tmp_path / "journal.sqlite")
    assert "\n" not in str(refused.value)
