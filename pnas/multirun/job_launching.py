"""A multirun's jobs: each in a process of its own, and none stopped by the failure of another.

Hydra's launchers run job after job in one process. TensorFlow's threads and memory would go over
from one to the next, and a job that the system kills would take the others along; so a job gets a
fresh process here (`pnas.multirun.job_process`).
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from pnas.multirun.failure_report import record_outcome
from pnas.runs.command_context import Context

_PACKAGES = str(Path(__file__).parents[2])
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_in_process(config: Mapping[str, Any], context: Context) -> float | None:
    """Run one job of a multirun in a process of its own.

    Args:
        config: Configuration of the job, as plain data.
        context: The command around the job.

    Returns:
        What its task returns; NaN if the job failed, which is then on file for the multirun's end.

    Raises:
        KeyboardInterrupt: The job was interrupted (Ctrl-C, SIGTERM); it has ended cleanly.
    """
    outcome = _run({"config": config, "context": context.as_dict()})
    record_outcome(context, outcome)
    if outcome.get("interrupted"):
        raise KeyboardInterrupt
    if "error" in outcome:
        return float("nan")
    value: float | None = outcome.get("value")
    return value


def _run(order: Mapping[str, Any]) -> dict[str, Any]:
    """Start the job, send it its order through a pipe, and wait for its outcome from another."""
    reader, writer = os.pipe()
    process = _start(writer)
    os.close(writer)
    with _forward_signals(process) as forwarded, os.fdopen(reader) as answers:
        _send(order, process)
        answer = answers.read()
        process.wait()

    if answer:
        return dict(json.loads(answer))
    if forwarded:  # the signal came before the job could handle it
        return {"interrupted": True}
    message = f"its process exited without a result (exit code {process.returncode})"
    return {"error": message, "exit_code": 1}


def _start(writer: int) -> "subprocess.Popen[bytes]":
    search_path = [_PACKAGES, os.environ.get("PYTHONPATH")]
    python_path = os.pathsep.join(filter(None, search_path))
    return subprocess.Popen(
        [sys.executable, "-m", "pnas.multirun.job_process", str(writer)],
        stdin=subprocess.PIPE,
        pass_fds=[writer],
        env={**os.environ, "PYTHONPATH": python_path},
        # A group of its own: the terminal's Ctrl-C reaches it through this process, once.
        process_group=0,
    )


def _send(order: Mapping[str, Any], process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # the process has died already
        process.stdin.write(json.dumps(order).encode())
        process.stdin.close()


@contextmanager
def _forward_signals(process: "subprocess.Popen[bytes]") -> Iterator[list[int]]:
    """Send SIGINT and SIGTERM on to the job for the length of a ``with`` block.

    Yields:
        The signals that were sent on so far.
    """
    forwarded: list[int] = []

    def forward(signum: int, frame: FrameType | None) -> None:
        forwarded.append(signum)
        process.send_signal(signum)

    # Python handles signals in the main thread only.
    if threading.current_thread() is not threading.main_thread():
        yield forwarded
        return

    handlers_before = {number: signal.signal(number, forward) for number in _SIGNALS}
    try:
        yield forwarded
    finally:
        for number, handler in handlers_before.items():
            signal.signal(number, handler)
