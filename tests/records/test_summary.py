import csv
import json
from pathlib import Path

import pytest
from support.made_journals import choices_of, new_journal, one_block_cells, open_stage

from pnas.records import ChildJob, ChildResult, Journal, Status, write_summary
from pnas.state_space import Cell

CELLS = one_block_cells(3)
PREDICTOR = {"kind": "lstm", "loss": 0.1, "spearman_fit": 1.0, "spearman_next": None}


@pytest.fixture
def finished(tmp_path: Path) -> Journal:
    """A finished search of one stage: two children were trained, one failed."""
    journal = new_journal(tmp_path)
    journal.set_meta(name="demo", config={"seed": 4}, status="finished")
    journal.set_meta(search_seconds=12.5, test_accuracy=0.5)
    open_stage(journal, 1, choices_of(CELLS))
    for cell, reward in zip(CELLS[:2], (0.25, 0.75), strict=True):
        result = ChildResult(
            cell, seed=1, status=Status.OK, reward=reward, params=10, flops=20, seconds=2.0
        )
        journal.end_child(cell.text_hash, result)
    failed = ChildResult.failed(ChildJob(CELLS[2], 1), "out of memory", seconds=1.0)
    journal.end_child(CELLS[2].text_hash, failed)
    journal.close_stage(1, PREDICTOR)
    return journal


def test_summary_holds_the_contract(tmp_path: Path, finished: Journal) -> None:
    write_summary(tmp_path, finished)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["name"] == "demo"
    assert summary["status"] == "finished"
    assert summary["seed"] == 4
    assert summary["search_seconds"] == 12.5
    assert summary["children_trained"] == 2
    assert summary["children_failed"] == 1
    assert summary["tracking"] is None
    assert summary["best"] == {
        "cell": str(CELLS[1]),
        "key": CELLS[1].text_hash,
        "reward": 0.75,
        "b": 1,
        "params": 10,
        "flops": 20,
        "test_accuracy": 0.5,
        "optimism": None,
    }
    assert summary["winner"] is None


def test_summary_holds_each_stage(tmp_path: Path, finished: Journal) -> None:
    (stage,) = write_summary(tmp_path, finished)["stages"]
    assert stage == {
        "b": 1,
        "blocks": 1,
        "fewest_blocks": 1,
        "confirms": False,
        "epochs": None,
        "candidates_scored": 0,
        "unique_candidates": 3,
        "children": 3,
        "trained": 2,
        "stopped": 0,
        "failed": 1,
        "left_out": 0,
        "best_reward": 0.75,
        "mean_reward": 0.5,
        "seconds_training": 5.0,
        "seconds_scoring": 0.0,
        "predictor": PREDICTOR,
    }


def read_rows(run_dir: Path) -> list[dict[str, str]]:
    with (run_dir / "children.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_children_csv_has_a_row_a_child_in_the_order_of_their_choice(
    tmp_path: Path, finished: Journal
) -> None:
    write_summary(tmp_path, finished)
    rows = read_rows(tmp_path)
    assert [Cell.parse(row["cell"]) for row in rows] == CELLS
    assert [row["reward"] for row in rows] == ["0.25", "0.75", ""]
    assert [row["status"] for row in rows] == ["ok", "ok", "failed"]
    assert list(rows[0]) == [
        "stage",
        "cell",
        "reward",
        "predicted",
        "status",
        "params",
        "flops",
        "seconds",
        "seed",
        "key",
        "error",
        "cached",
    ]


def test_children_of_a_replaced_plan_come_last_and_are_marked(
    tmp_path: Path, finished: Journal
) -> None:
    finished.continue_with_raised_limits({}, {"controller.K": (3, 4)}, replan_from=1)
    open_stage(finished, 1, choices_of(CELLS[2:]))
    write_summary(tmp_path, finished)
    rows = read_rows(tmp_path)
    assert [Cell.parse(row["cell"]) for row in rows] == [CELLS[2], CELLS[0], CELLS[1]]
    assert [row["status"] for row in rows] == ["failed", "superseded", "superseded"]


def test_no_draft_is_left_behind(tmp_path: Path, finished: Journal) -> None:
    write_summary(tmp_path, finished)
    write_summary(tmp_path, finished)
    finished.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["children.csv", "journal.sqlite", "summary.json"]


def test_an_empty_search_has_no_best(tmp_path: Path) -> None:
    summary = write_summary(tmp_path, new_journal(tmp_path))
    assert summary["best"] is None
    assert summary["status"] == "running"
    assert summary["stages"] == []
