"""Which stage a child is put into, and when a stage can be closed."""

from dataclasses import replace
from pathlib import Path

from pnas.records import ChildJob, ChildRecord, ChildResult, Choice, Journal, Status
from pnas.search.asynchronous.open_stages import OpenStages
from pnas.state_space import Cell

CELLS = [Cell([(-1, f"{k}x{k} conv", -1, "identity")]) for k in (1, 3, 5, 7)]


def chosen(tmp_path: Path, numbers: list[int]) -> list[ChildRecord]:
    """Return a child of each of these stages."""
    with Journal(tmp_path / "journal.sqlite", create=True) as journal:
        for at, (cell, number) in enumerate(zip(CELLS, numbers, strict=True)):
            journal.extend_stage(
                number,
                [Choice(cell, cell.text_hash, 0, None)],
                candidates_scored=5,
                unique_candidates=4,
                seconds_scoring=0.5,
                at=float(at),
            )
        return journal.children()


def ended(child: ChildRecord) -> ChildRecord:
    return replace(child, status=Status.OK, ended_at=9.0)


def test_a_stage_is_filled_before_the_next_one_is_opened(tmp_path: Path) -> None:
    first, second, third, _ = chosen(tmp_path, [1, 1, 2, 2])
    stages = OpenStages([], size=2, last_is_full=True)
    assert stages.room() == 0
    stages.put(1, [first])
    assert stages.room() == 1
    stages.put(1, [first, second])
    assert stages.room() == 0
    stages.put(2, [third])
    assert [stage.number for stage in stages.stages] == [1, 2]
    assert stages.stage_of(second).number == 1


def test_stages_are_closed_in_order_and_only_when_they_are_full(tmp_path: Path) -> None:
    first, second, third, _ = chosen(tmp_path, [1, 1, 2, 2])
    stages = OpenStages([], size=2, last_is_full=True)
    stages.put(1, [first, second])
    stages.put(2, [third])
    stages.stage_of(third).update(ended(third))
    assert list(stages.pop_ended(is_over=True)) == []
    for child in (first, second):
        stages.stage_of(child).update(ended(child))
    assert [stage.number for stage in stages.pop_ended()] == [1]
    assert list(stages.pop_ended()) == []
    assert [stage.number for stage in stages.pop_ended(is_over=True)] == [2]
    assert stages.room() == 0


def test_stages_grow_with_the_workers(tmp_path: Path) -> None:
    first, *_ = chosen(tmp_path, [1, 1, 2, 2])
    stages = OpenStages([], size=2, last_is_full=True)
    stages.put(1, [first])
    stages.widen(1)
    assert stages.planned_size(stages.stages[0]) == 2
    stages.widen(3)
    assert stages.planned_size(stages.stages[0]) == 3


def test_a_stage_sums_up_what_its_choices_took_and_dates_them(tmp_path: Path) -> None:
    chosen(tmp_path, [1, 1, 1, 2])
    with Journal(tmp_path / "journal.sqlite") as journal:
        stages = journal.stages()
        events = journal.events()
        children = journal.children(1)
    assert [stage.candidates_scored for stage in stages] == [15, 5]
    assert [stage.unique_candidates for stage in stages] == [4, 4]
    assert [stage.seconds_scoring for stage in stages] == [1.5, 0.5]
    assert [child.position for child in children] == [0, 1, 2]
    assert [event.at for event in events] == [0.0, 1.0, 2.0, 3.0]
    assert [event.detail["keys"] for event in events] == [[cell.text_hash] for cell in CELLS]


def test_a_superseded_child_arrives_when_it_is_chosen_again(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.sqlite", create=True) as journal:
        cell = CELLS[0]
        choice = Choice(cell, cell.text_hash, 0, None)
        journal.open_stage(1, [choice], 0, 1, 0.0)
        journal.end_child(choice.key, ChildResult(cell, 0, Status.OK, 0.5), at=1.0)
        journal.continue_with_raised_limits({}, {}, replan_from=1)
        journal.extend_stage(
            1, [choice], candidates_scored=0, unique_candidates=1, seconds_scoring=0.0, at=7.0
        )
        child = journal.child(choice.key)
    assert (child.reward, child.ended_at, child.position) == (0.5, 7.0, 0)
    assert ChildJob(child.cell, child.seed) == ChildJob(cell, 0)
