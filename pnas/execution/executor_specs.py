"""Settings of the `executor` config group."""

import math
from dataclasses import dataclass

from pnas.errors import require, require_choice, require_count
from pnas.extensions import extension_names

KINDS = ("serial", "local", "ray")


@dataclass(frozen=True)
class ExecutorSpec:
    """Where children are trained.

    Attributes:
        kind: ``serial`` (in this process), ``local`` (worker processes on this machine) or ``ray`` (a cluster).
        workers: children trained at once; None = as many as GPUs have room for, or one per ``trainer.threads``
            cores without one.
        max_children_per_worker: a worker is replaced after this many (TensorFlow keeps 20-30 MB of each child).
        child_timeout: seconds after which a child is stopped; None = no limit. Not enforced by ``serial``.
        retries: attempts after the first, of a child whose worker died or passed the timeout. Running out of
            memory is retried in any case, with half the examples at a time.
        grace: seconds that the first Ctrl-C waits for the children that run. Those that are not done by then are
            trained anew when the search continues.
        gpus_per_child: share of a GPU a child takes: 0.5 = two at once on each.
        gpu_memory_mb: memory of its GPU that a worker may use; None = what it needs, as it needs it.
        address: of the Ray cluster (``host:port``, ``auto``, ``ray://host:port``); None = one on this machine.
    """

    kind: str = "local"
    workers: int | None = None
    max_children_per_worker: int = 40
    child_timeout: float | None = None
    retries: int = 1
    grace: float = 30.0
    gpus_per_child: float = 1.0
    gpu_memory_mb: int | None = None
    address: str | None = None

    def __post_init__(self) -> None:
        require_choice("executor.kind", self.kind, (*KINDS, *extension_names("executors")))
        require_count("executor.max_children_per_worker", self.max_children_per_worker)
        require_count("executor.retries", self.retries, minimum=0)
        if self.workers is not None:
            require_count("executor.workers", self.workers)
        if self.gpu_memory_mb is not None:
            require_count("executor.gpu_memory_mb", self.gpu_memory_mb)
        timeout = self.child_timeout
        rule = "must be a number of seconds above 0, or null"
        require(timeout is None or _is_above_0(timeout), "executor.child_timeout", rule, timeout)
        require(
            self.grace == 0 or _is_above_0(self.grace),
            "executor.grace",
            "must be a number of seconds",
            self.grace,
        )
        share = self.gpus_per_child
        require(
            _is_above_0(share) and share <= 1,
            "executor.gpus_per_child",
            "must be above 0 and at most 1",
            share,
        )
        require(
            self.kind == "ray" or self.address is None,
            "executor.address",
            "must be null unless executor=ray",
            self.address,
        )


def _is_above_0(value: float) -> bool:
    return math.isfinite(value) and value > 0
