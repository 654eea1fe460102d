"""Hydra's other sweepers and launchers: Optuna choosing what to try, submitit sending jobs off."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.command import run_apart, run_here
from support.small import SMALL

from pnas.multirun.optuna_results import ALL_FAILED
from pnas.state_space import StateSpace
from pnas.tables import Row, write_table

TRAINED = (*SMALL, "state_space.B=1", "executor.workers=1", "tracking=none")
"""3 children a job, a second of training each."""
TUNE = ("-m", "hydra/sweeper=tune", "hydra.sweep.dir=multirun/tuned")


@pytest.fixture
def optuna() -> None:
    """Skip the test where Hydra's Optuna sweeper is not installed."""
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")


def job_summary(cwd: Path, job: int) -> dict[str, Any]:
    path = cwd / "multirun" / "tuned" / str(job) / "summary.json"
    summary: dict[str, Any] = json.loads(path.read_text())
    return summary


def tuned(cwd: Path) -> str:
    """Return the text of Optuna's results."""
    return (cwd / "multirun" / "tuned" / "optimization_results.yaml").read_text()


def best_value(results: str) -> float:
    for line in results.splitlines():
        if line.startswith("best_value: "):
            return float(line.removeprefix("best_value: "))
    raise AssertionError(f"no best_value in {results}")


def write_position_table(folder: Path) -> None:
    """Write a table of the space below whose rewards grow with the cells' tokens."""
    space = StateSpace(B=2, operators=["3x3 conv", "identity"])
    rows = []
    for b in (1, 2):
        for tokens in space.iter_cells(b):
            rewards = 0.5 + tokens.mean(axis=(1, 2)) / 20
            for cell, reward in zip(space.decode(tokens), rewards.tolist(), strict=True):
                rows.append((cell, Row((reward,))))
    write_table(folder / "table.yaml", space, rows, {"note": "made for tests"})


@pytest.mark.slow
@pytest.mark.usefixtures("optuna")
def test_optuna_maximises_the_best_reward(tmp_path: Path) -> None:
    tune = (*TUNE, "hydra.sweeper.n_trials=2")
    rates = "trainer.learning_rate=choice(0.01,0.02)"
    code, _, err = run_apart(*tune, rates, *TRAINED, cwd=tmp_path)
    assert code == 0, err
    results = tuned(tmp_path)
    assert "best_params" in results
    assert "trainer.learning_rate" in results

    rewards = [job_summary(tmp_path, job)["best"]["reward"] for job in range(2)]
    assert best_value(results) == pytest.approx(max(rewards))


@pytest.mark.slow
@pytest.mark.usefixtures("optuna")
def test_optuna_maximises_rank_correlation_on_a_table(tmp_path: Path) -> None:
    write_position_table(tmp_path)
    search = (
        "trainer=tabular",
        "trainer.table=table.yaml",
        "state_space.operators=[3x3 conv,identity]",
        "state_space.B=2",
        "search.probe=10",
        "controller=gp",
        "controller.K=8",
        "tracking=none",
    )
    tune = (*TUNE, "hydra.sweeper.n_trials=3", "task.objective=rank_correlation")
    code, _, err = run_apart(*tune, *search, cwd=tmp_path)
    assert code == 0, err

    correlations = []
    for job in range(3):
        first_stage = job_summary(tmp_path, job)["stages"][0]
        correlations.append(first_stage["predictor"]["choice_next"]["probe"]["spearman"])
    assert best_value(tuned(tmp_path)) == max(correlations)


@pytest.mark.slow
@pytest.mark.usefixtures("optuna")
def test_no_best_parameters_are_named_where_every_job_fails(tmp_path: Path) -> None:
    tune = (*TUNE, "hydra.sweeper.n_trials=2")
    code, out, err = run_apart(*tune, "state_space.B=0", cwd=tmp_path)
    assert code == 2
    assert "state_space.B: must be an integer of at least 1" in err
    assert "Traceback" not in err
    assert "Best" not in out + err
    assert err.strip().splitlines()[-1] == ALL_FAILED
    assert not (tmp_path / "multirun" / "tuned" / "optimization_results.yaml").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("optuna")
def test_a_job_that_fails_is_worth_nothing_to_optuna(tmp_path: Path) -> None:
    write_position_table(tmp_path)
    search = (
        "trainer=tabular",
        "trainer.table=table.yaml",
        "state_space.operators=[3x3 conv,identity]",
        "state_space.B=choice(2,0)",
        "hydra/sweeper/sampler=grid",
        "controller.K=choice(2)",
        "tracking=none",
    )
    tune = (*TUNE, "hydra.sweeper.n_trials=2")
    code, out, err = run_apart(*tune, *search, cwd=tmp_path)
    assert code == 2
    assert "1 job of this multirun failed" in err
    assert "Best parameters: {'controller.K': 2, 'state_space.B': 2}" in out
    assert best_value(tuned(tmp_path)) > 0.5


@pytest.mark.slow
def test_submitit_runs_jobs_by_its_local_executor(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    send = ("-m", "hydra/launcher=submitit_local", "hydra.launcher.timeout_min=5")
    sweep = ("hydra.sweep.dir=multirun/tuned", "seed=0,1")
    code, _, err = run_apart(*send, *sweep, *TRAINED, cwd=tmp_path)
    assert code == 0, err
    for job in range(2):
        assert job_summary(tmp_path, job)["status"] == "finished"


@pytest.mark.slow
def test_ranges_and_globs(tmp_path: Path) -> None:
    axes = ("seed=range(2)", "controller=glob(m*p)", "plan_only=true", "hydra.sweep.dir=multirun/r")
    code, out, err = run_apart("-m", *axes, cwd=tmp_path)
    assert code == 0, err
    assert out.count("Plan of the search") == 2


def test_a_sweep_over_an_unknown_key_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_here("-m", "trainer.epoch=1,2") == 2
    err = capsys.readouterr().err
    assert len(err.strip().splitlines()) == 1
    assert "trainer.epoch: must be a key that exists" in err
