"""Whole searches through run.py, on the real data, as small as they can be."""

import csv
import json
import os
import shutil
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from support.command import run_apart, run_here, start
from support.small import BY_TABLE, SMALL, write_small_table

SERIAL = (*SMALL, "executor=serial", "tracking=none")


def summary_of(run_dir: Path) -> dict[str, Any]:
    return json.loads((run_dir / "summary.json").read_text())


def rewards_of(run_dir: Path) -> list[tuple[str, str, str, str]]:
    with (run_dir / "children.csv").open() as file:
        return [
            (row["cell"], row["reward"], row["predicted"], row["seed"])
            for row in csv.DictReader(file)
        ]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Path:
    """A directory in which the search ``demo`` has finished, tracked in MLflow."""
    cwd = tmp_path_factory.mktemp("finished")
    shutil.copy(empty_store, cwd / "mlflow.db")
    code, _, err = run_apart("name=demo", "seed=1", *SMALL, cwd=cwd)
    assert code == 0, err
    return cwd


@pytest.fixture
def again(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of ``finished`` that a test may change, as the working directory."""
    shutil.copytree(finished, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def settled(again: Path) -> Path:
    """A copy that has an identity of its own, as the first command in a copy gives it."""
    assert run_here("name=demo", "seed=1", *SMALL) == 0
    return again


def test_a_search_leaves_what_the_contract_says(finished: Path) -> None:
    run_dir = finished / "outputs" / "demo"
    summary = summary_of(run_dir)
    assert (summary["name"], summary["status"], summary["seed"]) == ("demo", "finished", 1)
    assert (summary["children_trained"], summary["children_failed"]) == (5, 0)
    assert summary["search_seconds"] > 0
    assert 0 <= summary["best"]["test_accuracy"] <= 1
    first, second = summary["stages"]
    assert (
        first["b"],
        first["children"],
        first["candidates_scored"],
        first["unique_candidates"],
    ) == (
        1,
        3,
        0,
        3,
    )
    # 3 parents, 2 inputs x 2 operators = 4 operands, 10 unordered pairs.
    assert (second["b"], second["children"], second["candidates_scored"]) == (2, 2, 30)
    assert first["predictor"]["kind"] == "gp"
    assert second["predictor"]["spearman_next"] is None
    assert summary["tracking"]["experiment"] == "pnas"
    assert len(rewards_of(run_dir)) == 5
    for name in (
        "config.yaml",
        "journal.sqlite",
        "search.png",
        "controller/stage_2/predictor.json",
    ):
        assert (run_dir / name).is_file(), name
    assert len(list((run_dir / "weights").iterdir())) == 1


def test_mlflow_holds_search_stages_and_children(finished: Path) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{finished}/mlflow.db")
    experiment = client.get_experiment_by_name("pnas")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    levels = [run.data.tags["pnas.level"] for run in runs]
    assert sorted(levels) == ["child"] * 5 + ["search"] + ["stage"] * 2
    assert {run.info.status for run in runs} == {"FINISHED"}
    search = next(run for run in runs if run.data.tags["pnas.level"] == "search")
    assert search.data.metrics["children_trained"] == 5
    assert (
        search.data.metrics["best_reward"]
        == summary_of(finished / "outputs" / "demo")["best"]["reward"]
    )
    names = {artifact.path for artifact in client.list_artifacts(search.info.run_id)}
    assert {"config.yaml", "summary.json", "children.csv", "search.png"} <= names


def test_the_same_command_again_returns_at_once_and_changes_nothing(settled: Path) -> None:
    before = (settled / "outputs" / "demo" / "summary.json").read_bytes()
    assert run_here("name=demo", "seed=1", *SMALL) == 0
    assert (settled / "outputs" / "demo" / "summary.json").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("seed=2", "seed"),
        ("state_space.B=1", "state_space.B"),
        ("controller.K=1", "controller.K"),
        ("trainer.epochs=2", "trainer.epochs"),
    ],
)
def test_a_command_of_another_meaning_is_refused(
    change: str, key: str, settled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(
        (path.name, path.stat().st_mtime_ns) for path in (settled / "outputs" / "demo").iterdir()
    )
    settings = [item for item in ("seed=1", *SMALL) if not item.startswith(change.split("=")[0])]
    assert run_here("name=demo", *settings, change) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"{key}: ")
    assert "another name" in message
    after = sorted(
        (path.name, path.stat().st_mtime_ns) for path in (settled / "outputs" / "demo").iterdir()
    )
    assert [item for item in after if item[0] != ".lock"] == [
        item for item in before if item[0] != ".lock"
    ]


def test_serial_and_local_give_the_same_cells_and_rewards(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_here("name=serial", "seed=1", *SERIAL) == 0
    assert rewards_of(tmp_path / "outputs" / "serial") == rewards_of(finished / "outputs" / "demo")


def test_score_ranks_bigger_cells_than_the_search_has_seen(again: Path) -> None:
    every = ("state_space.B=3", "controller.K=null", "task.top=20", "task.output=all.csv")
    assert run_here("task=score", "from=outputs/demo", *every) == 0
    with (again / "all.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20
    assert {row["blocks"] for row in rows} == {"3"}
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert run_here("task=score", "from=outputs/demo", "state_space.B=3", "controller.K=4") == 0
    with (again / "outputs" / "demo" / "scores_b3.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 4


def test_score_finds_the_run_by_its_mlflow_id(again: Path, finished: Path) -> None:
    run_id = summary_of(again / "outputs" / "demo")["tracking"]["run_id"]
    assert (
        run_here("task=score", f"from={run_id}", "task.top=5", f"task.output={again}/scores.csv")
        == 0
    )
    assert (again / "scores.csv").is_file()


def test_rank_prints_and_draws_a_run(again: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here("task=rank", "from=outputs/demo") == 0
    best = summary_of(again / "outputs" / "demo")["best"]
    assert best["cell"] in capsys.readouterr().out
    assert (again / "outputs" / "demo" / "ranking.png").read_bytes().startswith(b"\x89PNG")


def test_rank_reads_files_of_the_original_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train_history.csv").write_text("0.5,0,3x3 dconv,0,identity\n0.75,0,identity,0,identity\n")
    assert run_here("name=ranked", "task=rank", "task.files=[train_history.csv]") == 0
    assert Path("outputs/ranked/ranking.png").is_file()


def test_a_plan_trains_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_here("name=planned", "experiment=paper_cifar10", "plan_only=true") == 0
    out = capsys.readouterr().out
    # 136 + 4 * 256 children; 136 parents x 300 blocks at stage 2 (docs/architecture.md, counts).
    for count in ("1,160", "136", "40,800", "301,056"):
        assert count in out
    assert not (tmp_path / "outputs" / "planned" / "journal.sqlite").exists()
    assert not (tmp_path / "mlflow.db").exists()


def kill(process: Any, sign: signal.Signals) -> None:
    os.killpg(process.pid, sign) if sign is signal.SIGKILL else os.kill(process.pid, sign)
    process.communicate(timeout=60)


def assert_gone(group: int) -> None:
    """No process of the search's group is left, or soon none."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.2)
    pytest.fail("a worker outlived its search")


def trained(run_dir: Path) -> int:
    try:
        with sqlite3.connect(f"file:{run_dir}/journal.sqlite?mode=ro", uri=True) as db:
            return int(
                db.execute("SELECT count(*) FROM children WHERE status = 'ok'").fetchone()[0]
            )
    except sqlite3.OperationalError:
        return 0


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_killed_and_continued_it_ends_as_if_never_stopped(
    sign: signal.Signals, finished: Path, tmp_path: Path
) -> None:
    run_dir = tmp_path / "outputs" / "demo"
    ended_at: dict[int, float] = {}
    for children in (1, 4):
        process = start(["name=demo", "seed=1", *SMALL], tmp_path)
        while trained(run_dir) < children and process.poll() is None:
            time.sleep(0.02)
        kill(process, sign)
        with sqlite3.connect(run_dir / "journal.sqlite") as db:
            now = dict(
                db.execute("SELECT id, ended_at FROM children WHERE status = 'ok'").fetchall()
            )
        assert now.items() >= ended_at.items(), "a finished child was trained again"
        ended_at = now
    code, _, err = run_apart("name=demo", "seed=1", *SMALL, cwd=tmp_path)
    assert code == 0, err
    assert rewards_of(run_dir) == rewards_of(finished / "outputs" / "demo")
    assert summary_of(run_dir)["status"] == "finished"


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on_and_leaves_no_worker(tmp_path: Path) -> None:
    process = start(["name=demo", *SMALL, "tracking=none", "trainer.epochs=50"], tmp_path)
    while trained(tmp_path / "outputs" / "demo") < 1 and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "The same command continues" in out
    assert "Traceback" not in err
    assert_gone(process.pid)


@pytest.mark.slow
def test_a_killed_search_leaves_no_worker_behind(tmp_path: Path) -> None:
    process = start(["name=demo", *SMALL, "tracking=none", "trainer.epochs=100"], tmp_path)
    while trained(tmp_path / "outputs" / "demo") < 1 and process.poll() is None:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert_gone(process.pid)


@pytest.mark.slow
def test_a_multirun_is_one_search_a_job_tied_by_a_tag(tmp_path: Path, empty_store: Path) -> None:
    from mlflow import MlflowClient

    write_small_table(tmp_path)
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    fixed = [word for word in BY_TABLE if not word.startswith(("state_space.B", "tracking"))]
    sweep = ("-m", "controller=gp,trees", "state_space.B=1,2", "hydra.sweep.dir=multirun/swept")
    code, _, err = run_apart(*sweep, *fixed, cwd=tmp_path)
    assert code == 0, err

    jobs = [summary_of(tmp_path / "multirun" / "swept" / str(job)) for job in range(4)]
    assert [len(job["stages"]) for job in jobs] == [1, 2, 1, 2]
    predictors = [job["stages"][0]["predictor"]["kind"] for job in jobs]
    assert predictors == ["gp", "gp", "trees", "trees"]

    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    experiment = client.get_experiment_by_name("pnas")
    assert experiment is not None
    searches = client.search_runs([experiment.experiment_id], "tags.`pnas.level` = 'search'")
    assert len(searches) == 4
    assert len({run.data.tags["pnas.sweep"] for run in searches}) == 1
    assert len({run.info.run_name for run in searches}) == 4


def test_a_failing_job_of_a_multirun_does_not_stop_the_others(tmp_path: Path) -> None:
    write_small_table(tmp_path)
    code, _, err = run_apart("-m", "seed=-1,1", *BY_TABLE, "state_space.B=1", cwd=tmp_path)
    assert code == 2
    assert "seed" in err
    assert "Traceback" not in err
    assert len(list(tmp_path.glob("multirun/*/*/*/summary.json"))) == 1
