import logging
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import closing

import pytest

from pnas.tracking import (
    MlflowSpec,
    NoTrackingSpec,
    NullTracker,
    project,
    start_tracker,
    store_database,
)
from pnas.tracking.store_address import sqlite_path


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def test_none_tracks_nothing(search):
    tracker = start_tracker(NoTrackingSpec(), search.run_dir, on_run=pytest.fail)
    assert isinstance(tracker, NullTracker)
    tracker.notify()
    assert tracker.finish("finished") is None


def test_shown_while_it_runs_and_when_it_has_ended(search, spec, new_spec, read_store, caplog):
    told = []
    tracker = start_tracker(
        spec, search.run_dir, lambda info: told.append((info, threading.current_thread()))
    )
    search.first_half()

    def known():
        tracker.notify()
        return told

    wait_for(known)
    (info, thread) = told[0]
    assert thread is threading.current_thread()
    search.second_half()
    tracker.notify()
    assert tracker.finish("finished") == info
    assert len(told) == 1
    assert info["uri"] == spec.uri
    assert info["experiment"] == "pnas"
    project(search.run_dir, whole := new_spec("whole"))
    assert read_store(spec) == read_store(whole)
    assert caplog.records == []


def test_artifacts_of_the_end(finished, spec, read_store):
    (finished.run_dir / "report.html").write_text("<html/>")
    start_tracker(spec, finished.run_dir).finish("finished", [finished.run_dir / "report.html"])
    assert "report.html" in read_store(spec)["search"]["artifacts"]


def test_interrupted_and_continued_by_the_next_tracker(search, spec, read_store):
    search.first_half()
    info = start_tracker(spec, search.run_dir).finish("interrupted")
    assert read_store(spec)["search"]["status"] == "KILLED"
    tracker = start_tracker(spec, search.run_dir)
    search.second_half()
    assert tracker.finish("finished") == info
    assert {run["status"] for run in read_store(spec).values()} == {"FINISHED", "FAILED"}


def test_an_unreachable_server_is_said_once_and_waited_for_shortly(
    search, closed_port, caplog, capfd
):
    spec = MlflowSpec(uri=f"http://ann:s3cret@127.0.0.1:{closed_port}")
    with caplog.at_level(logging.DEBUG):
        tracker = start_tracker(spec, search.run_dir, on_run=pytest.fail)
        search.first_half()
        wait_for(lambda: tracker.notify() or caplog.records)
        tracker.notify()
        started = time.monotonic()
        assert tracker.finish("finished") is None
    assert time.monotonic() - started < 10
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("pnas")]
    assert len(ours) == 2
    assert ours[0].startswith(f"MLflow store http://***@127.0.0.1:{closed_port}: ")
    assert "lacks a part of this search; the same command again, or task=sync from=" in ours[1]
    output = capfd.readouterr()
    assert "s3cret" not in caplog.text + output.out + output.err


def test_a_server_that_never_answers_holds_nobody(search):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        spec = MlflowSpec(uri=f"http://127.0.0.1:{silent.getsockname()[1]}", patience=1.0)
        tracker = start_tracker(spec, search.run_dir)
        search.first_half()
        tracker.notify()
        started = time.monotonic()
        assert tracker.finish("failed") is None
        assert time.monotonic() - started < 5


def test_a_locked_database_is_left_for_later(finished, spec, read_store, caplog):
    project(finished.run_dir, spec, status="interrupted")
    finished.set(test_accuracy=0.76)
    with closing(sqlite3.connect(sqlite_path(spec.uri))) as other:
        other.execute("BEGIN EXCLUSIVE")
        tracker = start_tracker(MlflowSpec(uri=spec.uri, patience=0.5), finished.run_dir)
        started = time.monotonic()
        tracker.finish("finished")
        assert time.monotonic() - started < 5
        assert "lacks a part of this search" in caplog.text
        other.rollback()
    project(finished.run_dir, spec)
    assert read_store(spec)["search"]["status"] == "FINISHED"


def test_a_slow_store_that_makes_progress_is_waited_for(
    finished, tmp_path, empty_store, monkeypatch
):
    """As on a machine that needs minutes for MLflow's schema: the draft grows, piece by piece."""

    def create_slowly(database):
        draft = database.with_name(f".{database.name}.draft")
        content = empty_store.read_bytes()
        pieces = 12
        size = len(content) // pieces + 1
        with draft.open("wb") as file:
            for start in range(0, len(content), size):
                file.write(content[start : start + size])
                file.flush()
                time.sleep(0.3)
        draft.replace(database)

    monkeypatch.setattr(store_database, "_create", create_slowly)
    spec = MlflowSpec(uri=f"sqlite:///{tmp_path}/slow/mlflow.db", patience=1.5)
    tracker = start_tracker(spec, finished.run_dir)
    started = time.monotonic()
    assert tracker.finish("finished") is not None
    assert tracker.complete
    assert time.monotonic() - started > spec.patience


def test_a_broken_journal_reaches_nobody(tmp_path, spec, caplog):
    tracker = start_tracker(spec, tmp_path)
    assert tracker.finish("failed") is None
    assert "is not a run directory" in caplog.text


KILLED = """
import sys, time
from pathlib import Path
from pnas.tracking import MlflowSpec, start_tracker
start_tracker(MlflowSpec(uri=sys.argv[1]), Path(sys.argv[2]))
time.sleep(60)
"""


@pytest.mark.slow
def test_killed_trackers_leave_a_store_that_the_next_one_completes(
    finished, spec, new_spec, read_store
):
    project(finished.run_dir, whole := new_spec("whole"))
    expected = read_store(whole)
    seen = 0
    for extra in range(12):
        process = subprocess.Popen([sys.executable, "-c", KILLED, spec.uri, str(finished.run_dir)])
        wait_for(lambda: read_store(spec) in (expected,) or len(read_store(spec)) > seen)  # noqa: B023
        time.sleep(0.02 * extra)
        process.kill()
        process.wait()
        seen = len(read_store(spec))
    start_tracker(spec, finished.run_dir).finish("finished")
    assert read_store(spec) == expected


@pytest.mark.slow
def test_a_server_shows_what_a_database_shows(search, new_spec, read_store, closed_port, tmp_path):
    backing = new_spec("server")
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--backend-store-uri",
        backing.uri,
        "--workers",
        "1",
    ]
    command += ["--artifacts-destination", str(tmp_path / "artifacts"), "--port", str(closed_port)]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    server = subprocess.Popen(command, cwd=tmp_path, env=environment, start_new_session=True)
    try:
        spec = MlflowSpec(uri=f"http://127.0.0.1:{closed_port}")
        wait_for(lambda: answers(f"{spec.uri}/health"), 180)
        tracker = start_tracker(spec, search.run_dir)
        search.first_half()
        tracker.notify()
        time.sleep(3)
        search.second_half()
        assert tracker.finish("finished")["uri"] == spec.uri
        project(search.run_dir, spec)
        project(search.run_dir, whole := new_spec("whole"))
        assert read_store(spec) == read_store(whole)
    finally:
        os.killpg(server.pid, 9)
        server.wait()


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except OSError:
        return False
