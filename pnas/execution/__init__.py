"""Executors: the same jobs to the same results, by different engines."""

import os

from pnas.execution.devices import visible_gpus
from pnas.execution.executor import Executor, Runner, RunnerFactory
from pnas.execution.local import LocalExecutor
from pnas.execution.serial import SerialExecutor
from pnas.execution.spec import ExecutorSpec

__all__ = [
    "Executor",
    "ExecutorSpec",
    "LocalExecutor",
    "Runner",
    "RunnerFactory",
    "SerialExecutor",
    "count_workers",
    "make_executor",
]


def count_workers(spec: ExecutorSpec, threads: int, gpus: int) -> int:
    """How many children are trained at once, for children of ``threads`` threads each and ``gpus`` GPUs."""
    if spec.kind == "serial":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return spec.workers or gpus or max(1, cores // threads)


def make_executor(spec: ExecutorSpec, factory: RunnerFactory, threads: int = 1, use_gpu: bool = True) -> Executor:
    """The executor that ``spec`` describes, for children of ``threads`` threads each."""
    if spec.kind == "serial":
        return SerialExecutor(factory)
    gpus = visible_gpus() if use_gpu else []
    workers = count_workers(spec, threads, len(gpus))
    return LocalExecutor(factory, workers, spec.max_children_per_worker, spec.child_timeout, gpus)
