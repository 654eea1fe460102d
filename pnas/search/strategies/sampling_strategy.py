"""`SamplingStrategy`: what strategies share that sample cells of full size, none of them twice."""

import time
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from pnas.errors import require
from pnas.search.strategies.base import (
    Proposal,
    SearchHistory,
    StrategyContext,
    TrainedCells,
)
from pnas.search.strategies.stage_history import StageHistory
from pnas.search.strategies.unique_sampler import UniqueSampler
from pnas.seeds import derive_seed
from pnas.state_space import Cell


class SamplingStrategy(StageHistory):
    """A strategy whose stages are samples of cells of B blocks.

    Attributes:
        space: State space that is searched.
        sampler: Source of random cells, which knows all cells that were proposed.
    """

    stream: str
    """Name of the random stream of this strategy, of which each stage has a seed."""

    def __init__(self, context: StrategyContext, history: SearchHistory) -> None:
        super().__init__(history)
        self.space = context.space
        self._seed = context.seed
        self.sampler = UniqueSampler(context.space, context.space.B, context.is_feasible)
        self.sampler.take_all(self.asked_cells())
        self.sampler.take_all(pending.cell for pending in history.pending)

    def ask(self) -> Proposal | None:
        """See `pnas.search.Strategy.ask`."""
        started = time.perf_counter()
        self.open = self.next_cells(self._generator(self.next_stage))
        return _proposal(self.open, started)

    def choose(self, history: SearchHistory, count: int) -> Proposal | None:
        """See `pnas.search.AsynchronousStrategy.choose`."""
        started = time.perf_counter()
        self.closed = list(history.closed)
        cells: list[Cell] = []
        for number in range(history.next_stage, history.next_stage + count):
            cells.extend(self.next_cell(self._generator(number)))
        return _proposal(cells, started)

    def learn(self, history: SearchHistory, trained: TrainedCells) -> dict[str, Any] | None:
        """See `pnas.search.AsynchronousStrategy.learn`. Nothing is learned that could be shown."""
        return None

    def _generator(self, stage: int) -> np.random.Generator:
        return np.random.default_rng(derive_seed(self._seed, self.stream, stage))

    def is_over(self) -> bool:
        """See `pnas.search.Strategy.is_over`."""
        return self.sampler.is_empty

    @abstractmethod
    def next_cells(self, generator: np.random.Generator) -> list[Cell]:
        """Return the cells of the next stage; none when no cell is left."""

    @abstractmethod
    def next_cell(self, generator: np.random.Generator) -> list[Cell]:
        """Return one more cell of a search whose stages have one; none when no cell is left."""


def _proposal(cells: Sequence[Cell], started: float) -> Proposal | None:
    """Return what is proposed, chosen since ``started``; None without a cell.

    Raises:
        InvalidValue: ``cells`` is no list of cells.
    """
    are_cells = isinstance(cells, Sequence) and all(isinstance(cell, Cell) for cell in cells)
    require(are_cells, "search.kind", "must name a strategy that returns lists of cells", cells)
    if not cells:
        return None
    return Proposal.unscored(cells, seconds=time.perf_counter() - started)
