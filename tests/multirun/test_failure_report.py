"""Which failed jobs a multirun lists at its end."""

import json
import os
import time
from pathlib import Path

import pytest
from omegaconf import DictConfig, OmegaConf

from pnas.multirun.failure_report import FAILED, ReportFailures, exit_code
from pnas.system.atomic_write import write_text


def config_of(folder: Path) -> DictConfig:
    return OmegaConf.create({"hydra": {"sweep": {"dir": str(folder)}}})


def fail(folder: Path, job: int, seconds_ago: float = 0.0) -> None:
    """Leave what a failed job leaves, written by a clock that is so many seconds behind."""
    path = folder / FAILED / f"{job}.json"
    path.parent.mkdir(exist_ok=True)
    failure = {"job": job, "overrides": f"seed={job}", "error": "no such layer", "exit_code": 1}
    write_text(path, json.dumps(failure))
    written = time.time() - seconds_ago
    os.utime(path, (written, written))


def test_failures_are_listed_whatever_the_clock_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fail(tmp_path, job=0)
    fail(tmp_path, job=1, seconds_ago=600)
    report = ReportFailures()
    report.on_multirun_start(config_of(tmp_path))
    fail(tmp_path, job=1, seconds_ago=600)
    fail(tmp_path, job=2, seconds_ago=60)
    report.on_multirun_end(config_of(tmp_path))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("2 jobs of this multirun failed")
    assert [line.strip() for line in lines[1:]] == [
        "job 1 (seed=1): no such layer",
        "job 2 (seed=2): no such layer",
    ]
    assert exit_code() == 1


def test_failures_of_earlier_commands_are_not_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fail(tmp_path, job=0)
    report = ReportFailures()
    report.on_multirun_start(config_of(tmp_path))
    report.on_multirun_end(config_of(tmp_path))
    assert capsys.readouterr().err == ""
    assert exit_code() == 0
