"""`task.format=json`: what `task=list` and `task=show` print for other programs."""

import json
from pathlib import Path

import pytest
from support.command import run_here
from support.journals import make_run
from support.winners import stored_winner


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "outputs" / "first")
    return tmp_path


def test_a_list_of_runs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "outputs" / "broken").mkdir()
    (home / "outputs" / "broken" / "journal.sqlite").write_bytes(b"not a journal" * 500)
    assert run_here("task=list", "task.format=json") == 0
    runs = {Path(run["run"]).name: run for run in json.loads(capsys.readouterr().out)}
    assert set(runs) == {"first", "broken"}
    assert "journal" in runs["broken"]["error"]
    assert 0 <= runs["first"]["best_reward"] <= 1
    assert runs["first"]["ended"] <= runs["first"]["children"]


def test_a_list_has_the_winner_beside_the_highest_reward(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    winner = stored_winner(mean=0.625)
    meta = {"winner": winner, "winner_test_accuracies": [0.5, 1.0]}
    make_run(home / "outputs" / "confirmed", meta=meta)
    assert run_here("task=list", "task.format=json") == 0
    runs = {Path(run["run"]).name: run for run in json.loads(capsys.readouterr().out)}
    confirmed = runs["confirmed"]
    assert (confirmed["winner_cell"], confirmed["winner_reward"]) == (winner["cell"], 0.625)
    assert confirmed["test_accuracy"] == 0.75
    assert confirmed["best_cell"] != winner["cell"]
    assert (runs["first"]["winner_cell"], runs["first"]["test_accuracy"]) == (None, 0.875)


def test_no_runs_are_an_empty_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_here("task=list", "task.format=json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_one_run(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here("task=show", "from=outputs/first", "task.format=json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["stages"]
    assert 0 <= summary["best"]["reward"] <= 1


def test_cells_are_ranked_while_the_search_runs(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "outputs" / "first" / "children.csv").unlink(missing_ok=True)
    assert run_here("task=rank", "from=outputs/first", "task.output=r.html") == 0
    assert "cells, " in capsys.readouterr().out
