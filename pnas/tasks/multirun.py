"""A multirun's jobs: each in a process of its own, with its share of the machine, and none stopped by another.

Hydra's launchers run job after job in one process. TensorFlow's threads and memory would go over from one to the
next, and a job that the system kills would take the others along; so a job gets a fresh process here.
"""

import io
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from pnas.errors import PnasError
from pnas.tasks.context import Context
from pnas.tracking import scrub

FAILED = ".failed"
"""Folder of a sweep with one file a failed job: its overrides, its error, its exit code."""

Work = Callable[[Mapping[str, Any], Context], float | None]

_ORPHAN_SECONDS = 10.0
"""A job whose launcher is gone may be closing already; after this long it is told to."""

_exit_code = 0


def exit_code() -> int:
    """Of the multirun that this process has run: 0, or that of the first job that failed."""
    return _exit_code


def run_apart(work: Work, config: Mapping[str, Any], context: Context) -> float | None:
    """Run one job of a multirun in a process of its own.

    Returns:
        What ``work`` returns; NaN if the job failed, which is then on file for the end of the multirun.

    Raises:
        KeyboardInterrupt: the job was interrupted (Ctrl-C, SIGTERM); it has closed cleanly.
    """
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    parts = {field.name: getattr(context, field.name) for field in fields(context) if field.name != "console"}
    process = spawn.Process(target=_job, args=(work, dict(config), parts, os.getpid(), sender))
    process.start()
    sender.close()
    with _forwarding(process):
        outcome = _outcome(receiver, process)
    _record(context, outcome)
    if outcome.get("interrupted"):
        raise KeyboardInterrupt
    return float("nan") if "error" in outcome else outcome.get("value")


# -- in the launcher's process ---------------------------------------------------------------------------------


@contextmanager
def _forwarding(process: BaseProcess) -> Iterator[None]:
    """Pass signals on to the job, which is in a group of its own so that it gets each of them once."""

    def forward(signum: int, frame: FrameType | None) -> None:
        if process.pid is not None and process.is_alive():
            os.kill(process.pid, signum)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _outcome(receiver: Connection, process: BaseProcess) -> dict[str, Any]:
    try:
        outcome: dict[str, Any] = receiver.recv()
    except EOFError:
        process.join()
        return {"error": f"its process ended without a word (exit code {process.exitcode})", "exit_code": 1}
    process.join()
    return outcome


def _record(context: Context, outcome: Mapping[str, Any]) -> None:
    """Leave word of a failed job for `ReportFailures`, which may be in another process; or take it away."""
    path = _sweep_dir(context) / FAILED / f"{context.job}.json"
    if "error" not in outcome:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({**outcome, "job": context.job, "overrides": scrub(" ".join(context.overrides))}))


def _sweep_dir(context: Context) -> Path:
    assert context.sweep_dir is not None
    return context.sweep_dir


class ReportFailures(Callback):
    """Told by Hydra of a multirun's begin and end: the failed jobs are listed last, where one sees them."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        self._started = time.time()

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        global _exit_code
        folder = Path(config.hydra.sweep.dir) / FAILED
        failed = [
            json.loads(path.read_text()) for path in folder.glob("*.json") if path.stat().st_mtime >= self._started
        ]
        if failed:
            failed.sort(key=lambda outcome: int(outcome["job"]))
            _exit_code = int(failed[0]["exit_code"])
            print(f"{len(failed)} job(s) of this multirun failed; the same command tries them again", file=sys.stderr)
        for outcome in failed:
            print(f"  job {outcome['job']} ({outcome['overrides']}): {outcome['error']}", file=sys.stderr)


# -- in the job's process --------------------------------------------------------------------------------------


def _job(work: Work, config: Mapping[str, Any], parts: Mapping[str, Any], launcher: int, sender: Connection) -> None:
    os.setpgrp()
    threading.Thread(target=_end_with, args=(launcher,), daemon=True).start()
    try:
        outcome: dict[str, Any] = {"value": work(config, _context(parts))}
    except PnasError as error:
        outcome = {"error": str(error), "exit_code": error.exit_code}
    except KeyboardInterrupt:
        outcome = {"interrupted": True}
    except Exception as error:
        traceback.print_exc()
        outcome = {"error": f"{type(error).__name__}: {scrub(str(error))}", "exit_code": 1}
    sender.send(outcome)
    sender.close()


def _context(parts: Mapping[str, Any]) -> Context:
    context = Context(**parts)
    if context.jobs_at_once < 2:
        return context
    # Jobs side by side share one terminal: plain lines that say whose they are, and no moving bars.
    return replace(context, console=Console(file=Prefixed(sys.stdout, f"job {context.job}: "), width=200))


class Prefixed(io.TextIOBase):
    """A text stream that puts ``prefix`` before each line that goes on to ``stream``."""

    def __init__(self, stream: TextIO, prefix: str) -> None:
        self._stream, self._prefix, self._rest = stream, prefix, ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        # One call a line, so that lines of several jobs do not mix.
        for line in lines:
            self._stream.write(f"{self._prefix}{line}\n")
            self._stream.flush()
        return len(text)

    def flush(self) -> None:
        self._stream.flush()


def _end_with(launcher: int) -> None:
    """Close this job soon after its launcher has gone: a killed one cannot tell it to."""
    while os.getppid() == launcher:
        time.sleep(0.5)
    time.sleep(_ORPHAN_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def plain(config: DictConfig) -> dict[str, Any]:
    """A composed configuration as plain data that another process can be given."""
    container = OmegaConf.to_container(config, resolve=True)
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items()}
