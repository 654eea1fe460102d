"""Settings of the `search` config group."""

import math
from dataclasses import dataclass

from pnas.errors import require, require_choice, require_count

KINDS = ("progressive",)
FAILED_REWARDS = ("exclude", "worst")


@dataclass(frozen=True)
class SearchSpec:
    """How the space is searched.

    Attributes:
        kind: ``progressive``, the paper's algorithm.
        max_failed: share of a stage's children, in [0, 1), that may fail before the search stops.
        failed_reward: what the predictor is told of a child that failed: nothing (``exclude``, and the cell is
            not extended), or the ``worst`` reward of the search so far.
        retry_failed: train the failed children of the stage that is open anew, once, at the start of a command.
        max_seconds: of all commands of this search together, after which no child is started; None = any.
        max_children: children trained (or failed) by this search at most; None = any.
    """

    kind: str = "progressive"
    max_failed: float = 0.5
    failed_reward: str = "exclude"
    retry_failed: bool = False
    max_seconds: float | None = None
    max_children: int | None = None

    def __post_init__(self) -> None:
        require_choice("search.kind", self.kind, KINDS)
        require(0 <= self.max_failed < 1, "search.max_failed", "must be at least 0 and below 1", self.max_failed)
        require_choice("search.failed_reward", self.failed_reward, FAILED_REWARDS)
        if self.max_children is not None:
            require_count("search.max_children", self.max_children)
        seconds, rule = self.max_seconds, "must be a number of seconds above 0, or null"
        require(seconds is None or (math.isfinite(seconds) and seconds > 0), "search.max_seconds", rule, seconds)
