"""`SamplingStrategy`: what strategies share that sample cells of full size, none of them twice."""

import time
from abc import abstractmethod

import numpy as np

from pnas.search.strategies.base import Proposal, SearchHistory, StrategyContext
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

    def ask(self) -> Proposal | None:
        """See `pnas.search.Strategy.ask`."""
        started = time.perf_counter()
        seed = derive_seed(self._seed, self.stream, self.next_stage)
        self.open = self.next_cells(np.random.default_rng(seed))
        if not self.open:
            return None
        seconds = time.perf_counter() - started
        return Proposal(
            cells=self.open,
            predictions=None,
            candidates_scored=0,
            unique_candidates=len(self.open),
            seconds=seconds,
        )

    def is_over(self) -> bool:
        """See `pnas.search.Strategy.is_over`."""
        return self.sampler.is_empty

    @abstractmethod
    def next_cells(self, generator: np.random.Generator) -> list[Cell]:
        """Return the cells of the next stage; none when no cell is left."""
