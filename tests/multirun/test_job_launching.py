"""Multiruns: every job in a process of its own, resumed by the same command, and none stopped by
another's failure.
"""

import io
import os
import shutil
import signal
import sqlite3
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.command import run_apart, run_here, start
from support.small import SMALL

from pnas.multirun import job_process
from pnas.multirun.prefixed_output import PrefixedStream

ONE_STAGE = (*SMALL, "state_space.B=1", "tracking=none")
"""3 children, a second of training each."""
SWEEP = "hydra.sweep.dir=sweep"
JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")


def children(run_dir: Path) -> list[tuple[object, ...]]:
    """Of each child: what it is, its reward, and when it ended."""
    try:
        with sqlite3.connect(f"file:{run_dir}/journal.sqlite?mode=ro", uri=True) as db:
            rows = (
                "SELECT key, seed, reward, ended_at FROM children WHERE status = 'ok' ORDER BY id"
            )
            return db.execute(rows).fetchall()
    except sqlite3.OperationalError:
        return []


def rewards(run_dir: Path) -> list[tuple[object, ...]]:
    return [row[:3] for row in children(run_dir)]


def test_lines_of_jobs_side_by_side_say_whose_they_are() -> None:
    stream = io.StringIO()
    prefixed = PrefixedStream(stream, "job 3: ")
    for text in ("one\ntw", "o\n", "rest"):
        prefixed.write(text)
    assert stream.getvalue() == "job 3: one\njob 3: two\n"


def test_a_job_whose_launcher_was_killed_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    order = io.StringIO('{"config": {}, "context": {}}')
    monkeypatch.setattr(sys, "stdin", order)
    monkeypatch.setattr(sys, "argv", ["job_process", str(writer)])
    monkeypatch.setattr(job_process, "_watch_launcher", lambda: None)
    monkeypatch.setattr(job_process, "Context", SimpleNamespace(from_dict=lambda values: None))
    monkeypatch.setattr(job_process, "_with_plain_console", lambda context: context)
    monkeypatch.setattr(job_process, "_outcome", lambda config, context: {"interrupted": True})
    job_process.main()


def test_failed_jobs_are_listed_last_and_the_same_command_tries_them_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    assert run_here("-m", SWEEP, "state_space.B=0,1,-1", "plan_only=true") == 2
    out, err = capfd.readouterr()
    assert "Traceback" not in err
    assert "Error executing job" not in err
    *_, title, first, second = err.strip().splitlines()
    assert title.startswith("2 jobs of this multirun failed")
    assert [line.split()[1] for line in (first, second)] == ["0", "2"]
    assert all("state_space.B: must be" in line for line in (first, second))
    assert "Plan of the search" in out
    assert not any((tmp_path / "sweep" / str(job)).exists() for job in range(3))

    assert run_here("-m", SWEEP, "state_space.B=2", "plan_only=true") == 0
    assert "failed" not in capfd.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [(), JOBLIB], ids=["basic", "joblib"])
def test_the_same_sweep_runs_only_what_is_missing(
    launcher: tuple[str, ...], tmp_path: Path
) -> None:
    if launcher:
        pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    sweep = ["-m", SWEEP, *launcher, "seed=1,-1,2", *ONE_STAGE]
    process = start(sweep, tmp_path)
    while not children(tmp_path / "sweep" / "0") and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    wait_until_free(tmp_path / "sweep")
    before = {job: children(tmp_path / "sweep" / job) for job in ("0", "2")}
    code, _, err = run_apart(*sweep, cwd=tmp_path)
    assert code == 2, err
    assert "Traceback" not in err
    assert "job 1" in err
    after = {job: children(tmp_path / "sweep" / job) for job in ("0", "2")}
    assert all(set(after[job]) >= set(before[job]) for job in before), (
        "a finished child was trained again"
    )
    assert [len(rows) for rows in after.values()] == [3, 3]
    code, _, err = run_apart("name=alone", "seed=2", *ONE_STAGE, cwd=tmp_path)
    assert code == 0, err
    assert sorted(rewards(tmp_path / "outputs" / "alone")) == sorted(
        rewards(tmp_path / "sweep" / "2")
    )
    assert run_apart(*sweep, cwd=tmp_path)[0] == 2
    assert {job: children(tmp_path / "sweep" / job) for job in ("0", "2")} == after


def wait_until_free(sweep: Path) -> None:
    """A killed multirun's jobs close themselves."""
    import fcntl

    deadline = time.monotonic() + 60
    for lock in sweep.glob("*/.lock"):
        with lock.open() as file:
            while time.monotonic() < deadline:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(0.2)
            else:
                pytest.fail("a job outlived its multirun")


@pytest.mark.slow
def test_no_state_of_tensorflow_goes_from_one_job_into_the_next(tmp_path: Path) -> None:
    """In one process TensorFlow could not change its threads, and the second job would have been
    refused.
    """
    code, _, err = run_apart(
        "-m", SWEEP, "trainer.threads=1,2", "executor=serial", *ONE_STAGE, cwd=tmp_path
    )
    assert code == 0, err
    code, _, err = run_apart(
        "name=alone", "trainer.threads=2", "executor=serial", *ONE_STAGE, cwd=tmp_path
    )
    assert code == 0, err
    assert rewards(tmp_path / "outputs" / "alone") == rewards(tmp_path / "sweep" / "1")


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [(), JOBLIB], ids=["basic", "joblib"])
def test_ctrl_c_closes_every_job_and_the_same_command_continues(
    launcher: tuple[str, ...], tmp_path: Path
) -> None:
    if launcher:
        pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    sweep = ["-m", SWEEP, *launcher, "seed=1,2", *ONE_STAGE, "trainer.epochs=100"]
    process = start(sweep, tmp_path)
    while not children(tmp_path / "sweep" / "0") and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=90)
    assert process.returncode == 130, err
    wait_until_free(tmp_path / "sweep")
    assert (tmp_path / "sweep" / "0" / "journal.sqlite").is_file()
    if (
        not launcher
    ):  # joblib's workers may be ended before their jobs have written more than their journals
        assert (tmp_path / "sweep" / "0" / "summary.json").is_file()
    shutil.rmtree(tmp_path / "sweep")


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [(), JOBLIB], ids=["basic", "joblib"])
def test_ctrl_c_lists_the_jobs_that_failed_before_it(
    launcher: tuple[str, ...], tmp_path: Path
) -> None:
    if launcher:
        pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    sweep = ["-m", SWEEP, *launcher, "seed=-1,2", *ONE_STAGE, "trainer.epochs=100"]
    process = start(sweep, tmp_path)
    while not children(tmp_path / "sweep" / "1") and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=90)
    assert process.returncode == 130, err
    assert "1 job of this multirun failed; the same command tries it again" in err
    assert "job 0 (seed=-1 " in err
    assert "Traceback" not in err
    wait_until_free(tmp_path / "sweep")


def test_a_sweep_over_an_option_that_does_not_exist_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_here("-m", SWEEP, "controller=lstm,oracle", "plan_only=true") == 2
    err = capsys.readouterr().err
    assert err.startswith("controller: must be an option that exists")
    assert len(err.strip().splitlines()) == 1


def test_a_multirun_in_this_process_leaves_no_exit_code_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_here("-m", SWEEP, "seed=-1", "plan_only=true") == 2
    assert run_here("name=planned", "plan_only=true") == 0
