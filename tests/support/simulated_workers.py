"""An executor of many workers on a virtual clock: its children end in an order that is known."""

import heapq
from collections.abc import Callable, Iterator, Sequence

from pnas.execution import JobSource, MayStart, Runner, always
from pnas.records import ChildJob, ChildResult


class SimulatedWorkers:
    """Fulfils the contract of executors without waiting for anything.

    Args:
        runner: Trains one child.
        workers: Number of workers.
        duration: Virtual seconds of a child.

    Attributes:
        most_running: Largest number of children that were in training at once.
        started: Jobs in the order in which they were started.
    """

    def __init__(self, runner: Runner, workers: int, duration: Callable[[ChildJob], float]) -> None:
        self._runner = runner
        self._workers = workers
        self._duration = duration
        self._now = 0.0
        self.most_running = 0
        self.started: list[ChildJob] = []

    def run(
        self, jobs: Sequence[ChildJob], may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        left = list(jobs)

        def source(idle: int) -> list[ChildJob]:
            given = left[:idle]
            del left[:idle]
            return given

        yield from self.run_from(source, may_start)

    def run_from(
        self, source: JobSource, may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        running: list[tuple[float, int, ChildJob]] = []
        index = 0
        while True:
            while idle := self._workers - len(running):
                given = source(idle)
                if not given:
                    break
                for job in given:
                    assert isinstance(job, ChildJob)
                    if may_start(job):
                        self.started.append(job)
                        heapq.heappush(running, (self._now + self._duration(job), index, job))
                    index += 1
            if not running:
                return
            self.most_running = max(self.most_running, len(running))
            self._now, ended, job = heapq.heappop(running)
            yield ended, self._runner(job)

    def close(self) -> None:
        """Do nothing: there is nothing to stop."""
