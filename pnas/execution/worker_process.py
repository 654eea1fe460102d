"""One worker process of `executor=local`, seen from both of its ends.

Each worker has a pipe of its own and nothing shared: whenever it is killed, the others do not notice.
"""

import faulthandler
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path

from pnas.errors import PnasError
from pnas.execution.base import Runner, RunnerFactory
from pnas.records import ChildJob, ChildResult
from pnas.records.child_records import log_tail

Answer = ChildResult | PnasError
_BEGUN = "begun"
_START_UP_SECONDS = 300.0  # an interpreter, TensorFlow and the data, on a machine that is busy


@dataclass(frozen=True)
class WorkerSettings:
    """What a worker process is started with.

    Attributes:
        factory: makes what it runs.
        log: file that everything it writes goes to, begun anew with each job.
        gpu: id of the only GPU it may see; None = as its parent.
    """

    factory: RunnerFactory
    log: Path
    gpu: str | None = None


class WorkerProcess:
    """A process that trains one child at a time.

    Attributes:
        connection: readable when the attempt that runs has ended, or the process has.
        begun: number of children it was given.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._log = settings.log
        context = _context(settings)
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, settings), daemon=True)
        with _without_interrupts():
            self._process.start()
        theirs.close()
        self.begun = 0
        self._asked_at = self._begun_at = 0.0
        self._oom_kills = 0
        self._has_begun = False
        self._answer: Answer | None = None

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    @property
    def seconds(self) -> float:
        """How long the attempt that runs has taken so far, in training or in starting up."""
        return time.monotonic() - (self._begun_at if self._has_begun else self._asked_at)

    def send(self, job: ChildJob) -> None:
        """Begin an attempt. A process that is gone already is found out by `ended`."""
        self.begun += 1
        self._answer = None
        self._has_begun = False
        self._asked_at = time.monotonic()
        self._oom_kills = oom_kills()
        with suppress(OSError):
            self.connection.send(job)

    def ended(self) -> bool:
        """Whether the attempt has ended, well or not; reads the news that it has begun."""
        while self.connection.poll():
            try:
                message = self.connection.recv()
            except (EOFError, OSError):
                return True
            if message != _BEGUN:
                self._answer = message
                return True
            self._begun_at = time.monotonic()
            self._has_begun = True
        return False

    def answer(self) -> Answer | None:
        """What the attempt that has ended gave; None if the process died instead."""
        return self._answer

    def is_late(self, timeout: float | None) -> bool:
        """Whether the attempt takes longer than ``timeout`` seconds of training."""
        return timeout is not None and self.seconds > timeout + (
            0.0 if self._has_begun else _START_UP_SECONDS
        )

    def cause_of_death(self) -> tuple[str, bool]:
        """One line, and whether it was for want of memory. The process is dead."""
        self._process.join(10)
        code = self._process.exitcode
        if code is None or code >= 0:
            return f"its worker process died (exit code {code})", False
        name = signal.Signals(-code).name
        if -code == signal.SIGKILL and oom_kills() > self._oom_kills:
            return f"its worker process was killed by the system for want of memory ({name})", True
        return f"its worker process died ({name})", False

    def log(self) -> str:
        """The end of what it wrote during its last job."""
        with suppress(OSError):
            return log_tail(self._log.read_text(errors="replace"))
        return ""

    def write_stack(self) -> None:
        """Have it write to its log where it is, if it still can."""
        with suppress(OSError):
            os.kill(self._process.pid or 0, signal.SIGUSR1)
            time.sleep(0.2)

    def kill(self) -> None:
        """End the process now. May be called more than once."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def _context(settings: WorkerSettings) -> SpawnContext | ForkServerContext:
    """How processes are made: forked from a server that has imported what they need and done nothing else.

    A forked TensorFlow runtime hangs, one that has been imported only does not; CUDA is given a process of its own.
    """
    if settings.gpu is not None or not (preload := getattr(settings.factory, "preload", ())):
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))  # read once, when the server starts
    return context


def oom_kills() -> int:
    """How many processes this machine's kernel has killed for want of memory; 0 where it does not say."""
    with suppress(OSError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes started in here do not get the terminal's Ctrl-C, from their first instruction on."""
    # Python's own helper process is started first: starting it takes the mask away again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# -- in the worker process ---------------------------------------------------------------------------------------


def _serve(connection: Connection, settings: WorkerSettings) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the search's to answer
    _write_to(settings.log)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if settings.gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = settings.gpu
    runner: Runner | None = None
    while (job := _receive(connection)) is not None:
        os.ftruncate(2, 0)  # the log
        try:
            runner = runner or settings.factory()
            connection.send(_BEGUN)
            answer: Answer = runner(job)
        except PnasError as error:  # the command is wrong, not this child
            answer = error
        except Exception as error:
            answer = failure(job, error)
        connection.send(answer)


def _receive(connection: Connection) -> ChildJob | None:
    """The next job; None when there are no more."""
    try:
        return connection.recv()
    except (EOFError, OSError):
        return None


def failure(job: ChildJob, error: BaseException) -> ChildResult:
    """The record of a child whose runner raised ``error``."""
    return ChildResult.failed(
        job, f"{type(error).__name__}: {error}", log="".join(traceback.format_exception(error))
    )


def _write_to(log: Path) -> None:
    """Send what this process writes, native libraries' last words included, to ``log``."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_TRUNC, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    sys.stderr.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    faulthandler.enable(file=2)
    faulthandler.register(signal.SIGUSR1, file=2)


def _end_with_parent() -> None:
    """End this worker with its search: a killed parent cannot tell it to."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "workers are processes"
    parent.join()
    os._exit(1)
