"""Budgets in seconds that are too short, and what a plan says of a longer one."""

from pathlib import Path

import pytest
from support.command import run_here
from support.journals import make_run

QUIET = ("tracking=none", "executor.workers=2")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_time_that_is_certainly_too_short_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here("name=short", "minutes=0.01", *QUIET) == 2
    error = capsys.readouterr().err
    assert error.startswith("search.max_seconds: must be at least ")
    assert "(minutes=0." in error
    assert error.count("\n") == 1


def test_a_plan_says_what_a_longer_time_would_buy(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here("name=plan", "minutes=5", "plan_only=true", *QUIET) == 0
    printed = capsys.readouterr().out
    assert "children in 5.0 min" in printed
    assert "in 2 times as long, 10 min: about" in printed
    assert "in 4 times as long, 20 min: about" in printed


@pytest.mark.parametrize("budget", ["minutes=5", "search.max_epochs=1500"])
def test_a_plan_of_a_search_that_has_begun_goes_by_its_children(
    budget: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(Path("outputs/plan"), (6, 4))
    assert run_here("name=plan", budget, "plan_only=true", *QUIET) == 0
    assert "by the 10 trainings so far" in capsys.readouterr().out


def test_a_short_time_is_said_to_be_short(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here("name=plan", "search.max_seconds=8", "plan_only=true", *QUIET) == 0
    assert "the time is short" in capsys.readouterr().out


def test_a_plan_with_rungs_says_what_it_trains_and_that_short_trainings_are_dear(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rungs = "search.rungs=[0.2,1]"
    assert run_here("name=plan", "minutes=5", rungs, "plan_only=true", *QUIET) == 0
    printed = capsys.readouterr().out
    assert "short trainings and" in printed
    assert "whole ones in 5.0 min" in printed
    assert "in 4 times as long, 20 min: about" in printed
    assert "a training of 5 of 25 epochs takes about 6" in printed


def test_a_time_that_is_too_short_for_rungs_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here("name=short", "minutes=0.01", "search.rungs=[0.2,1]", *QUIET) == 2
    assert capsys.readouterr().err.startswith("search.max_seconds: must be at least ")
