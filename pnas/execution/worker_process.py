"""One worker process of `executor=local`, as the search sees it.

Each worker has a pipe of its own and shares nothing, so killing it does not affect the others.
"""

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path

from pnas.execution.answers import Answer
from pnas.execution.worker_main import BEGUN, WorkerSettings, serve
from pnas.records import ChildJob
from pnas.records.child_records import log_tail
from pnas.state_space import Cell

_START_UP_SECONDS = 300.0
"""Allowance for starting an interpreter, TensorFlow and the data on a busy machine."""

_REMEMBERED_CELLS = 8
"""Cells of the last jobs, which the process may train in less time (`pnas.children`)."""

_JOIN_SECONDS = 10.0
_STACK_SECONDS = 0.2
"""Time that a worker gets to write its stack to its log."""


class WorkerProcess:
    """A process that trains one child at a time.

    Attributes:
        connection: Readable when the current attempt or the process has ended.
        jobs_sent: Number of jobs that the process was given.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._log = settings.log
        context = _context(settings)
        self.connection, connection_of_worker = context.Pipe()
        arguments = (connection_of_worker, settings)
        self._process = context.Process(target=serve, args=arguments, daemon=True)
        with _sigint_blocked():
            self._process.start()
        connection_of_worker.close()

        self.jobs_sent = 0
        self._last_cells: deque[Cell] = deque(maxlen=_REMEMBERED_CELLS)
        self._sent_at = 0.0
        self._begun_at = 0.0
        self._has_begun = False
        self._oom_kills = 0
        self._answer: Answer | None = None

    @property
    def is_alive(self) -> bool:
        """Whether the process is running."""
        return self._process.is_alive()

    @property
    def seconds(self) -> float:
        """Duration of the current attempt so far: of its training, or else of the start-up."""
        since = self._begun_at if self._has_begun else self._sent_at
        return time.monotonic() - since

    def has_trained(self, cell: Cell) -> bool:
        """Return whether ``cell`` is among the last ones that the process was given to train."""
        return cell in self._last_cells

    def send(self, job: ChildJob) -> None:
        """Begin an attempt. If the process has died already, `has_ended` finds that out."""
        self.jobs_sent += 1
        if job.trains:
            self._last_cells.append(job.cell)
        self._answer = None
        self._has_begun = False
        self._sent_at = time.monotonic()
        self._oom_kills = oom_kills()
        with suppress(OSError):
            self.connection.send(job)

    def has_ended(self) -> bool:
        """Return whether the attempt has ended, in whatever way; receives pending messages."""
        while self.connection.poll():
            try:
                message = self.connection.recv()
            except (EOFError, OSError):
                return True
            if message != BEGUN:
                self._answer = message
                return True
            self._begun_at = time.monotonic()
            self._has_begun = True
        return False

    def answer(self) -> Answer | None:
        """Return the answer of the attempt that has ended; None if the process died instead."""
        return self._answer

    def is_late(self, timeout: float | None) -> bool:
        """Return whether the attempt has been training for more than ``timeout`` seconds."""
        if timeout is None:
            return False
        start_up = 0.0 if self._has_begun else _START_UP_SECONDS
        return self.seconds > timeout + start_up

    def cause_of_death(self) -> tuple[str, bool]:
        """Return one line about the death of the process, and whether it was out of memory."""
        self._process.join(_JOIN_SECONDS)
        code = self._process.exitcode
        if code is None or code >= 0:
            return f"its worker process died (exit code {code})", False

        name = signal.Signals(-code).name
        was_out_of_memory = -code == signal.SIGKILL and oom_kills() > self._oom_kills
        if was_out_of_memory:
            return f"its worker process was killed by the system, out of memory ({name})", True
        return f"its worker process died ({name})", False

    def log(self) -> str:
        """Return the end of the process's output during its last job."""
        with suppress(OSError):
            return log_tail(self._log.read_text(errors="replace"))
        return ""

    def write_stack(self) -> None:
        """Ask the process to write its stack to its log, and wait for it a moment."""
        with suppress(OSError):
            os.kill(self._process.pid or 0, signal.SIGUSR1)
            time.sleep(_STACK_SECONDS)

    def kill(self) -> None:
        """End the process now. May be called more than once."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def oom_kills() -> int:
    """Return how many processes the kernel has killed out of memory; 0 where it does not say."""
    with suppress(OSError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    return 0


def _context(settings: WorkerSettings) -> SpawnContext | ForkServerContext:
    """Return the way to make processes: forked from a server that has imported what they need.

    TensorFlow hangs in a fork of a process that has started it, but not of one that has only
    imported it. Workers with a GPU of their own are new processes, because CUDA survives no fork.
    """
    preload = getattr(settings.factory, "preload", ())
    if settings.gpu is not None or not preload:
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # Read once, when the server starts.
    context.set_forkserver_preload(list(preload))
    return context


@contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Block SIGINT, so that processes started in the block never receive the terminal's Ctrl-C."""
    # Starting Python's own helper process resets the mask, so it is started first.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
