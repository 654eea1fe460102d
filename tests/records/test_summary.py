import csv
import json
from pathlib import Path

from pnas.records import ChildJob, ChildResult, Choice, Journal, Status, write_summary
from pnas.state_space import Cell

CELLS = [Cell([(-1, f"{k}x{k} conv", -1, "identity")]) for k in (1, 3, 5)]


def finished_journal(run_dir: Path) -> Journal:
    journal = Journal(run_dir / "journal.sqlite", create=True)
    journal.set_meta(
        name="demo", config={"seed": 4}, status="finished", search_seconds=12.5, test_accuracy=0.5
    )
    journal.open_stage(1, [Choice(cell, cell.text_hash, 1, None) for cell in CELLS], 0, 3, 0.0)
    for cell, reward in zip(CELLS, (0.25, 0.75), strict=False):
        journal.end_child(cell.text_hash, ChildResult(cell, 1, Status.OK, reward, {}, 10, 20, 2.0))
    journal.end_child(
        CELLS[2].text_hash, ChildResult.failed(ChildJob(CELLS[2], 1), "out of memory", 1.0)
    )
    journal.close_stage(
        1, {"kind": "lstm", "loss": 0.1, "spearman_fit": 1.0, "spearman_next": None}
    )
    return journal


def test_summary_holds_the_contract(tmp_path: Path) -> None:
    write_summary(tmp_path, finished_journal(tmp_path))
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert {k: summary[k] for k in ("name", "status", "seed", "search_seconds")} == {
        "name": "demo", "status": "finished", "seed": 4, "search_seconds": 12.5,
    }  # fmt: skip
    assert (summary["children_trained"], summary["children_failed"]) == (2, 1)
    best = summary["best"]
    assert (best["cell"], best["reward"], best["b"], best["test_accuracy"]) == (
        str(CELLS[1]),
        0.75,
        1,
        0.5,
    )
    (stage,) = summary["stages"]
    assert stage["predictor"] == {
        "kind": "lstm",
        "loss": 0.1,
        "spearman_fit": 1.0,
        "spearman_next": None,
    }
    assert (stage["children"], stage["failed"], stage["best_reward"], stage["mean_reward"]) == (
        3,
        1,
        0.75,
        0.5,
    )
    assert (stage["candidates_scored"], stage["unique_candidates"], stage["seconds_training"]) == (
        0,
        3,
        5.0,
    )
    assert summary["tracking"] is None


def test_children_csv_has_a_row_a_child_in_the_order_asked_for(tmp_path: Path) -> None:
    write_summary(tmp_path, finished_journal(tmp_path))
    with (tmp_path / "children.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [Cell.parse(row["cell"]) for row in rows] == CELLS
    assert [row["reward"] for row in rows] == ["0.25", "0.75", ""]
    assert [row["status"] for row in rows] == ["ok", "ok", "failed"]
    assert list(rows[0])[:9] == [
        "stage", "cell", "reward", "predicted", "status", "params", "flops", "seconds", "seed",
    ]  # fmt: skip


def test_no_draft_is_left_behind(tmp_path: Path) -> None:
    journal = finished_journal(tmp_path)
    write_summary(tmp_path, journal)
    write_summary(tmp_path, journal)
    journal.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "children.csv",
        "journal.sqlite",
        "summary.json",
    ]


def test_an_empty_search_has_no_best(tmp_path: Path) -> None:
    summary = write_summary(tmp_path, Journal(tmp_path / "journal.sqlite", create=True))
    assert summary["best"] is None
    assert summary["status"] == "running"
    assert summary["stages"] == []
