"""One child of a search: an enum for its state, and plain records of its job and its result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pnas.records.stop_rule import StopRule
from pnas.state_space import Cell

_LONGEST_ERROR = 2000

BEYOND_LIMIT = "beyond_limit"
"""Name under which the metrics of a child say that it was measured to break a constraint.

Such a child was not trained. Its status is `Status.FAILED`, but nothing went wrong.
"""


def is_beyond_limit(metrics: Mapping[str, Sequence[float]]) -> bool:
    """Whether the child with these metrics was not trained because it breaks a constraint."""
    return BEYOND_LIMIT in metrics


SHORT_REWARD = "short_reward"
"""Name under which the metrics of a short training hold what ``trainer.reward`` says of it.

It is no reward: a child that was trained in part can neither win nor be confirmed.
"""


TEST_ACCURACY = "test_accuracy"
"""Name under which the metrics of a job that tests hold the accuracy on the test part."""


class Status(StrEnum):
    """State of a child: chosen for training, then ended one way or the other.

    ``STOPPED`` is a training that was ended early by choice (``search.early_stop``): it has the
    metrics of its epochs and no reward, and nothing went wrong.

    ``SUPERSEDED`` occurs in children.csv only: the child was trained for a plan that a larger K
    has replaced. Files of earlier versions call it ``spare``, which is read as the same state.
    """

    CHOSEN = "chosen"
    OK = "ok"
    FAILED = "failed"
    STOPPED = "stopped"
    SUPERSEDED = "superseded"

    @classmethod
    def _missing_(cls, value: object) -> "Status | None":
        return cls.SUPERSEDED if value == "spare" else None


@dataclass(frozen=True)
class ChildJob:
    """One child to train, to measure or to test: all that an executor hands to a worker.

    Attributes:
        cell: Cell to stack.
        seed: Seed of every random stream of this child.
        weights_path: File for the trained weights (``.npz``); None drops them.
        accumulate: Parts, at least, that a batch is trained in; above 1 after an attempt that ran
            out of memory.
        measures: Whether the child is measured as it would be exported, and not trained.
        epochs: Epochs of a short training (`pnas.search.rungs`); None for a whole one.
        kept_path: File in which a short training is kept before its decay, and from which a longer
            one of the same seed goes on if it is there. None for a training by itself, which has a
            whole learning rate schedule of its own.
        stop_rule: What may stop the training early; None to train it to its end.
        tests: Whether the child with the weights of ``weights_path`` is tested, and not trained.
        repeat: Which whole training of its cell this is, from 1.
        first_seed: Seed of the first training of the cell; None where it is this one. A table has a
            few trainings of a cell, none of which it may show twice before it has shown all.
    """

    cell: Cell
    seed: int
    weights_path: str | None = None
    accumulate: int = 1
    measures: bool = False
    epochs: int | None = None
    kept_path: str | None = None
    stop_rule: StopRule | None = None
    tests: bool = False
    repeat: int = 1
    first_seed: int | None = None

    @property
    def trains(self) -> bool:
        """Whether the child is trained."""
        return not self.measures and not self.tests


@dataclass(frozen=True)
class ChildResult:
    """Result of training one child.

    Attributes:
        cell: Cell that was trained.
        seed: Seed that it was trained with.
        status: `Status.OK`, `Status.FAILED` or `Status.STOPPED`.
        reward: Validation accuracy in [0, 1] as ``trainer.reward`` defines it; None if it failed,
            if it was trained in part, or if it learned from the validation part too.
        metrics: Per-epoch values by name (loss, accuracy, val_loss, val_accuracy, learning_rate).
        params: Trainable parameters of the network.
        flops: Multiply-adds of one forward pass of one example.
        seconds: Wall-clock seconds in the worker, building included.
        error: One line that says why the child failed.
        log: What else is known of a failure: the end of the traceback or of the worker's output.
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
        """Return the result of a child that could not be trained."""
        one_line = " ".join(_storable(error).split())
        return cls(
            cell=job.cell,
            seed=job.seed,
            status=Status.FAILED,
            error=one_line[:_LONGEST_ERROR],
            seconds=seconds,
            log=log_tail(log) if log else log,
        )


def log_tail(text: str, lines: int = 40, characters: int = 8000) -> str:
    """Return the end of a log, which says why something stopped."""
    last_lines = _storable(text).strip().splitlines()[-lines:]
    return "\n".join(last_lines)[-characters:]


def _storable(text: str) -> str:
    """Return ``text`` without what no file can hold.

    Such as half of a surrogate pair, which stands for an undecodable byte of a file name.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
