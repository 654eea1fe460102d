"""Workers whose search was killed while they started end without a word."""

import subprocess
import sys
from pathlib import Path

import pytest

from pnas.execution import worker_main
from pnas.execution.worker_main import WorkerSettings, serve

ORPHAN = """
import multiprocessing, os, signal, sys, time
from pathlib import Path
from pnas.execution.worker_main import WorkerSettings, serve

def begin_late(connection, settings):
    while multiprocessing.parent_process().is_alive():
        time.sleep(0.01)
    serve(connection, settings)

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    _, connection = context.Pipe()
    settings = WorkerSettings(factory=None, log=Path(sys.argv[1]))
    context.Process(target=begin_late, args=(connection, settings), daemon=True).start()
    # The process has its arguments, and begins.
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_an_orphan_whose_folder_is_gone_says_nothing(tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(ORPHAN)
    log = tmp_path / "removed" / "worker-0.log"
    # The pipes close when the orphan has ended as well.
    command = [sys.executable, str(script), str(log)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("", "")


def test_a_worker_of_a_search_that_runs_says_that_its_folder_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_main.signal, "signal", lambda *_: None)
    settings = WorkerSettings(factory=None, log=tmp_path / "removed" / "worker-0.log")  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        serve(None, settings)  # type: ignore[arg-type]
