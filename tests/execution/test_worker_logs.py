"""Folders with the output of workers go away, also those of a search that was killed."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pnas.execution.worker_logs import WorkerLogs

MAKE_AND_DIE = """
import os, signal
from pnas.execution.worker_logs import WorkerLogs
logs = WorkerLogs()
logs.path(0).write_text("last words")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_a_folder_is_removed_by_whoever_made_it(temporary_directory: Path) -> None:
    logs = WorkerLogs()
    logs.path(3).write_text("output")
    assert logs.path(3).parent.parent == temporary_directory
    logs.remove()
    logs.remove()
    assert list(temporary_directory.iterdir()) == []


def test_the_folder_of_a_killed_process_is_removed_by_the_next(temporary_directory: Path) -> None:
    subprocess.run([sys.executable, "-c", MAKE_AND_DIE], check=False)
    (abandoned,) = temporary_directory.iterdir()

    logs = WorkerLogs()
    assert not abandoned.exists()
    logs.remove()


def test_the_folder_of_a_living_process_stays() -> None:
    living = WorkerLogs()
    living.path(0).write_text("output")

    other = WorkerLogs()
    assert living.path(0).read_text() == "output"
    other.remove()
    living.remove()


def test_folders_of_others_with_such_a_name_stay(temporary_directory: Path) -> None:
    foreign = temporary_directory / "pnas-workers-notes"
    foreign.mkdir()
    WorkerLogs().remove()
    assert foreign.is_dir()
