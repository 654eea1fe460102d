"""What executors with workers have in common: a job is attempted again when its worker is lost."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from pnas.errors import PnasError
from pnas.execution.base import JobSource, MayStart, always
from pnas.records import ChildJob, ChildResult

_POLL_SECONDS = 0.25
_MOST_MICROBATCHES = 256
"""A batch that exceeds memory by more than this factor is never going to be trained."""

Handle = Any
"""One attempt in progress; hashable. Only the executor that made it looks inside."""


@dataclass(frozen=True)
class LostAttempt:
    """An attempt without a result, because its worker died, hung or was taken away.

    Attributes:
        reason: Why, in one line.
        seconds: Duration of the attempt.
        log: End of the worker's output.
        out_of_memory: Whether memory was the reason, so that the same attempt would end the same.
        worker_was_new: Whether the worker is known to have trained nothing before, so that all of
            its memory was the attempt's own.
    """

    reason: str
    seconds: float = 0.0
    log: str | None = None
    out_of_memory: bool = False
    worker_was_new: bool = True


@dataclass(frozen=True)
class Attempt:
    """One try of one job.

    Attributes:
        index: Index of the job.
        job: The job.
        losses: Number of attempts before this one whose worker was lost.
        is_repeated: Whether the same attempt has exceeded the memory of a worker that had trained
            other children before.
    """

    index: int
    job: ChildJob
    losses: int = 0
    is_repeated: bool = False

    def next_attempt(self, loss: LostAttempt, retries: int) -> "Attempt | None":
        """Return the attempt that follows this one's loss, or None if there is to be none."""
        if loss.out_of_memory:
            # The microbatches that a child needs must not depend on what was trained before it.
            if not (loss.worker_was_new or self.is_repeated):
                return replace(self, is_repeated=True)
            return self._in_smaller_microbatches()
        if self.losses < retries:
            return replace(self, losses=self.losses + 1)
        return None

    def _in_smaller_microbatches(self) -> "Attempt | None":
        microbatches = 2 * self.job.accumulate
        if microbatches > _MOST_MICROBATCHES or not self.job.trains:
            return None
        smaller = replace(self.job, accumulate=microbatches)
        return replace(self, job=smaller, is_repeated=False)

    def failed_result(self, loss: LostAttempt) -> ChildResult:
        """Return the result of a job whose last attempt this was."""
        count = f" ({self.losses + 1} attempts)" if self.losses else ""
        return ChildResult.failed(self.job, f"{loss.reason}{count}", loss.seconds, loss.log)


class _Arrived(NamedTuple):
    """What one look at the running attempts has found.

    Attributes:
        results: Results, with the indices of their jobs.
        error: What is wrong with the command, to be raised once the results have been passed on.
    """

    results: list[tuple[int, ChildResult]]
    error: PnasError | None = None

    def pass_on(self) -> Iterator[tuple[int, ChildResult]]:
        """Yield the results, then raise the error if there is one."""
        yield from self.results
        if self.error is not None:
            raise self.error


_NOTHING = _Arrived([])


class _Taken:
    """What a source of jobs has given so far.

    Args:
        source: The source.
    """

    def __init__(self, source: JobSource) -> None:
        self._source = source
        self._count = 0
        self._known: list[tuple[int, ChildResult]] = []

    def take(self, idle: int, waiting: deque[Attempt]) -> bool:
        """Add jobs for ``idle`` workers to ``waiting``; return whether there were any."""
        given = self._source(idle)
        has_jobs = False
        for job in given:
            if isinstance(job, ChildResult):
                self._known.append((self._count, job))
            else:
                waiting.append(Attempt(self._count, job))
                has_jobs = True
            self._count += 1
        return has_jobs

    def known(self) -> list[tuple[int, ChildResult]]:
        """Return the results that came in the place of jobs, each once."""
        known = self._known
        self._known = []
        return known


