"""`executor=local`: children in worker processes of this machine, one per GPU or per few cores.

Pebble's pool, unlike the standard library's, loses one job to a dead worker and not all of them, and stops a
job that runs past its timeout.
"""

import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future, as_completed
from pathlib import Path

import pebble

from pnas.errors import PnasError
from pnas.execution.devices import claim
from pnas.execution.executor import Runner, RunnerFactory
from pnas.records import ChildJob, ChildResult

_runner: Runner | None = None  # of this worker process, made for its first job


class LocalExecutor:
    """Trains up to ``workers`` children at once, each in a process that is replaced after some children.

    Args:
        factory: makes what a worker runs.
        workers: number of processes.
        max_children_per_worker: children after which a process is replaced.
        child_timeout: seconds a child may take, None = any.
        devices: ids of GPUs to pin the workers to, several workers to a GPU if there are fewer; () = no pinning.
    """

    def __init__(
        self,
        factory: RunnerFactory,
        workers: int,
        max_children_per_worker: int = 40,
        child_timeout: float | None = None,
        devices: Sequence[str] = (),
    ) -> None:
        self._factory, self._timeout = factory, child_timeout
        self._slots = tempfile.TemporaryDirectory(prefix="pnas-devices-")
        shares = [devices[i % len(devices)] for i in range(workers)] if devices else []
        self._pool = pebble.ProcessPool(
            max_workers=workers,
            max_tasks=max_children_per_worker,
            # A forked TensorFlow runtime hangs; a spawned process starts clean.
            context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(os.getpid(), shares, self._slots.name),
        )

    def run(self, jobs: Sequence[ChildJob]) -> Iterator[tuple[int, ChildResult]]:
        started = time.monotonic()
        futures: dict[Future[ChildResult], int] = {
            self._pool.schedule(_train, args=(self._factory, job), timeout=self._timeout): index
            for index, job in enumerate(jobs)
        }
        for future in as_completed(futures):
            index = futures[future]
            yield index, _outcome(future, jobs[index], time.monotonic() - started, self._timeout)

    def close(self) -> None:
        self._pool.stop()
        self._pool.join()
        self._slots.cleanup()


def _outcome(future: "Future[ChildResult]", job: ChildJob, seconds: float, timeout: float | None) -> ChildResult:
    try:
        return future.result()
    except TimeoutError:
        return ChildResult.failed(job, f"took longer than executor.child_timeout={timeout} s", timeout or seconds)
    except pebble.ProcessExpired as error:
        return ChildResult.failed(job, f"its worker process died (exit code {error.exitcode})")
    except PnasError:  # the command is wrong, not this child
        raise
    except CancelledError:
        raise KeyboardInterrupt from None
    except Exception as error:
        return ChildResult.failed(job, f"{type(error).__name__}: {error}")


def _start_worker(parent: int, shares: Sequence[str], slots: str) -> None:
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    if shares:
        os.environ["CUDA_VISIBLE_DEVICES"] = claim(shares, Path(slots))


def _end_with(parent: int) -> None:
    """End this worker soon after its search: a killed parent cannot tell it to."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _train(factory: RunnerFactory, job: ChildJob) -> ChildResult:
    global _runner
    if _runner is None:
        _runner = factory()
    return _runner(job)
