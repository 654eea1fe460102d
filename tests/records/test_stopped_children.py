"""A child that was stopped early, from the journal to the files and into MLflow."""

import csv
import io
import math
from pathlib import Path

import pytest
from rich.console import Console

from pnas.records import ChildResult, Choice, Journal, Status, summarize
from pnas.records.children_csv import COLUMNS, COLUMNS_OF_STOPPED, children_csv
from pnas.records.journal_recovery import save_what_can_be_read
from pnas.reports.data.headline import headline
from pnas.reports.data.run_reader import read_run
from pnas.reports.data.scored_cell import from_children
from pnas.reports.terminal.live_view import LiveView
from pnas.reports.terminal.result_tables import ranking_table, stage_table
from pnas.state_space import Cell
from pnas.tracking.search_facts import SearchFacts

CELLS = [Cell([(-1, f"{k}x{k} conv", -1, "identity")]) for k in (1, 3)]
METRICS = {"loss": [2.0, 1.0], "val_accuracy": [math.nan, 0.4]}


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A closed stage of a whole training and one that was stopped after two epochs."""
    journal = Journal(tmp_path / "journal.sqlite", create=True)
    journal.set_meta(search_id="s", name="run", config={"seed": 1}, status="finished")
    journal.open_stage(1, [Choice(cell, cell.text_hash, 0, 0.5) for cell in CELLS], 0, 2, 0.0)
    journal.end_child(CELLS[0].text_hash, ChildResult(CELLS[0], 0, Status.OK, 0.75))
    stopped = ChildResult(CELLS[1], 0, Status.STOPPED, metrics=METRICS, seconds=1.0)
    journal.end_child(CELLS[1].text_hash, stopped)
    journal.close_stage(1, None)
    return journal


def test_children_csv_says_after_how_many_epochs(journal: Journal) -> None:
    text = children_csv(journal.children())
    whole, stopped = csv.DictReader(io.StringIO(text))
    assert tuple(whole) == (*COLUMNS, *COLUMNS_OF_STOPPED)
    assert (whole["status"], whole["epochs"]) == ("ok", "")
    assert (stopped["status"], stopped["reward"], stopped["epochs"]) == ("stopped", "", "2")


def test_it_is_neither_trained_nor_failed(journal: Journal) -> None:
    summary = summarize(journal)
    assert (summary["children_trained"], summary["children_stopped"]) == (1, 1)
    assert summary["children_failed"] == 0
    (stage,) = summary["stages"]
    assert (stage["trained"], stage["stopped"], stage["failed"]) == (1, 1, 0)
    assert stage["mean_reward"] == 0.75


def test_tables_and_headlines_say_so(journal: Journal, tmp_path: Path) -> None:
    cells = from_children(journal.children())
    assert [cell.is_ranked for cell in cells] == [True, False]
    assert "after 2 epochs" in str(ranking_table(cells))
    assert "stopped" in str(stage_table(summarize(journal)["stages"]))
    journal.close()
    figures = headline(read_run(tmp_path))
    assert figures["stopped early"] == "1 (after 2.0 epochs on average)"
    assert "failed" not in figures


def test_the_live_view_counts_it(journal: Journal) -> None:
    screen = io.StringIO()
    with LiveView(Console(file=screen, width=120), B=1) as view:
        view.stage_opened(1, journal.children())
        view.stage_closed(1)
    assert screen.getvalue().splitlines()[-1].endswith("1 stopped early")


def test_mlflow_shows_a_finished_run_that_was_stopped(journal: Journal, tmp_path: Path) -> None:
    facts = SearchFacts(journal, tmp_path)
    run = facts.child(journal.child(CELLS[1].text_hash))
    assert run.status == "FINISHED"
    assert run.tags["pnas.stopped"] == "stopped early after 2 epochs"
    assert run.params["epochs"] == "2"
    assert {point.name for point in run.points} >= {"loss", "val_accuracy"}
    assert "reward" not in {point.name for point in run.points}
    stopped = [point.value for point in facts.search().points if point.name == "children_stopped"]
    assert stopped == [1.0]


def test_it_is_saved_from_a_damaged_journal(journal: Journal, tmp_path: Path) -> None:
    journal.close()
    assert "2 ended children" in save_what_can_be_read(tmp_path / "journal.sqlite")
    with Journal(tmp_path / "journal.recovered.sqlite") as saved:
        assert {child.status for child in saved.superseded()} == {Status.OK, Status.STOPPED}
