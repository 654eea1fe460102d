"""Settings of the `executor` config group."""

from dataclasses import dataclass

from pnas.errors import require, require_choice, require_count

KINDS = ("serial", "local")


@dataclass(frozen=True)
class ExecutorSpec:
    """Where children are trained.

    Attributes:
        kind: ``serial`` (in this process) or ``local`` (worker processes on this machine).
        workers: worker processes; None = one per GPU, or one per ``trainer.threads`` cores without one.
        max_children_per_worker: a worker is replaced after this many (TensorFlow keeps 20-30 MB of each child).
        child_timeout: seconds after which a child is stopped and recorded as failed; None = no limit.
    """

    kind: str = "local"
    workers: int | None = None
    max_children_per_worker: int = 40
    child_timeout: float | None = None

    def __post_init__(self) -> None:
        require_choice("executor.kind", self.kind, KINDS)
        require_count("executor.max_children_per_worker", self.max_children_per_worker)
        if self.workers is not None:
            require_count("executor.workers", self.workers)
        if self.child_timeout is not None:
            rule = "must be a number of seconds above 0, or null"
            require(self.child_timeout > 0, "executor.child_timeout", rule, self.child_timeout)
