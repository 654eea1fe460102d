"""`executor=ray`: children on a Ray cluster, or on one that Ray starts on this machine."""

import re
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from pnas.errors import PnasError, require
from pnas.execution.base import RunnerFactory
from pnas.execution.executor_specs import RaySpec
from pnas.execution.ray_cluster import connect, import_ray
from pnas.execution.ray_worker import train_remotely
from pnas.execution.retrying import LostAttempt, RetryingExecutor
from pnas.records import ChildJob, ChildResult
from pnas.system.atomic_write import atomic_write

_GPU_ROUNDING = 1e-9
"""Added to a quotient of GPUs before it is rounded down: ten children of 0.1 GPU fit on one."""

_TERMINAL_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def make_ray(spec: RaySpec, factory: RunnerFactory, threads: int, use_gpu: bool) -> "RayExecutor":
    """Return the executor that ``spec`` describes, for children of ``threads`` threads each."""
    return RayExecutor(factory, spec, threads, use_gpu)


@dataclass(frozen=True)
class RayAttempt:
    """An attempt on the cluster.

    Attributes:
        reference: Ray's reference to the answer.
        started_at: Time on the monotonic clock, in seconds.
    """

    reference: Any
    started_at: float

    def __hash__(self) -> int:
        return hash(self.reference)


class RayExecutor(RetryingExecutor):
    """Trains children as Ray tasks, as many at once as the cluster has room for.

    The factory, and the data that it holds, is put into Ray's object store, so that each node gets
    it once. Trained weights come back with the result, so nodes need not share a disk.

    Args:
        factory: Makes the function that trains one child.
        spec: Workers, timeout, retries, share of a GPU and address.
        threads: Cores of a child.
        use_gpu: Whether children may use GPUs, if the cluster has any.
    """

    def __init__(
        self, factory: RunnerFactory, spec: RaySpec, threads: int = 1, use_gpu: bool = True
    ) -> None:
        super().__init__(spec.retries)
        self._factory = factory
        self._spec = spec
        self._threads = threads
        self._use_gpu = use_gpu
        # Tells the runners of this executor apart from those of others in the same workers.
        self._token = uuid.uuid4().hex
        self._has_connected = False

    @cached_property
    def _ray(self) -> ModuleType:
        """Ray, connected."""
        ray = import_ray(on_this_machine=self._spec.address is None)
        if not ray.is_initialized():
            workers = self._spec.workers
            cores = None if workers is None else workers * self._threads
            connect(ray, self._spec.address, cores)
            self._has_connected = True
        return ray

    @cached_property
    def _task(self) -> Any:
        options = {
            "num_cpus": self._threads,
            "num_gpus": self._spec.gpus_per_child if self._has_gpus else 0,
            # Ray's default for tasks with a GPU is a new process, and a new TensorFlow, for each.
            "max_calls": self._spec.max_children_per_worker,
            # Attempts are counted by this class, as for any executor.
            "max_retries": 0,
        }
        return self._ray.remote(**options)(train_remotely)

    @cached_property
    def _measuring_task(self) -> Any:
        """The task of a job that measures, on the nodes that are tagged for it.

        Raises:
            InvalidValue: No node of the cluster is.
        """
        resource = self._spec.measure_on
        if resource is None:
            return self._task
        rule = "must be a resource of a node of the cluster (ray start --resources)"
        has_node = self._ray.cluster_resources().get(resource, 0) >= 1
        require(has_node, "executor.measure_on", rule, resource)
        return self._task.options(resources={resource: 1})

    @cached_property
    def _stored_factory(self) -> Any:
        return self._ray.put(self._factory)

    @property
    def _has_gpus(self) -> bool:
        return self._use_gpu and self._ray.cluster_resources().get("GPU", 0) > 0

    def _capacity(self) -> int:
        if self._spec.workers is not None:
            return self._spec.workers
        # Asked each time, because nodes come and go.
        resources = self._ray.cluster_resources()
        capacity = resources.get("CPU", 1) / self._threads
        if self._has_gpus:
            by_gpus = resources["GPU"] / self._spec.gpus_per_child + _GPU_ROUNDING
            capacity = min(capacity, by_gpus)
        return max(1, int(capacity))

    def _start(self, job: ChildJob) -> RayAttempt:
        timeout = self._spec.child_timeout
        task = self._measuring_task if job.measures else self._task
        reference = task.remote(self._token, self._stored_factory, job, timeout)
        return RayAttempt(reference, time.monotonic())

    def _ended(self, running: Iterable[RayAttempt], patience: float) -> list[RayAttempt]:
        attempts = {attempt.reference: attempt for attempt in running}
        done, _ = self._ray.wait(list(attempts), num_returns=1, timeout=patience)
        return [attempts[reference] for reference in done]

    def _outcome(self, handle: RayAttempt, job: ChildJob) -> ChildResult | LostAttempt:
        seconds = time.monotonic() - handle.started_at
        try:
            answer, weights = self._ray.get(handle.reference)
        except self._ray.exceptions.RayError as error:
            return self._describe_loss(error, seconds)
        if isinstance(answer, PnasError):
            raise answer
        if weights is not None and job.weights_path is not None:
            _write_weights(Path(job.weights_path), weights)
        return answer

    def _describe_loss(self, error: Exception, seconds: float) -> LostAttempt:
        was_out_of_memory = isinstance(error, self._ray.exceptions.OutOfMemoryError)
        timeout = self._spec.child_timeout
        # The seconds include those in which the attempt waited for a worker.
        if not was_out_of_memory and timeout is not None and seconds > timeout:
            reason = f"took longer than executor.child_timeout={timeout} s"
            return LostAttempt(reason, seconds)

        log = _TERMINAL_COLOURS.sub("", str(error)).strip()
        summary = log.splitlines()[-1] if log else type(error).__name__
        return LostAttempt(
            f"its Ray worker died: {summary}",
            seconds,
            log,
            out_of_memory=was_out_of_memory,
            # Ray reuses its workers, and does not say which one this was.
            worker_was_new=False,
        )

    def _abandon(self, running: Iterable[RayAttempt]) -> None:
        for attempt in running:
            # The cluster itself may be what was lost.
            with suppress(Exception):
                self._ray.cancel(attempt.reference, force=True)

    def close(self) -> None:
        if self._has_connected:
            self._ray.shutdown()
            self._has_connected = False
        for name in ("_ray", "_task", "_measuring_task", "_stored_factory"):
            self.__dict__.pop(name, None)


def _write_weights(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as draft:
        draft.write_bytes(content)
