"""Workers on a virtual clock: an executor that fulfils the contract and never sleeps."""

import heapq
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pnas.execution import JobSource, MayStart, Runner, always
from pnas.records import ChildJob, ChildResult

Running = list[tuple[float, int, ChildJob]]


class VirtualWorkers:
    """Trains children on some workers in virtual time.

    What the search itself computes between two children takes the processor seconds that it takes
    here, during which idle workers wait and others go on.

    Args:
        runner: Returns the result of a child.
        workers: Number of workers.
        duration: Virtual seconds of a child.
        counts_choices: Whether the seconds of the search itself count.

    Attributes:
        now: The virtual clock, in seconds.
        busy: Worker-seconds of children.
        last_start: When the last child was started.
        busy_until_last_start: Worker-seconds up to then.
    """

    def __init__(
        self,
        runner: Runner,
        workers: int,
        duration: Callable[[ChildJob], float],
        counts_choices: bool = True,
    ) -> None:
        self._runner = runner
        self._workers = workers
        self._duration = duration
        self._counts_choices = counts_choices
        self._began: float | None = None
        self._spans: list[tuple[float, float]] = []
        self.now = 0.0

    @property
    def busy(self) -> float:
        """Share of the workers' time, to the end of the last child, that they train."""
        seconds = sum(end - start for start, end in self._spans)
        return seconds / (self._workers * max(end for _, end in self._spans))

    @property
    def busy_until_last_start(self) -> float:
        """The same to the start of the last child, after which the budget leaves workers idle."""
        until = max(start for start, _ in self._spans)
        seconds = sum(min(end, until) - start for start, end in self._spans)
        return seconds / (self._workers * until) if until else 1.0

    def run(
        self, jobs: Sequence[ChildJob], may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        """See `pnas.execution.Executor.run`."""
        left = list(jobs)

        def source(idle: int) -> list[ChildJob]:
            given = left[:idle]
            del left[:idle]
            return given

        yield from self.run_from(source, may_start)

    def run_from(
        self, source: JobSource, may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        """See `pnas.execution.LazyExecutor.run_from`."""
        running: Running = []
        index = 0
        while True:
            while idle := self._workers - len(running):
                given = source(idle)
                self._count_choice()
                if not given:
                    break
                for job in given:
                    assert isinstance(job, ChildJob)
                    if may_start(job):
                        self._start(running, index, job)
                    index += 1
            if not running:
                return
            for ended, job in self._next_ended(running):
                yield ended, self._runner(job)

    def close(self) -> None:
        """Do nothing: there is nothing to stop."""

    def _count_choice(self) -> None:
        """Add the processor seconds since the last child ended, in which the search chose."""
        now = time.process_time()
        if self._began is not None and self._counts_choices:
            self.now += now - self._began
        self._began = now

    def _start(self, running: Running, index: int, job: ChildJob) -> None:
        end = self.now + self._duration(job)
        self._spans.append((self.now, end))
        heapq.heappush(running, (end, index, job))

    def _next_ended(self, running: Running) -> list[tuple[int, Any]]:
        """Return what has ended by now; the clock runs until something has."""
        self.now = max(self.now, running[0][0])
        ended = []
        while running and running[0][0] <= self.now:
            _, index, job = heapq.heappop(running)
            ended.append((index, job))
        return ended
