from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.journals import make_run
from support.winners import stored_winner

from pnas.reports.data.advice import advise
from pnas.reports.data.run_reader import read_run
from pnas.reports.data.run_view import RunView

TYPED = ["controller=gp", "name=my run", "state_space.B=2"]


@pytest.fixture(autouse=True)
def _folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def advice_text(run: RunView) -> str:
    return " ".join(f"{advice.reason} {advice.command}" for advice in advise(run, ("score",)))


def commands_of(run: RunView, *tasks: str) -> list[str]:
    return [advice.command for advice in advise(run, tasks) if advice.command]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"status": "running", "unfinished": 1}, "is not finished (interrupted)"),
        ({"failed": (0, 1)}, "2 of 10 children failed"),
        ({"meta": {"stopped_by": "search.max_children=10"}}, "search.max_children=10"),
        ({}, "state_space.B=3"),
    ],
)
def test_advice_follows_from_facts(tmp_path: Path, made: dict[str, Any], said: str) -> None:
    assert said in advice_text(read_run(make_run(Path("outputs/demo"), (6, 4), **made)))


def test_a_wider_beam_is_advised_where_larger_cells_did_not_win(tmp_path: Path) -> None:
    run = read_run(make_run(Path("outputs/demo"), (6, 4), meta={"overrides": TYPED}))
    run.children[0] = replace(run.children[0], reward=1.0)
    command = "python run.py controller=gp 'name=my run' state_space.B=2 controller.K=8"
    assert "Cells larger than 1 did not win" in advice_text(run)
    assert command in commands_of(run)


def test_larger_cells_that_were_never_trained_have_not_lost(tmp_path: Path) -> None:
    run = read_run(make_run(Path("outputs/demo"), (6,), state_space__B=2))
    assert "did not win" not in advice_text(run)


def test_only_tasks_that_exist_are_named(tmp_path: Path) -> None:
    run = read_run(make_run(Path("outputs/demo")))
    assert not any("task=train" in command for command in commands_of(run, "score"))
    assert any("task=train" in command for command in commands_of(run, "score", "train"))


def test_a_stage_of_refinement_is_not_taken_for_larger_cells(tmp_path: Path) -> None:
    run = read_run(make_run(Path("outputs/demo"), (6, 4), state_space__B=2))
    run.children[-1] = replace(run.children[-1], b=7, reward=1.0)
    text = advice_text(run)
    assert "b = 2" in text
    assert "state_space.B=3" in text


@pytest.mark.parametrize(
    ("made", "command"),
    [
        ({}, "python run.py controller=gp 'name=my run' state_space.B=3"),
        (
            {"status": "running", "unfinished": 1},
            "python run.py controller=gp 'name=my run' state_space.B=2",
        ),
        (
            {"meta": {"stopped_by": "search.max_children=10"}},
            "python run.py controller=gp 'name=my run' state_space.B=2 search.max_children=20",
        ),
    ],
)
def test_commands_are_whole(tmp_path: Path, made: dict[str, Any], command: str) -> None:
    meta = {**made.pop("meta", {}), "overrides": TYPED}
    run = read_run(make_run(Path("outputs/demo"), (6, 4), meta=meta, **made))
    assert command in commands_of(run)


@pytest.mark.parametrize(
    ("folder", "typed", "place"),
    [
        ("outputs/demo", ["name=demo"], ""),
        ("outputs/demo", [], " name=demo"),
        ("elsewhere/demo", ["name=demo"], " hydra.run.dir={}/elsewhere/demo"),
        ("my runs/demo", [], " name=demo 'hydra.run.dir={}/my runs/demo'"),
    ],
)
def test_a_command_leads_to_the_same_directory(
    tmp_path: Path, folder: str, typed: list[str], place: str
) -> None:
    meta = {"overrides": ["controller=gp", *typed]}
    run = read_run(make_run(tmp_path / folder, status="running", unfinished=1, meta=meta))
    words = " ".join(["python run.py controller=gp", *typed])
    assert words + place.format(tmp_path) in commands_of(run)


def test_a_predictor_without_an_order_is_compared_on_the_same_data(tmp_path: Path) -> None:
    home = make_run(Path("outputs/demo"), (6, 4, 4), meta={"overrides": [*TYPED, "data=digits"]})
    run = read_run(home)
    for stage in run.stages:
        if stage.predictor and stage.predictor.get("spearman_next") is not None:
            stage.predictor["spearman_next"] = 0.0
    command = "python run.py -m controller=gp,lstm,mlp state_space.B=2 data=digits"
    assert command in commands_of(run)


def test_a_run_of_an_earlier_version_stores_no_command(tmp_path: Path) -> None:
    run = read_run(make_run(Path("outputs/demo"), (6, 4)))
    assert not [command for command in commands_of(run) if "state_space.B" in command]
    assert "add state_space.B=3 to the command" in advice_text(run)


def test_a_job_of_a_sweep_is_not_started_alone(tmp_path: Path) -> None:
    meta = {"overrides": TYPED, "sweep": "2026-01-31_12-00-00"}
    run = read_run(make_run(Path("outputs/demo"), (6, 4), meta=meta))
    assert not [command for command in commands_of(run) if command.startswith("python run.py c")]


@pytest.mark.parametrize(
    "made", [{"trainer__table": "table.yaml"}, {"state_space__kind": "nasbench201"}]
)
def test_no_larger_cells_than_the_space_or_the_table_has(
    tmp_path: Path, made: dict[str, Any]
) -> None:
    run = read_run(make_run(Path("outputs/demo"), (6, 4), **made))
    assert "state_space.B=3" not in advice_text(run)


def test_the_size_of_the_winner_says_which_cells_may_be_better(tmp_path: Path) -> None:
    winner = stored_winner()
    run = read_run(make_run(Path("outputs/demo"), (6, 4), meta={"winner": winner}))
    assert run.best is not None
    assert len(run.best.cell) == 2
    assert "Cells larger than 1 did not win" in advice_text(run)


def test_credentials_that_were_hidden_are_not_repeated(tmp_path: Path) -> None:
    hidden = "tracking.uri=${oc.env:PNAS_HIDDEN_0}"
    run = read_run(make_run(Path("outputs/demo"), (6, 4), meta={"overrides": [*TYPED, hidden]}))
    assert "PNAS_HIDDEN" not in advice_text(run)


def test_larger_cells_of_a_mixed_start_are_another_search(tmp_path: Path) -> None:
    meta = {"overrides": TYPED}
    run = read_run(make_run(Path("outputs/demo"), (6, 4), meta=meta, search__start="mixed"))
    (larger,) = [command for command in commands_of(run) if "state_space.B=3" in command]
    assert larger == "python run.py name=demo_B3 controller=gp state_space.B=3"
    small_best = read_run(
        make_run(tmp_path / "small", (6, 4), state_space__B=3, meta=meta, search__start="mixed")
    )
    assert not any("controller.K" in command for command in commands_of(small_best))
