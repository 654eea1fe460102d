"""`executor=ray`: children on a Ray cluster, or on one that Ray starts on this machine. Ray is an optional extra.

Ray is imported when the first child is to be trained, and not before.
"""

import faulthandler
import importlib.util
import os
import re
import signal
import socket
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import pnas
from pnas.errors import InvalidValue, PnasError, require
from pnas.execution.base import Runner, RunnerFactory
from pnas.execution.executor_specs import ExecutorSpec
from pnas.execution.retrying import AttemptingExecutor, Lost
from pnas.execution.worker_process import Answer, failure
from pnas.records import ChildJob, ChildResult

_CONNECT_SECONDS = 5.0
_PATIENT = {"health_check_failure_threshold": 100}
"""Of a cluster of this machine alone: no node of it can be lost, but a busy machine may not answer Ray for a while."""
_ADDRESS_RULE = (
    "must be the address of a Ray cluster that answers (host:port), or null for one on this machine"
)


def check_ray(address: str | None) -> None:
    """Refuse early what would fail late.

    Raises:
        InvalidValue: Ray is not installed, or nothing answers at ``address``.
    """
    how = "must be serial or local here, Ray is not installed: .venv/bin/python -m pip install -e '.[ray]'"
    require(importlib.util.find_spec("ray") is not None, "executor", how, "ray")
    if address is None or address == "auto":
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    require(bool(host) and port.isdigit(), "executor.address", _ADDRESS_RULE, address)
    try:
        socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()
    except (OSError, OverflowError):
        raise InvalidValue("executor.address", _ADDRESS_RULE, address) from None


@dataclass(frozen=True)
class _Started:
    """An attempt on the cluster."""

    reference: Any
    at: float

    def __hash__(self) -> int:
        return hash(self.reference)


class RayExecutor(AttemptingExecutor):
    """Trains children as Ray tasks, as many at once as the cluster has room for.

    The factory, and with it the data it holds, is put into Ray's object store: each node gets it once. Trained
    weights come back with the result, so that nodes need not share a disk.

    Args:
        factory: makes what a worker runs.
        spec: workers, timeout, retries, share of a GPU, address.
        threads: cores of a child.
        use_gpu: whether children may use GPUs, if the cluster has any.
    """

    def __init__(
        self, factory: RunnerFactory, spec: ExecutorSpec, threads: int = 1, use_gpu: bool = True
    ) -> None:
        super().__init__(spec.retries)
        self._factory = factory
        self._spec = spec
        self._threads = threads
        self._use_gpu = use_gpu
        self._token = (
            uuid.uuid4().hex
        )  # sets the workers' runners apart from those of other executors
        self._has_connected = False

    @cached_property
    def _ray(self) -> ModuleType:
        """Ray, connected."""
        ray = import_ray(alone=self._spec.address is None)
        if not ray.is_initialized():
            connect(ray, self._spec, self._threads)
            self._has_connected = True
        return ray

    @cached_property
    def _task(self) -> Any:
        options = {
            "num_cpus": self._threads,
            "num_gpus": self._spec.gpus_per_child if self._has_gpus else 0,
            # Ray's own default for GPU tasks is a new process, and a new TensorFlow, for each.
            "max_calls": self._spec.max_children_per_worker,
            "max_retries": 0,  # attempts are counted here, as for any executor
        }
        return self._ray.remote(**options)(train_remotely)

    @cached_property
    def _shipped(self) -> Any:
        return self._ray.put(self._factory)

    @property
    def _has_gpus(self) -> bool:
        return self._use_gpu and self._ray.cluster_resources().get("GPU", 0) > 0

    def _room(self) -> int:
        if self._spec.workers is not None:
            return self._spec.workers
        resources = self._ray.cluster_resources()  # nodes come and go
        room = resources.get("CPU", 1) / self._threads
        if self._has_gpus:
            room = min(room, resources["GPU"] / self._spec.gpus_per_child + 1e-9)
        return max(1, int(room))

    def _start(self, job: ChildJob) -> _Started:
        reference = self._task.remote(self._token, self._shipped, job, self._spec.child_timeout)
        return _Started(reference, time.monotonic())

    def _ended(self, running: Iterable[_Started], patience: float) -> list[_Started]:
        started = {attempt.reference: attempt for attempt in running}
        done, _ = self._ray.wait(list(started), num_returns=1, timeout=patience)
        return [started[reference] for reference in done]

    def _outcome(self, handle: _Started, job: ChildJob) -> ChildResult | Lost:
        seconds = time.monotonic() - handle.at
        try:
            answer, weights = self._ray.get(handle.reference)
        except self._ray.exceptions.RayError as error:
            return self._loss(error, seconds)
        if isinstance(answer, PnasError):
            raise answer
        if weights is not None and job.weights_path is not None:
            _write(Path(job.weights_path), weights)
        return answer

    def _loss(self, error: Exception, seconds: float) -> Lost:
        timeout = self._spec.child_timeout
        out_of_memory = self._ray.exceptions.OutOfMemoryError
        if timeout is not None and seconds > timeout:
            return Lost(f"took longer than executor.child_timeout={timeout} s", seconds)
        log = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
        reason = f"its Ray worker died: {log.splitlines()[-1] if log else type(error).__name__}"
        return Lost(reason, seconds, log, isinstance(error, out_of_memory))

    def _abandon(self, running: Iterable[_Started]) -> None:
        for attempt in running:
            with suppress(Exception):  # the cluster may be what was lost
                self._ray.cancel(attempt.reference, force=True)

    def close(self) -> None:
        if self._has_connected:
            self._ray.shutdown()
            self._has_connected = False
        for name in ("_ray", "_task", "_shipped"):
            self.__dict__.pop(name, None)


