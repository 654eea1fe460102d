"""`executor=local`: children in worker processes of this machine, one or more per GPU, or per few cores."""

import tempfile
from collections.abc import Iterable, Sequence
from multiprocessing.connection import wait
from pathlib import Path

from pnas.errors import PnasError
from pnas.execution.base import RunnerFactory
from pnas.execution.retrying import AttemptingExecutor, Lost
from pnas.execution.worker_process import WorkerProcess, WorkerSettings
from pnas.records import ChildJob, ChildResult


class LocalExecutor(AttemptingExecutor):
    """Trains up to ``workers`` children at once, each in a process that is replaced after some children.

    Args:
        factory: makes what a worker runs.
        workers: number of processes; they are started when there is something to train.
        max_children_per_worker: children after which a process is replaced.
        child_timeout: seconds a child may take, None = any.
        devices: ids of GPUs to pin the workers to, several workers to a GPU if there are fewer; () = no pinning.
        retries: attempts after the first, of a child whose worker died or passed the timeout.
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
        self._share = max_children_per_worker
        self._gpus = [devices[i % len(devices)] if devices else None for i in range(workers)]
        self._workers: list[WorkerProcess | None] = [None] * workers
        self._idle = list(range(workers))[::-1]
        self._logs = tempfile.TemporaryDirectory(prefix="pnas-workers-", ignore_cleanup_errors=True)

    def _room(self) -> int:
        return len(self._workers)

    def _start(self, job: ChildJob) -> int:
        slot = self._idle.pop()
        worker = self._workers[slot]
        if worker is None or worker.begun >= self._share or not worker.is_alive:
            worker = self._replace(slot)
        worker.send(job)
        return slot

    def _replace(self, slot: int) -> WorkerProcess:
        self._drop(slot)
        log = Path(self._logs.name) / f"worker-{slot}.log"
        worker = self._workers[slot] = WorkerProcess(
            WorkerSettings(self._factory, log, self._gpus[slot])
        )
        return worker

    def _drop(self, slot: int) -> None:
        worker = self._workers[slot]
        if worker is not None:
            worker.kill()
        self._workers[slot] = None

    def _worker(self, slot: int) -> WorkerProcess:
        worker = self._workers[slot]
        assert worker is not None, "a slot that runs has a worker"
        return worker

    def _ended(self, running: Iterable[int], patience: float) -> list[int]:
        slots = list(running)
        wait([self._worker(slot).connection for slot in slots], patience)
        return [
            slot
            for slot in slots
            if self._worker(slot).ended() or self._worker(slot).is_late(self._timeout)
        ]

    def _outcome(self, handle: int, job: ChildJob) -> ChildResult | Lost:
        worker = self._worker(handle)
        answer = worker.answer()
        self._idle.append(handle)
        if isinstance(answer, PnasError):
            raise answer
        if answer is not None:
            return answer
        lost = self._loss(worker)
        self._drop(handle)
        return lost

    def _loss(self, worker: WorkerProcess) -> Lost:
        seconds = worker.seconds
        if worker.is_late(self._timeout) and worker.is_alive:
            worker.write_stack()
            return Lost(
                f"took longer than executor.child_timeout={self._timeout} s", seconds, worker.log()
            )
        reason, out_of_memory = worker.cause_of_death()
        return Lost(reason, seconds, worker.log(), out_of_memory)

    def _abandon(self, running: Iterable[int]) -> None:
        for slot in running:
            self._drop(slot)
            self._idle.append(slot)

    def close(self) -> None:
        for slot in range(len(self._workers)):
            self._drop(slot)
        self._logs.cleanup()
