"""The front and the hypervolume of a search, as summary.json shows them."""

from pathlib import Path

import pytest
from support.made_journals import choices_of, new_journal, one_block_cells, open_stage

from pnas.records import ChildJob, ChildResult, Choice, Journal, Status, summarize
from pnas.records.front import COLUMNS
from pnas.state_space import Cell

CELLS = one_block_cells(5)
CONFIG = {"search": {"objectives": ["reward", "params"]}, "state_space": {"B": 2}}


def result(cell: Cell, reward: float, params: int, **more: list[float]) -> ChildResult:
    return ChildResult(cell, seed=1, status=Status.OK, reward=reward, params=params, metrics=more)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Stage 1 with two cells and a failed one, and stage 2 with a better and a dominated cell."""
    journal = new_journal(tmp_path)
    journal.set_meta(name="demo", config=CONFIG)
    open_stage(journal, 1, choices_of(CELLS[:3]))
    journal.end_child(CELLS[0].text_hash, result(CELLS[0], 0.5, 10))
    journal.end_child(CELLS[1].text_hash, result(CELLS[1], 0.25, 5))
    job = ChildJob(CELLS[2], 1)
    journal.end_child(CELLS[2].text_hash, ChildResult.failed(job, "out of memory"))
    journal.close_stage(1, None)
    open_stage(journal, 2, choices_of(CELLS[3:]))
    journal.end_child(CELLS[3].text_hash, result(CELLS[3], 0.75, 10))
    journal.end_child(CELLS[4].text_hash, result(CELLS[4], 0.25, 6))
    return journal


def test_the_front_has_the_cells_that_no_other_one_dominates(journal: Journal) -> None:
    front = summarize(journal)["front"]
    assert [member["cell"] for member in front] == [str(CELLS[1]), str(CELLS[3])]
    assert front[1] == {
        "cell": str(CELLS[3]),
        "stage": 2,
        "objectives": {"reward": 0.75, "params": 10},
        "spread": None,
        "trainings": 1,
    }


def test_the_hypervolume_grows_from_child_to_child(journal: Journal) -> None:
    found = summarize(journal)["hypervolume"]
    # Cells of one block in a space of two: their parameters count twice.
    assert found["reference"] == {"reward": 0.375, "params": 20}
    first = (0.5 - 0.375) * (1 - 10 / 20)
    last = (0.75 - 0.375) * (1 - 10 / 20)
    assert found["by_children"] == pytest.approx([first, first, first, last, last])
    assert found["by_stage"] == pytest.approx({"1": first, "2": last})
    assert found["value"] == pytest.approx(last)


def test_a_cell_trained_again_counts_by_its_mean_and_has_a_spread(journal: Journal) -> None:
    again = Choice(CELLS[3], f"{CELLS[3].text_hash}-2", 9, None)
    open_stage(journal, 3, [again])
    journal.end_child(again.key, result(CELLS[3], 0.65, 10))
    member = summarize(journal)["front"][1]
    assert member["trainings"] == 2
    assert member["objectives"] == pytest.approx({"reward": 0.7, "params": 10})
    assert member["spread"]["reward"] == pytest.approx(0.0707, abs=1e-4)
    assert member["spread"]["params"] == 0


def test_columns_of_a_table_keep_their_goal(journal: Journal) -> None:
    search = {"objectives": ["reward", "latency_ms"]}
    columns = {"latency_ms": "minimise"}
    journal.set_meta(config={**CONFIG, "search": search}, **{COLUMNS: columns})
    open_stage(journal, 3, choices_of(one_block_cells(7)[5:]))
    for cell, latency in zip(one_block_cells(7)[5:], (2.0, 1.0), strict=True):
        journal.end_child(cell.text_hash, result(cell, 0.5, 10, latency_ms=[latency]))
    (member,) = summarize(journal)["front"]
    assert member["objectives"] == {"reward": 0.5, "latency_ms": 1.0}


@pytest.mark.parametrize("names", [["reward"], ["reward", "of no extension"]])
def test_there_is_no_front_of_one_objective_or_of_unknown_ones(
    journal: Journal, names: list[str]
) -> None:
    journal.set_meta(config={"search": {"objectives": names}})
    summary = summarize(journal)
    assert summary["front"] is None
    assert summary["hypervolume"] is None
