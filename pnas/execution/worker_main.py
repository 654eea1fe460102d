"""What a worker process of `executor=local` runs, from its start to its end."""

import faulthandler
import multiprocessing
import os
import signal
import sys
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from pnas.errors import PnasError
from pnas.execution.answers import Answer, failed_result
from pnas.execution.base import Runner, RunnerFactory
from pnas.records import ChildJob

BEGUN = "begun"
"""Message of a worker that has made its runner and begins to train."""

_STDOUT = 1
_STDERR = 2


@dataclass(frozen=True)
class WorkerSettings:
    """What a worker process is started with.

    Attributes:
        factory: Makes the function that trains one child.
        log: File that the process's output goes to; it is emptied at the start of each job.
        gpu: Id of the only GPU that the process may see; None means those of its parent.
    """

    factory: RunnerFactory
    log: Path
    gpu: str | None = None


def serve(connection: Connection, settings: WorkerSettings) -> None:
    """Answer the jobs that arrive on ``connection``, until it is closed."""
    # A Ctrl-C reaches every process of the terminal. The search decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        _redirect_output(settings.log)
    except FileNotFoundError:
        # Of a search that was killed, whose folder of logs another command has removed.
        if _has_lost_its_parent():
            return
        raise
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    if settings.gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = settings.gpu

    runner: Runner | None = None
    while True:
        job = _receive(connection)
        if job is None:
            return
        os.ftruncate(_STDERR, 0)
        try:
            if runner is None:
                runner = settings.factory()
            connection.send(BEGUN)
            answer: Answer = runner(job)
        except PnasError as error:
            # The command is wrong, not this child.
            answer = error
        except Exception as error:
            answer = failed_result(job, error)
        connection.send(answer)


def _receive(connection: Connection) -> ChildJob | None:
    """Return the next job; None when there are no more."""
    try:
        job: ChildJob = connection.recv()
    except (EOFError, OSError):
        return None
    return job


def _redirect_output(log: Path) -> None:
    """Send this process's output, the last words of native libraries included, to ``log``."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_TRUNC
    descriptor = os.open(log, flags, 0o600)
    os.dup2(descriptor, _STDOUT)
    os.dup2(descriptor, _STDERR)
    os.close(descriptor)

    sys.stderr.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    faulthandler.enable(file=_STDERR)
    faulthandler.register(signal.SIGUSR1, file=_STDERR)


def _has_lost_its_parent() -> bool:
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()


def _exit_with_parent() -> None:
    """End this process when its parent ends: a parent that is killed cannot tell it to."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "workers are started by a parent process"
    parent.join()
    os._exit(1)
