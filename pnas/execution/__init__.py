"""Executors: the same jobs to the same results, by different engines."""

from pnas.execution.base import (
    Executor,
    JobSource,
    LazyExecutor,
    MayStart,
    Runner,
    RunnerFactory,
    always,
    as_lazy,
)
from pnas.execution.devices import visible_gpus
from pnas.execution.executor_specs import (
    ExecutorSpec,
    LocalSpec,
    RaySpec,
    SerialSpec,
    WorkersSpec,
    migrate_executor,
)
from pnas.execution.interrupts import soft_interrupts
from pnas.execution.local_executor import LocalExecutor
from pnas.execution.registry import EXECUTORS, make_executor
from pnas.execution.serial_executor import SerialExecutor

__all__ = [
    "EXECUTORS",
    "Executor",
    "ExecutorSpec",
    "JobSource",
    "LazyExecutor",
    "LocalExecutor",
    "LocalSpec",
    "MayStart",
    "RaySpec",
    "Runner",
    "RunnerFactory",
    "SerialExecutor",
    "SerialSpec",
    "WorkersSpec",
    "always",
    "as_lazy",
    "check_executor",
    "count_workers",
    "make_executor",
    "migrate_executor",
    "soft_interrupts",
    "visible_gpus",
]


def count_workers(spec: ExecutorSpec, threads: int, gpus: int) -> int:
    """Return how many children are trained at once on this machine.

    Args:
        spec: Settings of the executor.
        threads: Threads of each child.
        gpus: Number of GPUs that may be used.
    """
    return spec.count_workers(threads, gpus)


def check_executor(spec: ExecutorSpec) -> None:
    """Check what can be checked of an executor before any work starts.

    Raises:
        InvalidValue: Ray is not installed, or no cluster answers at ``executor.address``.
    """
    spec.check()
