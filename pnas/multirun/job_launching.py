"""A multirun's jobs: each in a process of its own, and none stopped by the failure of another.

Hydra's launchers run job after job in one process. TensorFlow's threads and memory would go over from one to the
next, and a job that the system kills would take the others along; so a job gets a fresh process here
(`pnas.tasks.job_process`).
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from pnas.runs.command_context import Context
from pnas.system.redaction import scrub

FAILED = ".failed"
"""Folder of a sweep with one file a failed job: its overrides, its error, its exit code."""

_PACKAGES = str(Path(__file__).parents[2])

_exit_code = 0


def exit_code() -> int:
    """Of the multirun that this process has run: 0, or that of the first job that failed."""
    return _exit_code


def run_apart(config: Mapping[str, Any], context: Context) -> float | None:
    """Run one job of a multirun, of the plain ``config``, in a process of its own.

    Returns:
        What its task returns; NaN if the job failed, which is then on file for the end of the multirun.

    Raises:
        KeyboardInterrupt: the job was interrupted (Ctrl-C, SIGTERM); it has closed cleanly.
    """
    outcome = _run({"config": config, "context": context.as_dict()})
    _record(context, outcome)
    if outcome.get("interrupted"):
        raise KeyboardInterrupt
    return float("nan") if "error" in outcome else outcome.get("value")


def _run(order: Mapping[str, Any]) -> dict[str, Any]:
    """Start the job, give it its order through a pipe, and wait for its outcome from another."""
    reader, writer = os.pipe()
    search_path = os.pathsep.join(filter(None, (_PACKAGES, os.environ.get("PYTHONPATH"))))
    process = subprocess.Popen(
        [sys.executable, "-m", "pnas.tasks.job_process", str(writer)],
        stdin=subprocess.PIPE,
        pass_fds=[writer],
        env={**os.environ, "PYTHONPATH": search_path},
        # A group of its own: the terminal's Ctrl-C reaches it through us, once.
        process_group=0,
    )
    os.close(writer)
    with _forwarding(process) as signals, os.fdopen(reader) as answers:
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # it has died already
            process.stdin.write(json.dumps(order).encode())
            process.stdin.close()
        answer = answers.read()
        process.wait()
    if answer:
        return dict(json.loads(answer))
    if signals:  # one came before it could meet it
        return {"interrupted": True}
    return {
        "error": f"its process ended without a word (exit code {process.returncode})",
        "exit_code": 1,
    }


@contextmanager
def _forwarding(process: "subprocess.Popen[bytes]") -> Iterator[list[int]]:
    """Pass signals on to the job meanwhile, and wait for it as if none had come. Yields the list of those."""
    passed_on: list[int] = []

    def forward(signum: int, frame: FrameType | None) -> None:
        passed_on.append(signum)
        process.send_signal(signum)

    if threading.current_thread() is not threading.main_thread():
        yield passed_on
        return
    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield passed_on
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _record(context: Context, outcome: Mapping[str, Any]) -> None:
    """Leave word of a failed job for `ReportFailures`, which may be in another process; or take it away."""
    path = _sweep_dir(context) / FAILED / f"{context.job}.json"
    if "error" not in outcome:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        json.dumps({**outcome, "job": context.job, "overrides": scrub(" ".join(context.overrides))})
    )


def _sweep_dir(context: Context) -> Path:
    assert context.sweep_dir is not None
    return context.sweep_dir


class ReportFailures(Callback):
    """Told by Hydra of a multirun's begin and end: the failed jobs are listed last, where one sees them."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        global _exit_code
        _exit_code = 0

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        global _exit_code
        _exit_code = 0
        self._started = time.time()

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        global _exit_code
        folder = Path(config.hydra.sweep.dir) / FAILED
        failed = [
            json.loads(path.read_text())
            for path in folder.glob("*.json")
            if path.stat().st_mtime >= self._started
        ]
        if failed:
            failed.sort(key=lambda outcome: int(outcome["job"]))
            _exit_code = int(failed[0]["exit_code"])
            print(
                f"{len(failed)} job(s) of this multirun failed; the same command tries them again",
                file=sys.stderr,
            )
        for outcome in failed:
            print(
                f"  job {outcome['job']} ({outcome['overrides']}): {outcome['error']}",
                file=sys.stderr,
            )
