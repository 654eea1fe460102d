"""What executors with workers have in common: jobs are attempted, and attempted again when a worker is lost."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pnas.execution.base import MayStart, always
from pnas.records import ChildJob, ChildResult

_POLL_SECONDS = 0.25
_MOST_PARTS = (
    256  # of a batch; no batch that is larger than memory by this factor will ever be trained
)

Handle = Any
"""Of one attempt that runs; hashable. Only the executor that made it looks inside."""


@dataclass(frozen=True)
class Lost:
    """An attempt without a result, because of its worker: it died, hung, or was taken away.

    Attributes:
        reason: one line.
        seconds: how long it had run.
        log: the end of what the worker wrote.
        out_of_memory: the same attempt again would end the same way.
    """

    reason: str
    seconds: float = 0.0
    log: str | None = None
    out_of_memory: bool = False


@dataclass(frozen=True)
class Attempt:
    """One try of one job."""

    index: int
    job: ChildJob
    lost: int = 0  # attempts before this one whose worker was lost

    def again(self, loss: Lost, retries: int) -> "Attempt | None":
        """The next attempt, or None if there is to be none."""
        if loss.out_of_memory:
            parts = 2 * self.job.accumulate
            return (
                replace(self, job=replace(self.job, accumulate=parts))
                if parts <= _MOST_PARTS
                else None
            )
        return replace(self, lost=self.lost + 1) if self.lost < retries else None

    def failed(self, loss: Lost) -> ChildResult:
        count = f" ({self.lost + 1} attempts)" if self.lost else ""
        return ChildResult.failed(self.job, f"{loss.reason}{count}", loss.seconds, loss.log)


class AttemptingExecutor(ABC):
    """Keeps its workers busy and retries what they lose. Engines say how an attempt is started and how it ended.

    Args:
        retries: attempts after the first, of a job whose worker died or hung. An attempt that ran out of memory
            is always repeated with half the examples at a time, until `pnas.children` refuses.
    """

    def __init__(self, retries: int) -> None:
        self._retries = retries

    def run(
        self, jobs: Sequence[ChildJob], may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        waiting = deque(Attempt(index, job) for index, job in enumerate(jobs))
        running: dict[Handle, Attempt] = {}
        ended: list[tuple[int, ChildResult]] = []
        try:
            while waiting or running or ended:
                self._fill(waiting, running, may_start)
                # Workers have their next jobs before anybody spends time on the results of the last ones.
                yield from ended
                ended = list(self._collect(waiting, running))
        finally:
            self._abandon(running)

    def _fill(
        self, waiting: deque[Attempt], running: dict[Handle, Attempt], may_start: MayStart
    ) -> None:
        while waiting and len(running) < self._room():
            attempt = waiting.popleft()
            if not may_start(attempt.job):
                waiting.clear()
                return
            running[self._start(attempt.job)] = attempt

    def _collect(
        self, waiting: deque[Attempt], running: dict[Handle, Attempt]
    ) -> Iterator[tuple[int, ChildResult]]:
        if not running:
            return
        for handle in self._ended(running, _POLL_SECONDS):
            attempt = running.pop(handle)
            outcome = self._outcome(handle, attempt.job)
            if isinstance(outcome, ChildResult):
                yield attempt.index, outcome
            elif (another := attempt.again(outcome, self._retries)) is not None:
                waiting.appendleft(another)
            else:
                yield attempt.index, attempt.failed(outcome)

    @abstractmethod
    def _room(self) -> int:
        """How many attempts may run at once."""

    @abstractmethod
    def _start(self, job: ChildJob) -> Handle:
        """Begin an attempt. There is room for it."""

    @abstractmethod
    def _ended(self, running: Iterable[Handle], patience: float) -> list[Handle]:
        """Those of ``running`` that have ended; waits for at most ``patience`` seconds for the first one."""

    @abstractmethod
    def _outcome(self, handle: Handle, job: ChildJob) -> ChildResult | Lost:
        """How an attempt has ended.

        Raises:
            PnasError: the command is wrong, not this child.
        """

    @abstractmethod
    def _abandon(self, running: Iterable[Handle]) -> None:
        """End attempts that nobody waits for any more."""

    @abstractmethod
    def close(self) -> None:
        """See `Executor.close`."""