def import_ray(alone: bool) -> ModuleType:
    """Ray, without usage reports.

    Args:
        alone: it is to start a cluster of this machine alone, whose ports are bound to the loopback interface.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if alone:
        # Made for systems whose firewalls ask, this is what keeps Ray's ports on 127.0.0.1 on Linux too.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    import ray

    return ray


def connect(ray: ModuleType, spec: ExecutorSpec, threads: int) -> None:
    """Connect to the cluster of ``spec``, or start one here.

    Raises:
        InvalidValue: no cluster answers at the address.
    """
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    with _own_signals():
        if spec.address is None:
            cores = None if spec.workers is None else spec.workers * threads
            here = {
                "include_dashboard": False,
                "dashboard_host": "127.0.0.1",
                "_system_config": _PATIENT,
            }
            ray.init("local", num_cpus=cores, **here, **quiet)
            return
        package = str(Path(pnas.__file__).parent)
        try:
            ray.init(spec.address, runtime_env={"py_modules": [package]}, **quiet)
        except Exception as error:
            reason = " ".join(str(error).split())[:200].rstrip(".")
            rule = f"{_ADDRESS_RULE}. Ray says: {reason}. A cluster that wants a token needs RAY_AUTH_MODE=token here"
            raise InvalidValue("executor.address", rule, spec.address) from None


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep our reaction to SIGTERM: Ray makes it an exit. Its processes do not get the terminal's Ctrl-C."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    except SystemExit:
        raise KeyboardInterrupt from None
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(content)
    os.replace(draft, path)


# -- in the worker -------------------------------------------------------------------------------------------

_runners: dict[str, Runner] = {}  # of this worker process, by executor


def train_remotely(
    token: str, factory: RunnerFactory, job: ChildJob, timeout: float | None
) -> tuple[Answer, bytes | None]:
    """Train one child in a Ray worker: its result, and its weights if they were asked for."""
    try:
        runner = _runners.get(token) or _runners.setdefault(token, factory())
        with _deadline(timeout), tempfile.TemporaryDirectory() as scratch:
            return _train(runner, job, Path(scratch) / "weights.npz")
    except PnasError as error:  # the command is wrong, not this child
        return error, None
    except Exception as error:
        return failure(job, error), None


def _train(
    runner: Callable[[ChildJob], ChildResult], job: ChildJob, weights: Path
) -> tuple[ChildResult, bytes | None]:
    here = job if job.weights_path is None else replace(job, weights_path=str(weights))
    result = runner(here)
    return result, weights.read_bytes() if weights.is_file() else None


@contextmanager
def _deadline(timeout: float | None) -> Iterator[None]:
    """End this process if the block takes longer: a watchdog without Python, which a hanging child cannot stop."""
    if timeout is not None:
        faulthandler.dump_traceback_later(timeout, exit=True, file=sys.__stderr__ or sys.stderr)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
