"""Settings of the `search` config group."""

from dataclasses import dataclass

from pnas.errors import require, require_choice

KINDS = ("progressive",)


@dataclass(frozen=True)
class SearchSpec:
    """How the space is searched.

    Attributes:
        kind: ``progressive``, the paper's algorithm.
        max_failed: share of a stage's children, in [0, 1), that may fail before the search stops.
    """

    kind: str = "progressive"
    max_failed: float = 0.5

    def __post_init__(self) -> None:
        require_choice("search.kind", self.kind, KINDS)
        require(0 <= self.max_failed < 1, "search.max_failed", "must be at least 0 and below 1", self.max_failed)
