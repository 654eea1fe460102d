"""`executor=local`: children in worker processes of this machine, pinned to its GPUs."""

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from multiprocessing.connection import wait

from pnas.errors import PnasError
from pnas.execution.base import RunnerFactory
from pnas.execution.devices import visible_gpus
from pnas.execution.executor_specs import WorkersSpec
from pnas.execution.retrying import Attempt, LostAttempt, RetryingExecutor
from pnas.execution.worker_logs import WorkerLogs
from pnas.execution.worker_main import WorkerSettings
from pnas.execution.worker_process import WorkerProcess
from pnas.records import ChildJob, ChildResult


def make_local(
    spec: WorkersSpec, factory: RunnerFactory, threads: int, use_gpu: bool
) -> "LocalExecutor":
    """Return the executor that ``spec`` describes, for children of ``threads`` threads each."""
    gpus = visible_gpus() if use_gpu else []
    return LocalExecutor(
        factory,
        workers=spec.count_workers(threads, len(gpus)),
        max_children_per_worker=spec.max_children_per_worker,
        child_timeout=spec.child_timeout,
        devices=gpus,
        retries=spec.retries,
    )


class LocalExecutor(RetryingExecutor):
    """Trains up to ``workers`` children at once, each in a process that is replaced now and then.

    A worker is known by its slot, an index from 0 to ``workers`` - 1.

    Args:
        factory: Makes the function that trains one child.
        workers: Number of processes. Each is started when there is something to train.
        max_children_per_worker: Children after which a process is replaced.
        child_timeout: Seconds that a child may take; None means no limit.
        devices: Ids of GPUs to pin the workers to, several workers to a GPU if there are fewer
            GPUs than workers; empty means no pinning.
        retries: Attempts after the first, of a child whose worker died or passed the timeout.
    """

    def __init__(
        self,
        factory: RunnerFactory,
        workers: int,
        max_children_per_worker: int = 40,
        child_timeout: float | None = None,
        devices: Sequence[str] = (),
        retries: int = 1,
    ) -> None:
        super().__init__(retries)
        self._factory = factory
        self._timeout = child_timeout
        self._max_children = max_children_per_worker
        self._gpus = list(devices)
        self._workers: list[WorkerProcess | None] = [None] * workers
        # A stack: the slot that became idle last is used first, so that few workers are started.
        self._idle = list(reversed(range(workers)))
        self._logs = WorkerLogs()

    def _capacity(self) -> int:
        return len(self._workers)

    def _next(self, waiting: deque[Attempt]) -> Attempt:
        """Prefer a cell that an idle worker has trained before: it trains it again in less time.

        Only the next few are looked at, one for each worker, so that the order of the jobs stays
        nearly what it is.
        """
        for position, attempt in enumerate(islice(waiting, self._capacity())):
            if any(self._has_trained(slot, attempt.job) for slot in self._idle):
                del waiting[position]
                return attempt
        return waiting.popleft()

    def _has_trained(self, slot: int, job: ChildJob) -> bool:
        worker = self._workers[slot]
        if worker is None or self._is_used_up(worker):
            return False
        return worker.has_trained(job.cell)

    def _is_used_up(self, worker: WorkerProcess) -> bool:
        """Whether another process takes the place of ``worker`` before the next attempt."""
        return not worker.is_alive or worker.jobs_sent >= self._max_children

    def _take_slot(self, job: ChildJob) -> int:
        for slot in reversed(self._idle):
            if self._has_trained(slot, job):
                self._idle.remove(slot)
                return slot
        return self._idle.pop()

    def _start(self, job: ChildJob) -> int:
        slot = self._take_slot(job)
        worker = self._workers[slot]
        if worker is None or self._is_used_up(worker):
            worker = self._replace(slot)
        worker.send(job)
        return slot

    def _replace(self, slot: int) -> WorkerProcess:
        self._kill(slot)
        settings = WorkerSettings(self._factory, self._logs.path(slot), self._gpu(slot))
        worker = WorkerProcess(settings)
        self._workers[slot] = worker
        return worker

    def _gpu(self, slot: int) -> str | None:
        if not self._gpus:
            return None
        return self._gpus[slot % len(self._gpus)]

    def _kill(self, slot: int) -> None:
        worker = self._workers[slot]
        if worker is not None:
            worker.kill()
        self._workers[slot] = None

    def _worker(self, slot: int) -> WorkerProcess:
        worker = self._workers[slot]
        assert worker is not None, "an attempt has a worker"
        return worker

    def _ended(self, running: Iterable[int], patience: float) -> list[int]:
        slots = list(running)
        connections = [self._worker(slot).connection for slot in slots]
        wait(connections, patience)

        ended = []
        for slot in slots:
            worker = self._worker(slot)
            if worker.has_ended() or worker.is_late(self._timeout):
                ended.append(slot)
        return ended

    def _outcome(self, handle: int, job: ChildJob) -> ChildResult | LostAttempt:
        worker = self._worker(handle)
        answer = worker.answer()
        self._idle.append(handle)
        if isinstance(answer, PnasError):
            raise answer
        if answer is not None:
            return answer

        lost = self._describe_loss(worker)
        self._kill(handle)
        return lost

    def _describe_loss(self, worker: WorkerProcess) -> LostAttempt:
        seconds = worker.seconds
        if worker.is_late(self._timeout) and worker.is_alive:
            worker.write_stack()
            reason = f"took longer than executor.child_timeout={self._timeout} s"
            return LostAttempt(reason, seconds, worker.log())
        reason, was_out_of_memory = worker.cause_of_death()
        return LostAttempt(
            reason,
            seconds,
            worker.log(),
            out_of_memory=was_out_of_memory,
            worker_was_new=worker.jobs_sent == 1,
        )

    def _abandon(self, running: Iterable[int]) -> None:
        for slot in running:
            self._kill(slot)
            self._idle.append(slot)

    def close(self) -> None:
        for slot in range(len(self._workers)):
            self._kill(slot)
        self._logs.remove()
