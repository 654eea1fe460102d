"""What decides which cells are trained next: ask, train, tell, and again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pnas.state_space import Cell


@dataclass(frozen=True)
class Proposal:
    """The children of one stage.

    Attributes:
        cells: what to train, most promising first.
        predictions: expected reward of each cell in [0, 1]; None before there is a predictor.
        candidates_scored: cells they were chosen from, duplicates included.
        unique_candidates: the same without duplicates.
        seconds: what choosing them took.
    """

    cells: Sequence[Cell]
    predictions: Sequence[float] | None
    candidates_scored: int
    unique_candidates: int
    seconds: float


class Strategy(Protocol):
    """A search strategy over plain data. It keeps nothing that replaying resume/tell cannot rebuild."""

    def ask(self) -> Proposal | None:
        """The next stage, or None when the search is over."""
        ...

    def is_over(self) -> bool:
        """Whether `ask` would have nothing more; never takes long."""
        ...

    def resume(self, cells: Sequence[Cell], predictions: Sequence[float] | None) -> None:
        """Take a stage that an earlier process asked for, in the place of `ask`."""
        ...

    def tell(self, rewards: Sequence[float | None]) -> dict[str, Any] | None:
        """Learn the rewards of the stage's cells, in order; None for a child that failed.

        Returns:
            What was learned, as summary.json shows it (kind, loss, losses, spearman_fit, spearman_next: how
            the stage's own predictions fared), or None.
        """
        ...

    def replay(self, rewards: Sequence[float | None]) -> None:
        """As `tell`, for a stage that is already closed in the journal: nobody needs what was learned."""
        ...
