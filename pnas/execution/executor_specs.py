"""Settings of the config group ``executor``: one specification for each executor."""

import resource
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from pnas.errors import require
from pnas.system.cores import available_cores
from pnas.validation import (
    check_fields,
    choice,
    drop_former_keys,
    integer,
    number_where,
    optional,
    setting,
    text,
)

GROUP = "executor"

_GPU_ROUNDING = 1e-9
"""Added to a quotient of GPUs before it is rounded down: ten children of 0.1 GPU fit on one."""

_ABOVE_0 = number_where("must be a number of seconds above 0", lambda x: x > 0)
_AT_LEAST_0 = number_where("must be a number of seconds, at least 0", lambda x: x >= 0)
_GPU_SHARE = number_where("must be above 0 and at most 1", lambda x: 0 < x <= 1)


@dataclass(frozen=True)
class ExecutorSpec:
    """What every executor reads; the base class of their specifications.

    Attributes:
        kind: Name of the executor.
        grace: Seconds that the first Ctrl-C waits for the children in training. Those that are not
            done by then are trained anew when the search continues.
        gpu_memory_mb: Memory of its GPU, in MB, that a process may use; null means no limit, and
            memory is allocated as it is needed.
    """

    kind: str
    grace: float = setting(30.0, _AT_LEAST_0)
    gpu_memory_mb: int | None = setting(None, optional(integer(minimum=1)))

    def __post_init__(self) -> None:
        check_fields(self, GROUP)

    @property
    def workers(self) -> int | None:
        """Number of workers that was asked for; None if it follows from the machine."""
        return None

    @property
    def trains_in_this_process(self) -> bool:
        """Whether children share the process of the search."""
        return False

    @property
    def ships_data(self) -> bool:
        """Whether the data set is sent to the workers, which may not have its files."""
        return False

    @property
    def measures_one_at_a_time(self) -> bool:
        """Whether no other job may run while a child is measured."""
        return True

    def count_workers(self, threads: int, gpus: int) -> int:
        """Return how many children are trained at once on this machine.

        Args:
            threads: Threads of each child.
            gpus: Number of GPUs that may be used.
        """
        return gpus or max(1, available_cores() // threads)

    def check(self) -> None:
        """Check what can be checked of the executor before any work starts.

        Raises:
            InvalidValue: This machine lacks what the executor needs.
        """


@dataclass(frozen=True)
class SerialSpec(ExecutorSpec):
    """One child after the other, in the process of the search."""

    kind: str = setting("serial", choice("serial"))

    @property
    def trains_in_this_process(self) -> bool:
        return True

    def count_workers(self, threads: int, gpus: int) -> int:
        del threads, gpus
        return 1


@dataclass(frozen=True)
class WorkersSpec(ExecutorSpec):
    """What executors with worker processes read; the base class of their specifications.

    It is also the specification of an extension's executor that declares none of its own.

    Attributes:
        workers: Children trained at once; null means as many as there is room for: by GPUs, or
            without one, by cores divided by ``trainer.threads``.
        max_children_per_worker: Children after which a worker is replaced (TensorFlow keeps
            20-30 MB of each).
        child_timeout: Seconds after which a child is stopped; null means no limit.
        retries: Attempts after the first, of a child whose worker died or passed the timeout. A
            child that ran out of memory is tried again in any case, in smaller microbatches.
        gpus_per_child: Share of a GPU that a child takes: 0.5 means two at once on each.
    """

    workers: int | None = setting(None, optional(integer(minimum=1)))
    max_children_per_worker: int = setting(40, integer(minimum=1))
    child_timeout: float | None = setting(None, optional(_ABOVE_0))
    retries: int = setting(1, integer(minimum=0))
    gpus_per_child: float = setting(1.0, _GPU_SHARE)

    def count_workers(self, threads: int, gpus: int) -> int:
        if self.workers is not None:
            return self.workers
        by_gpus = int(gpus / self.gpus_per_child + _GPU_ROUNDING)
        by_cores = available_cores() // threads
        return by_gpus or max(1, by_cores)


_FEWEST_OPEN_FILES = 40
"""Files that the process of a search with two workers has open at once, and a few."""


_LEAST_ADDRESS_SPACE = 2560 << 20
"""Bytes that a process maps which loads TensorFlow and trains a small child, and a few."""


@dataclass(frozen=True)
class LocalSpec(WorkersSpec):
    """Worker processes on this machine."""

    kind: str = setting("local", choice("local"))

    def check(self) -> None:
        # A server and workers that cannot open their libraries write tracebacks of their own.
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        is_enough = soft == resource.RLIM_INFINITY or soft >= _FEWEST_OPEN_FILES
        rule = f"must be serial where a process may open fewer than {_FEWEST_OPEN_FILES} files"
        require(is_enough, "executor", f"{rule} (`ulimit -n`; 256 are enough)", soft)

        # Workers that cannot load TensorFlow would be started again and again.
        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        is_enough = soft == resource.RLIM_INFINITY or soft >= _LEAST_ADDRESS_SPACE
        megabytes = _LEAST_ADDRESS_SPACE >> 20
        rule = f"must have {megabytes:,} MB of memory for each process (`ulimit -v`)"
        require(is_enough, "executor", rule, f"{soft >> 20:,} MB")


@dataclass(frozen=True)
class RaySpec(WorkersSpec):
    """Tasks on a Ray cluster.

    Attributes:
        address: Address of the cluster (``host:port``, ``auto``, ``ray://host:port``); null means
            one that is started on this machine.
        measure_on: Custom resource of the nodes on which latency is measured, one child at a time
            for each unit of it; null means any worker, beside others.
    """

    kind: str = setting("ray", choice("ray"))
    address: str | None = setting(None, optional(text("must be the address of a Ray cluster")))
    measure_on: str | None = setting(None, optional(text("must be the name of a Ray resource")))

    @property
    def ships_data(self) -> bool:
        return True

    @property
    def measures_one_at_a_time(self) -> bool:
        # The resource says how many measurements a node has room for.
        return self.measure_on is None

    def check(self) -> None:
        from pnas.execution.ray_cluster import check_ray

        check_ray(self.address)


def migrate_executor(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored settings of the group ``executor`` without the keys that their kind lacks.

    Up to version 0.1.0 the keys of every kind were stored.
    """
    specs: dict[str, type[ExecutorSpec]] = {
        "serial": SerialSpec,
        "local": LocalSpec,
        "ray": RaySpec,
    }
    spec = specs.get(str(values.get("kind", "local")), WorkersSpec)
    former = {each.name for each in fields(RaySpec)}
    return drop_former_keys(values, spec, former)
