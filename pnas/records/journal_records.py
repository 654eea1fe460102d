"""Plain records of what a journal holds: stages, children, events, and choices that it is given."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pnas.records.child_records import Status, is_beyond_limit
from pnas.records.training_curve import trained_epochs
from pnas.state_space import Cell


@dataclass(frozen=True)
class StageRecord:
    """One stage as stored.

    Attributes:
        b: Number of the stage, counted from 1.
        candidates_scored: Candidates that the predictor scored to choose this stage's children.
        unique_candidates: Candidates that were left after isomorphic ones were removed.
        seconds_scoring: Seconds that generating and scoring the candidates took.
        opened_at: When the stage was stored, in seconds since the epoch.
        closed_at: When all of its children had ended; None while the stage is open.
        predictor: What summary.json shows of the predictor; None until it was trained.
    """

    b: int
    candidates_scored: int
    unique_candidates: int
    seconds_scoring: float
    opened_at: float
    closed_at: float | None
    predictor: dict[str, Any] | None


@dataclass(frozen=True)
class ChildRecord:
    """One child as stored: the choice, and the result once the child has ended.

    Attributes:
        id: Row number in the journal.
        b: Stage of the child.
        position: 0-based place in the order of the stage; None for a superseded child.
        cell: Cell of the child.
        key: Identity of the child within its search; files of weights are named after it.
        seed: Seed of every random stream of the child.
        predicted: Predicted reward; None at stage 1, which nothing predicts.
        status: Chosen, ok, failed or stopped.
        reward: Validation accuracy in [0, 1]; None until the child has ended, if it failed or
            was stopped early, or if it learned from the validation part too.
        params: Trainable parameters of the network.
        flops: Multiply-adds of one forward pass of one example.
        seconds: Wall-clock seconds of the training.
        error: One line that says why the child failed.
        metrics: Per-epoch values by name.
        ended_at: When the result was stored, in seconds since the epoch.
        started_at: When the last attempt to train the child began, in seconds since the epoch.
        worker: Which process started that attempt.
        starts: Number of attempts to train the child.
    """

    id: int
    b: int
    position: int | None
    cell: Cell
    key: str
    seed: int
    predicted: float | None
    status: Status
    reward: float | None
    params: int | None
    flops: int | None
    seconds: float | None
    error: str | None
    metrics: dict[str, list[float]] = field(default_factory=dict)
    ended_at: float | None = None
    started_at: float | None = None
    worker: str | None = None
    starts: int = 0

    @property
    def is_left_out(self) -> bool:
        """Whether it was not trained, because it was measured to break a constraint."""
        return self.status is Status.FAILED and is_beyond_limit(self.metrics)

    @property
    def has_failed(self) -> bool:
        """Whether its training failed."""
        return self.status is Status.FAILED and not self.is_left_out

    @property
    def stopped_after(self) -> int | None:
        """Number of epochs after which its training was stopped early; None if it was not."""
        return trained_epochs(self.metrics) if self.status is Status.STOPPED else None


@dataclass(frozen=True)
class Event:
    """Something that happened to the search as a whole.

    Attributes:
        at: When it happened, in seconds since the epoch.
        kind: What happened.
        detail: JSON values that describe it.
    """

    at: float
    kind: str
    detail: dict[str, Any]


@dataclass(frozen=True)
class Choice:
    """A child chosen for a stage.

    Attributes:
        cell: Cell of the child.
        key: Identity of the child within its search.
        seed: Seed of the child.
        predicted: Predicted reward, or None where nothing predicts.
    """

    cell: Cell
    key: str
    seed: int
    predicted: float | None


def best_child(children: Iterable[ChildRecord]) -> ChildRecord | None:
    """Return the child of highest reward; among equals, the one that was chosen first.

    Returns:
        None if no child has a reward.
    """
    found = best_children(children, 1)
    return found[0] if found else None


def best_children(children: Iterable[ChildRecord], count: int) -> list[ChildRecord]:
    """Return the ``count`` children of highest reward, the best first.

    Of equals, the one that was chosen first is the better one.
    """
    rewarded = [child for child in children if child.reward is not None]
    return heapq.nlargest(count, rewarded, key=_rank)


def _rank(child: ChildRecord) -> tuple[float, int, int]:
    reward = 0.0 if child.reward is None else child.reward
    return reward, -child.b, -(child.position or 0)
