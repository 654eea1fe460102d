"""What is known of one child: an enum for its state and a plain record of its result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pnas.state_space import Cell


class Status(StrEnum):
    """State of a child: chosen for training, then ended one way or the other.

    ``SPARE`` occurs in children.csv only: trained for a plan that a larger K has replaced.
    """

    CHOSEN = "chosen"
    OK = "ok"
    FAILED = "failed"
    SPARE = "spare"


@dataclass(frozen=True)
class ChildJob:
    """One child to train: all that an executor hands to a worker.

    Attributes:
        cell: the cell to stack.
        seed: of every random stream of this child.
        weights_path: where to leave the trained weights (``.npz``), or None to drop them.
        accumulate: parts, at least, that a batch is trained in; above 1 after an attempt that ran out of memory.
    """

    cell: Cell
    seed: int
    weights_path: str | None = None
    accumulate: int = 1


@dataclass(frozen=True)
class ChildResult:
    """What training one child gave.

    Attributes:
        cell: the cell that was trained.
        seed: its seed.
        status: `Status.OK` or `Status.FAILED`.
        reward: validation accuracy in [0, 1] as ``trainer.reward`` defines it; None if it failed.
        metrics: per-epoch values by name (loss, accuracy, val_loss, val_accuracy, learning_rate).
        params: trainable parameters of the network.
        flops: multiply-adds of one forward pass of one example.
        seconds: wall-clock time in the worker, building included.
        error: one line saying why it failed.
        log: what else is known of a failure: the end of the traceback or of the worker's output.
    """

    cell: Cell
    seed: int
    status: Status
    reward: float | None = None
    metrics: Mapping[str, Sequence[float]] = field(default_factory=dict)
    params: int | None = None
    flops: int | None = None
    seconds: float = 0.0
    error: str | None = None
    log: str | None = None

    @classmethod
    def failed(
        cls, job: ChildJob, error: str, seconds: float = 0.0, log: str | None = None
    ) -> "ChildResult":
        """The record of a child that could not be trained."""
        line = " ".join(error.split())[:2000]
        return cls(
            job.cell,
            job.seed,
            Status.FAILED,
            error=line,
            seconds=seconds,
            log=log and log_tail(log),
        )


def log_tail(text: str, lines: int = 40, characters: int = 8000) -> str:
    """The end of a log: what says why something stopped."""
    return "\n".join(text.strip().splitlines()[-lines:])[-characters:]
