"""`task=preflight`: what it refuses, what it plans, and what it leaves."""

import json
from pathlib import Path

import pytest
from support.command import run_apart, run_here
from support.small import SMALL

PREFLIGHT = ("name=pf", "task=preflight", "tracking=none", *SMALL)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("task.cells=1",), "task.cells: must be an integer from 2 to 1,000"),
        (("task.repeats=1",), "task.repeats: must be an integer from 2 to 1,000"),
        (("task.children=0",), "task.children: must be an integer from 2 to 100,000"),
        (("state_space.B=1", "task.cells=900"), "task.cells: must be at most"),
    ],
)
def test_mistakes_are_one_line(
    overrides: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_here(*PREFLIGHT, *overrides) == 2
    error = capsys.readouterr().err
    assert error.startswith(message)
    assert error.count("\n") == 1


def test_a_table_has_nothing_to_train(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_here("name=pf", "task=preflight", "trainer=tabular", "trainer.table=t.yaml") == 2
    assert capsys.readouterr().err.startswith("trainer.table: must be null for task=preflight")


def test_a_plan_trains_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_here(*PREFLIGHT, "task.cells=4", "plan_only=true") == 0
    assert "4 random cells, 12 trainings" in capsys.readouterr().out
    assert not (tmp_path / "outputs/pf/journal.sqlite").exists()


@pytest.mark.slow
def test_it_answers_and_the_same_command_trains_nothing_again(tmp_path: Path) -> None:
    small = (*PREFLIGHT, "task.cells=2", "task.repeats=2", "executor=serial")
    code, out, err = run_apart(*small, cwd=tmp_path)
    assert code == 0, err
    assert "a search is " in out
    for baseline in ("logistic regression", "plain CNN", "PNASNet-5's cell"):
        assert baseline in out

    result = json.loads((tmp_path / "outputs/pf/preflight.json").read_text())
    assert result["reliability"]["trainings"] == 4
    assert len(result["baselines"]) == 3

    code, again, err = run_apart(*small, cwd=tmp_path)
    assert code == 0, err
    assert "training" not in again.split("2 random cells")[0]
    assert json.loads((tmp_path / "outputs/pf/preflight.json").read_text()) == result
