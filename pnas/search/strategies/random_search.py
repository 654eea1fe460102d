"""`search=random` and `search=progressive_random`: what every other strategy has to beat."""

import time
from itertools import islice

import numpy as np

from pnas.controller.candidate_scoring import Feasibility, exclude_cells, feasible_rows
from pnas.search.strategies.base import Proposal
from pnas.search.strategies.sampling_strategy import SamplingStrategy
from pnas.search.strategies.stage_history import StageHistory
from pnas.search.strategies.unique_sampler import UniqueSampler
from pnas.seeds import derive_seed
from pnas.state_space import SlotSpace


class RandomSearch(SamplingStrategy):
    """Cells of B blocks, uniform over the unique ones.

    Args:
        space: where they come from.
        batch: how many make a stage.
        seed: of the search.
        allows: says of a cell whether it may be trained; None: any may.
    """

    def __init__(
        self, space: SlotSpace, batch: int, seed: int, is_feasible: Feasibility | None = None
    ) -> None:
        super().__init__(UniqueSampler(space, space.B, is_feasible))
        self._batch = batch
        self._seed = seed

    def ask(self) -> Proposal | None:
        started = time.perf_counter()
        generator = np.random.default_rng(derive_seed(self._seed, "random", len(self.stages) + 1))
        cells = self.draws.draw(generator, self._batch)
        self.open = cells
        return (
            Proposal(cells, None, 0, len(cells), time.perf_counter() - started) if cells else None
        )


class ProgressiveRandom(StageHistory):
    """The paper's algorithm without its predictor: K random ones of the extensions of the last stage's cells.

    Args:
        space: where cells come from; its B is the number of stages.
        K: children of each stage after the first; None for all.
        seed: of the search.
        allows: says of a cell whether it may be trained; None: any may.
    """

    def __init__(
        self, space: SlotSpace, K: int | None, seed: int, is_feasible: Feasibility | None = None
    ) -> None:
        super().__init__()
        self._space = space
        self._K = K
        self._seed = seed
        self._is_feasible = is_feasible

    def ask(self) -> Proposal | None:
        started = time.perf_counter()
        if not self.stages:
            cells = self._space.initial_children()
            self.open = [
                cell for cell in cells if self._is_feasible is None or self._is_feasible(cell)
            ]
            return Proposal(self.open, None, 0, len(self.open), 0.0)
        parents = [
            cell for cell, reward in zip(*self.stages[-1], strict=True) if reward is not None
        ]
        if self.is_over() or not parents:
            return None
        candidates = exclude_cells(self._space, self._space.expand(parents), self.asked)
        generator = np.random.default_rng(
            derive_seed(self._seed, "extensions", len(self.stages) + 1)
        )
        shuffled = generator.permutation(len(candidates.tokens)).tolist()
        rows = list(
            islice(
                feasible_rows(self._space, candidates.tokens, shuffled, self._is_feasible), self._K
            )
        )
        self.open = self._space.decode(candidates.tokens[rows])
        seconds = time.perf_counter() - started
        return (
            Proposal(self.open, None, candidates.generated, len(candidates.tokens), seconds)
            if self.open
            else None
        )

    def is_over(self) -> bool:
        return len(self.stages) >= self._space.B
