"""`StageHistory`: the stages of a search, as strategies without a predictor remember them."""

from collections.abc import Sequence
from typing import Any

from pnas.search.strategies.base import ClosedStage, Reward, SearchHistory
from pnas.state_space import Cell


class StageHistory:
    """The closed stages of a search and its open one, kept up to date by `open_stage` and `tell`.

    Attributes:
        closed: The closed stages, in order.
        open: Cells of the open stage; None if there is none.
    """

    def __init__(self, history: SearchHistory) -> None:
        self.closed: list[ClosedStage] = list(history.closed)
        self.open: list[Cell] | None = None
        if history.open is not None:
            self.open = list(history.open.cells)

    @property
    def next_stage(self) -> int:
        """Number of the stage after the closed ones, from 1."""
        return len(self.closed) + 1

    def asked_cells(self) -> list[Cell]:
        """Return all cells that were ever proposed."""
        cells: list[Cell] = []
        for stage in self.closed:
            cells.extend(stage.cells)
        cells.extend(self.open or [])
        return cells

    def rewarded_cells(self) -> list[tuple[Cell, float]]:
        """Return the cells that have a reward, with it, in the order of the proposals."""
        return [pair for stage in self.closed for pair in rewarded(stage)]

    def last_rewarded(self, count: int) -> list[tuple[Cell, float]]:
        """Return the last ``count`` of `rewarded_cells`."""
        found: list[tuple[Cell, float]] = []
        for stage in reversed(self.closed):
            if len(found) >= count:
                break
            found = rewarded(stage) + found
        return found[-count:]

    def tell(self, rewards: Sequence[Reward]) -> dict[str, Any] | None:
        """See `pnas.search.Strategy.tell`. Nothing is learned that could be shown."""
        if self.open is None:
            raise RuntimeError("tell() follows ask(), or a history with an open stage")
        self.closed.append(ClosedStage(self.open, list(rewards)))
        self.open = None
        return None


def rewarded(stage: ClosedStage) -> list[tuple[Cell, float]]:
    """Return the cells of ``stage`` that have a reward, with it."""
    pairs = zip(stage.cells, stage.rewards, strict=True)
    return [(cell, reward) for cell, reward in pairs if reward is not None]
