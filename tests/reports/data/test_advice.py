from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.journals import make_run

from pnas.reports.data.advice import advise
from pnas.reports.data.run_reader import read_run


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"status": "running", "unfinished": 1}, "is not finished (interrupted)"),
        ({"failed": (0, 1)}, "2 of 10 children failed"),
        ({"meta": {"stopped_by": "search.max_children=10"}}, "search.max_children=10"),
        ({}, "state_space.B=3"),
        ({"state_space__B": 3}, "controller.K=8"),
    ],
)
def test_advice_follows_from_facts(tmp_path: Path, made: dict[str, Any], said: str) -> None:
    advice = advise(read_run(make_run(tmp_path / "demo", (6, 4), **made)))
    assert any(said in f"{item.reason} {item.command}" for item in advice)


def test_only_tasks_that_exist_are_named(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path / "demo"))
    assert not any("task=train" in item.command for item in advise(run, ("score",)))
    assert any("task=train" in item.command for item in advise(run, ("score", "train")))


def test_a_stage_of_refinement_is_not_taken_for_larger_cells(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path / "demo", (6, 4), state_space__B=2))
    run.children[-1] = replace(run.children[-1], b=7, reward=1.0)
    said = " ".join(f"{item.reason} {item.command}" for item in advise(run))
    assert "b = 2" in said
    assert "state_space.B=3" in said
