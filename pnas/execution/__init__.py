"""Executors: the same jobs to the same results, by different engines."""

import os

from pnas.execution.base import Executor, MayStart, Runner, RunnerFactory, always
from pnas.execution.devices import visible_gpus
from pnas.execution.executor_specs import ExecutorSpec
from pnas.execution.interrupts import soft_interrupts
from pnas.execution.local_executor import LocalExecutor
from pnas.execution.serial_executor import SerialExecutor
from pnas.extensions import extension

__all__ = [
    "Executor",
    "ExecutorSpec",
    "LocalExecutor",
    "MayStart",
    "Runner",
    "RunnerFactory",
    "SerialExecutor",
    "always",
    "check_executor",
    "count_workers",
    "make_executor",
    "soft_interrupts",
]


def count_workers(spec: ExecutorSpec, threads: int, gpus: int) -> int:
    """How many children are trained at once on this machine, with ``threads`` threads each and ``gpus`` GPUs."""
    if spec.kind == "serial":
        return 1
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    # Half the last digit a float shows: ten children of 0.1 GPU fit on one.
    return spec.workers or int(gpus / spec.gpus_per_child + 1e-9) or max(1, cores // threads)


def check_executor(spec: ExecutorSpec) -> None:
    """Meet what can be wrong with an executor before any work starts.

    Raises:
        InvalidValue: Ray is not installed, or no cluster answers at ``executor.address``.
    """
    if spec.kind == "ray":
        from pnas.execution.ray_executor import check_ray

        check_ray(spec.address)


def make_executor(
    spec: ExecutorSpec, factory: RunnerFactory, threads: int = 1, use_gpu: bool = True
) -> Executor:
    """The executor that ``spec`` describes, for children of ``threads`` threads each."""
    if spec.kind == "serial":
        return SerialExecutor(factory)
    if spec.kind == "ray":
        from pnas.execution.ray_executor import RayExecutor

        return RayExecutor(factory, spec, threads, use_gpu)
    if (of_extension := extension("executors", spec.kind)) is not None:
        made: Executor = of_extension(spec, factory, threads, use_gpu)
        return made
    gpus = visible_gpus() if use_gpu else []
    workers = count_workers(spec, threads, len(gpus))
    return LocalExecutor(
        factory, workers, spec.max_children_per_worker, spec.child_timeout, gpus, spec.retries
    )
