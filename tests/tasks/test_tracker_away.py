"""The search never waits for, or dies of, the place where it is shown: real searches, real stores
that fail.
"""

import os
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.command import ROOT, run_apart, start
from support.small import SMALL

from pnas.tracking import MlflowSpec, open_store

DEMO = (
    "name=demo",
    *(item for item in SMALL if not item.startswith("trainer.epochs")),
    "executor=serial",
)
COMPLETE = {("search", "FINISHED"): 1, ("stage", "FINISHED"): 2, ("child", "FINISHED"): 5}

pytestmark = pytest.mark.slow


def shown(uri: str) -> dict[tuple[str, str], int]:
    """How many runs of each level and status the store has."""
    store = open_store(MlflowSpec(uri=uri))
    runs = store.client.search_runs([store.experiment_id], max_results=1000)
    return dict(Counter((run.data.tags["pnas.level"], run.info.status) for run in runs))


def trained(run_dir: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{run_dir}/journal.sqlite?mode=ro", uri=True)) as db:
            return int(
                db.execute("SELECT count(*) FROM children WHERE status = 'ok'").fetchone()[0]
            )
    except sqlite3.OperationalError:
        return 0


class Server:
    """A real ``mlflow server`` on loopback."""

    def __init__(self, home: Path, port: int) -> None:
        self.uri = f"http://127.0.0.1:{port}"
        self._command = [
            sys.executable,
            "-m",
            "mlflow",
            "server",
            "--port",
            str(port),
            "--workers",
            "1",
        ]
        self._command += ["--backend-store-uri", f"sqlite:///{home}/backend.db"]
        self._command += ["--artifacts-destination", str(home / "artifacts")]
        self._home = home
        self._process = None

    def start(self) -> None:
        environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
        with (self._home / "server.log").open("a") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._home,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + 240
        while not self._answers():
            assert time.monotonic() < until, "the server did not come up"
            time.sleep(0.2)

    def kill(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, 9)
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.uri}/health", timeout=2) as response:
                return bool(response.status == 200)
        except OSError:
            return False


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
    # Its schema is made once, here: that is not what is tested.
    open_store(MlflowSpec(uri=f"sqlite:///{tmp_path}/backend.db", experiment="other"))
    made = Server(tmp_path, port)
    yield made
    made.kill()


def test_a_server_that_is_killed_and_comes_back_gets_every_run_once(
    server: Server, tmp_path: Path
) -> None:
    server.start()
    search = start(
        [*DEMO, "trainer.epochs=60", f"tracking.uri={server.uri}", "tracking.patience=240"],
        tmp_path,
    )
    while not shown(server.uri) and search.poll() is None:
        time.sleep(0.5)
    server.kill()
    before = trained(tmp_path / "outputs" / "demo")
    while trained(tmp_path / "outputs" / "demo") < min(before + 1, 5) and search.poll() is None:
        time.sleep(0.2)
    server.start()
    _, err = search.communicate(timeout=600)
    assert search.returncode == 0, err
    assert err.count("The search goes on") <= 1
    assert "lacks a part" not in err
    assert shown(server.uri) == COMPLETE


def test_a_server_that_is_away_from_start_to_end_is_said_once_and_sync_delivers(
    server: Server, tmp_path: Path
) -> None:
    code, _, err = run_apart(*DEMO, "trainer.epochs=1", f"tracking.uri={server.uri}", cwd=tmp_path)
    assert code == 0, err
    assert err.count("The search goes on") == 1
    assert err.count("lacks a part of this search") == 1
    assert "Traceback" not in err
    server.start()
    for _ in range(2):
        code, _, err = run_apart(
            "task=sync", "from=outputs/demo", f"tracking.uri={server.uri}", cwd=tmp_path
        )
        assert code == 0, err
        assert shown(server.uri) == COMPLETE


def test_a_database_that_another_process_has_locked_holds_nobody(tmp_path: Path) -> None:
    open_store(MlflowSpec(uri=f"sqlite:///{tmp_path}/mlflow.db"))
    with closing(sqlite3.connect(tmp_path / "mlflow.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        code, _, err = run_apart(*DEMO, "trainer.epochs=1", "tracking.patience=2", cwd=tmp_path)
        assert code == 0, err
        assert "lacks a part of this search" in err
        assert "Traceback" not in err
        other.execute("ROLLBACK")
    assert run_apart(*DEMO, "trainer.epochs=1", cwd=tmp_path)[0] == 0
    assert shown(f"sqlite:///{tmp_path}/mlflow.db") == COMPLETE


def test_searches_started_at_once_on_a_fresh_store_are_all_complete(tmp_path: Path) -> None:
    script = ROOT / "experiments" / "benchmarks" / "concurrent_searches.py"
    done = subprocess.run(
        [sys.executable, script, "--searches", "3"], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr
