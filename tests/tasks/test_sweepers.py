"""Hydra's other sweepers and launchers: Optuna choosing what to try, submitit sending jobs off."""

import json
from pathlib import Path

import pytest
from support.command import run_apart

from pnas.state_space import StateSpace

pytestmark = pytest.mark.slow
TABLE = """format: pnas-table-1
space:
  kind: pnas
  B: 2
  operators: [3x3 conv, identity]
  input_lookback_depth: -2
  input_lookforward_depth: null
rows: rows.csv
"""
SMALL = (
    "trainer.epochs=1",
    "controller.K=2",
    "state_space.B=2",
    "executor.workers=1",
    "tracking=none", "state_space.operators=[3x3 conv,identity]",
)  # fmt: skip


def test_optuna_maximises_the_best_reward(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    tune = (
        "-m",
        "hydra/sweeper=tune",
        "hydra.sweeper.n_trials=2",
        "hydra.sweep.dir=multirun/tuned",
    )
    code, _, err = run_apart(*tune, "trainer.learning_rate=choice(0.01,0.02)", *SMALL, cwd=tmp_path)
    assert code == 0, err
    result = (tmp_path / "multirun" / "tuned" / "optimization_results.yaml").read_text()
    assert "best_params" in result
    assert "trainer.learning_rate" in result
    value = float(
        next(line for line in result.splitlines() if line.startswith("best_value")).split(": ")[1]
    )
    assert 0 < value < 1


def test_optuna_maximises_rank_correlation_on_a_table(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    cells = StateSpace(B=2, operators=["3x3 conv", "identity"])
    tokens = [row for b in (1, 2) for chunk in cells.iter_cells(b) for row in chunk]
    rows = (f'"{cells.decode(row[None])[0]}",{0.5 + row.mean() / 20}' for row in tokens)
    (tmp_path / "rows.csv").write_text("cell,reward\n" + "\n".join(rows) + "\n")
    (tmp_path / "table.yaml").write_text(TABLE)
    tune = (
        "-m",
        "hydra/sweeper=tune",
        "hydra.sweeper.n_trials=3",
        "hydra.sweep.dir=multirun/tuned",
    )
    table = ("trainer=tabular", "trainer.table=table.yaml")
    space = ("state_space.operators=[3x3 conv,identity]", "state_space.B=2")
    objective = (
        "task.objective=rank_correlation",
        "search.probe=10",
        "controller=gp",
        "controller.K=8",
        "tracking=none",
    )
    code, _, err = run_apart(*tune, *table, *space, *objective, cwd=tmp_path)
    assert code == 0, err
    result = (tmp_path / "multirun" / "tuned" / "optimization_results.yaml").read_text()
    value = float(
        next(line for line in result.splitlines() if line.startswith("best_value")).split(": ")[1]
    )
    summaries = [
        (tmp_path / "multirun" / "tuned" / job / "summary.json").read_text()
        for job in ("0", "1", "2")
    ]
    probes = [
        json.loads(text)["stages"][0]["predictor"]["choice_next"]["probe"]["spearman"]
        for text in summaries
    ]
    assert value == max(probes)


def test_a_job_that_fails_is_worth_nothing_to_optuna(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    tune = (
        "-m",
        "hydra/sweeper=tune",
        "hydra.sweeper.n_trials=1",
        "hydra.sweep.dir=multirun/tuned",
    )
    code, _, err = run_apart(*tune, "state_space.B=0", cwd=tmp_path)
    assert code == 2
    assert "state_space.B: must be an integer of at least 1" in err
    assert "Traceback" not in err
    assert (
        "best_value: 0.0"
        in (tmp_path / "multirun" / "tuned" / "optimization_results.yaml").read_text()
    )


def test_submitit_runs_jobs_by_its_local_executor(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    send = (
        "-m",
        "hydra/launcher=submitit_local",
        "hydra.launcher.timeout_min=5",
        "hydra.sweep.dir=multirun/sent",
    )
    code, _, err = run_apart(*send, "seed=0,1", *SMALL, cwd=tmp_path)
    assert code == 0, err
    for job in ("0", "1"):
        assert (
            '"status": "finished"'
            in (tmp_path / "multirun" / "sent" / job / "summary.json").read_text()
        )


def test_ranges_and_globs(tmp_path: Path) -> None:
    axes = ("seed=range(2)", "controller=glob(m*p)", "plan_only=true", "hydra.sweep.dir=multirun/r")
    code, out, err = run_apart("-m", *axes, cwd=tmp_path)
    assert code == 0, err
    assert out.count("Plan of the search") == 2


def test_a_sweep_over_an_unknown_key_is_one_line(tmp_path: Path) -> None:
    code, _, err = run_apart("-m", "trainer.epoch=1,2", cwd=tmp_path)
    assert code == 2
    assert len(err.strip().splitlines()) == 1
    assert "trainer.epoch: must be a key that exists" in err
