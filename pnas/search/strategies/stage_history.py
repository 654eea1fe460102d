"""What strategies without a predictor have in common: they remember what was asked and told, and nothing else."""

from collections.abc import Sequence
from typing import Any

from pnas.state_space import Cell

Stage = tuple[list[Cell], list[float | None]]


class StageHistory:
    """The part of `pnas.search.Strategy` that keeps the stages.

    Attributes:
        stages: (cells, rewards) of the stages told, in order.
        open: cells of the stage asked for last, until their rewards are told.
    """

    def __init__(self) -> None:
        self.stages: list[Stage] = []
        self.open: list[Cell] | None = None

    @property
    def asked(self) -> list[Cell]:
        """All cells that were ever asked for."""
        return [cell for cells, _ in self.stages for cell in cells] + (self.open or [])

    def resume(self, cells: Sequence[Cell], predictions: Sequence[float] | None) -> None:
        """See `pnas.search.Strategy.resume`."""
        self.open = list(cells)

    def tell(self, rewards: Sequence[float | None]) -> dict[str, Any] | None:
        """See `pnas.search.Strategy.tell`. Nothing is learned that could be shown."""
        assert self.open is not None, "tell follows ask or resume"
        self.stages.append((self.open, list(rewards)))
        self.open = None
        return None

    def replay(self, rewards: Sequence[float | None]) -> None:
        """See `pnas.search.Strategy.replay`."""
        self.tell(rewards)