class RetryingExecutor(ABC):
    """Keeps its workers busy, and attempts again what they lose.

    Subclasses define how an attempt is started and how it ended.

    Args:
        retries: Attempts after the first, of a job whose worker died or hung. An attempt that ran
            out of memory is always repeated, with microbatches of half the size.
    """

    def __init__(self, retries: int) -> None:
        self._retries = retries

    def run(
        self, jobs: Sequence[ChildJob], may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        waiting = deque(Attempt(index, job) for index, job in enumerate(jobs))
        running: dict[Handle, Attempt] = {}
        arrived = _NOTHING
        try:
            while waiting or running or arrived.results:
                # Before others are started: whether they may be depends on how long these took.
                yield from arrived.pass_on()
                self._start_waiting(waiting, running, may_start)
                arrived = self._collect(waiting, running)
        finally:
            self._abandon(running)

    def run_from(
        self, source: JobSource, may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        """See `LazyExecutor.run_from`."""
        taken = _Taken(source)
        waiting: deque[Attempt] = deque()
        running: dict[Handle, Attempt] = {}
        arrived = _NOTHING
        may_go_on = True
        try:
            while may_go_on or running or arrived.results:
                yield from arrived.pass_on()
                if may_go_on:
                    may_go_on = self._start_from(taken, waiting, running, may_start)
                known = taken.known()
                arrived = _Arrived(known) if known else self._collect(waiting, running)
                may_go_on = may_go_on and bool(arrived.results or running or waiting)
        finally:
            self._abandon(running)

    def _start_from(
        self,
        taken: "_Taken",
        waiting: deque[Attempt],
        running: dict[Handle, Attempt],
        may_start: MayStart,
    ) -> bool:
        """Start what waits, then what the source has; return whether more may be started."""
        while True:
            if not self._start_waiting(waiting, running, may_start):
                return False
            idle = self._capacity() - len(running)
            if idle <= 0 or not taken.take(idle, waiting):
                return True

    def _start_waiting(
        self, waiting: deque[Attempt], running: dict[Handle, Attempt], may_start: MayStart
    ) -> bool:
        """Start attempts as long as there is capacity; return False if one may not be started."""
        while waiting and len(running) < self._capacity():
            attempt = self._next(waiting)
            if not may_start(attempt.job):
                waiting.clear()
                return False
            handle = self._start(attempt.job)
            running[handle] = attempt
        return True

    def _collect(self, waiting: deque[Attempt], running: dict[Handle, Attempt]) -> _Arrived:
        """Return the results that have arrived; put lost attempts back to those that wait.

        Raises:
            PnasError: The command is wrong, and no result has arrived beside that news.
        """
        if not running:
            return _NOTHING

        results: list[tuple[int, ChildResult]] = []
        error: PnasError | None = None
        for handle in self._ended(running, _POLL_SECONDS):
            attempt = running.pop(handle)
            try:
                outcome = self._outcome(handle, attempt.job)
            except PnasError as raised:
                error = error or raised
                continue
            if isinstance(outcome, ChildResult):
                results.append((attempt.index, outcome))
                continue

            following = attempt.next_attempt(outcome, self._retries)
            if following is None:
                results.append((attempt.index, attempt.failed_result(outcome)))
            else:
                waiting.appendleft(following)
        if error is not None and not results:
            raise error
        return _Arrived(results, error)

    def _next(self, waiting: deque[Attempt]) -> Attempt:
        """Take the attempt that is to be started next out of ``waiting``, which is not empty."""
        return waiting.popleft()

    @abstractmethod
    def _capacity(self) -> int:
        """Return how many attempts may run at once."""

    @abstractmethod
    def _start(self, job: ChildJob) -> Handle:
        """Begin an attempt. There is capacity for it."""

    @abstractmethod
    def _ended(self, running: Iterable[Handle], patience: float) -> list[Handle]:
        """Return those of ``running`` that have ended; wait for the first one if there is none.

        Args:
            running: The attempts in progress.
            patience: Longest wait, in seconds.
        """

    @abstractmethod
    def _outcome(self, handle: Handle, job: ChildJob) -> ChildResult | LostAttempt:
        """Return how an attempt has ended.

        Raises:
            PnasError: The command is wrong, not this child.
        """

    @abstractmethod
    def _abandon(self, running: Iterable[Handle]) -> None:
        """End attempts whose results are not needed any more."""

    @abstractmethod
    def close(self) -> None:
        """See `Executor.close`."""
