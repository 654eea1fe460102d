"""Whole searches that are stopped by signals, by budgets or by children that fail."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from support.command import run_apart, run_here, start
from support.processor_time import is_below, most_seconds_below
from support.small import BY_TABLE, SMALL, write_small_table

SEARCH = (*SMALL, "tracking=none")
"""3 children of one block and 2 of two."""

LONG = (*SEARCH, "trainer.epochs=20000")
"""The same, with children that outlast a test."""

TRAINING_FROM = 10.0
"""Processor seconds after which a process trains. Imports, building and tracing take some seven."""


def summary_of(cwd: Path) -> dict[str, Any]:
    return json.loads((cwd / "outputs" / "demo" / "summary.json").read_text())


def children_of(cwd: Path) -> list[tuple[str, str, float | None]]:
    """Cell, status and reward of each child of the search."""
    with sqlite3.connect(f"file:{cwd}/outputs/demo/journal.sqlite?mode=ro", uri=True) as db:
        return db.execute(
            "SELECT cell, status, reward FROM children ORDER BY b, position"
        ).fetchall()


def attempts(cwd: Path) -> list[int]:
    """How often each child was started."""
    with sqlite3.connect(f"file:{cwd}/outputs/demo/journal.sqlite?mode=ro", uri=True) as db:
        return [starts for (starts,) in db.execute("SELECT starts FROM children")]


def trained(cwd: Path) -> int:
    try:
        return sum(status == "ok" for _, status, _ in children_of(cwd))
    except sqlite3.OperationalError:
        return 0


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_cluster_that_does_not_answer_is_one_line_and_leaves_nothing(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ray")
    assert run_here("name=demo", *SEARCH, "executor=ray", "executor.address=127.0.0.1:1") == 2
    assert capsys.readouterr().err.startswith(
        "executor.address: must be the address of a Ray cluster that answers"
    )
    assert not (here / "outputs" / "demo").exists()


def test_a_budget_ends_a_search_with_a_note_and_a_larger_one_continues(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_small_table(here)
    search = ("name=demo", *BY_TABLE)
    for _ in range(2):
        assert run_here(*search, "search.max_children=4") == 0
        assert "stopped by search.max_children=4" in capsys.readouterr().out

    summary = summary_of(here)
    assert summary["status"] == "finished"
    assert summary["stopped_by"] == "search.max_children=4"
    assert summary["children_trained"] == 4
    assert summary["stages"][1]["children"] == 2
    assert summary["stages"][1]["predictor"]["kind"] == "gp"

    assert run_here(*search) == 0
    assert summary_of(here)["children_trained"] == 5
    assert summary_of(here)["stopped_by"] is None


def end(process: "subprocess.Popen[str]", *signals: signal.Signals) -> tuple[float, str, str]:
    """Send signals to the whole group, as a terminal does; seconds until it ended, and what it
    said.
    """
    began = time.monotonic()
    for sign in signals:
        os.killpg(process.pid, sign)
        time.sleep(1.0)
    out, err = process.communicate(timeout=120)
    return time.monotonic() - began, out, err


def wait_for_training(process: "subprocess.Popen[str]") -> None:
    """Until a process of the search trains: to begin with it takes less time than is waited for."""
    deadline = time.monotonic() + 240
    while process.poll() is None and time.monotonic() < deadline:
        if most_seconds_below(process.pid) > TRAINING_FROM:
            break
        time.sleep(0.1)
    assert process.poll() is None, process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["serial", "local", "ray"])
def test_ctrl_c_waits_for_running_children_and_starts_no_others(
    executor: str, tmp_path: Path
) -> None:
    if executor == "ray":
        pytest.importorskip("ray")
    command = ["name=demo", *SEARCH, "trainer.epochs=20", f"executor={executor}"]
    command += [] if executor == "serial" else ["executor.workers=1", "executor.grace=100"]
    process = start(command, tmp_path)
    while trained(tmp_path) < 1 and process.poll() is None:
        time.sleep(0.02)
    _, out, err = end(process, signal.SIGINT)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "press Ctrl-C again to stop now" in err
    assert "The same command continues" in out
    kept = trained(tmp_path)
    assert kept <= 3
    code, _, err = run_apart(*command, cwd=tmp_path)
    assert code == 0, err
    assert trained(tmp_path) == 5
    assert attempts(tmp_path) == [1] * 5  # what ran at the Ctrl-C was finished


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["serial", "local", "ray"])
@pytest.mark.parametrize(
    "signals", [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM,)], ids=["ctrl-c twice", "sigterm"]
)
def test_twice_or_sigterm_it_stops_now(
    executor: str, signals: tuple[signal.Signals, ...], tmp_path: Path
) -> None:
    if executor == "ray":
        pytest.importorskip("ray")
    process = start(["name=demo", *LONG, f"executor={executor}"], tmp_path)
    wait_for_training(process)
    seconds, out, err = end(process, *signals)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "The same command continues" in out
    assert seconds < 60
    assert {status for _, status, _ in children_of(tmp_path)} == {"chosen"}
    assert summary_of(tmp_path)["children_failed"] == 0


@pytest.mark.slow
def test_ctrl_c_waits_no_longer_than_asked_for(tmp_path: Path) -> None:
    process = start(["name=demo", *LONG, "executor.grace=2"], tmp_path)
    wait_for_training(process)
    seconds, _, err = end(process, signal.SIGINT)
    assert process.returncode == 130, err
    assert 1.5 < seconds < 60
    assert {status for _, status, _ in children_of(tmp_path)} == {"chosen"}


def kill_a_ray_worker(group: int) -> bool:
    """Kill a worker of the Ray cluster of the process group's search while it trains."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            name = (path / "cmdline").read_bytes()
            if name.startswith(b"ray::train_remotely") and is_below(int(path.name), group):
                os.kill(int(path.name), signal.SIGKILL)
                return True
        except (OSError, ProcessLookupError):
            continue
    return False


@pytest.mark.slow
def test_ray_with_a_worker_killed_during_a_child_gives_what_serial_gives(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    few = (*SEARCH, "trainer.epochs=10")
    (tmp_path / "serial").mkdir()
    code, _, err = run_apart("name=demo", *few, "executor=serial", cwd=tmp_path / "serial")
    assert code == 0, err
    (tmp_path / "ray").mkdir()
    process = start(["name=demo", *few, "executor=ray", "executor.workers=2"], tmp_path / "ray")
    has_killed = False
    while process.poll() is None and not has_killed:
        has_killed = kill_a_ray_worker(process.pid)
        time.sleep(0.05)
    _, err = process.communicate(timeout=300)
    assert has_killed
    assert process.returncode == 0, err
    assert children_of(tmp_path / "ray") == children_of(tmp_path / "serial")
    assert len(list((tmp_path / "ray" / "outputs" / "demo" / "weights").iterdir())) == 1
    assert summary_of(tmp_path / "ray")["best"] == summary_of(tmp_path / "serial")["best"]
