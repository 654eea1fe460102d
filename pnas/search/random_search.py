"""`search=random` and `search=progressive_random`: what every other strategy has to beat."""

import time
from collections.abc import Sequence

import numpy as np

from pnas.controller.scoring import without
from pnas.search.draws import Draws
from pnas.search.strategy import Proposal
from pnas.search.told import Told
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace


class RandomSearch(Told):
    """Cells of B blocks, uniform over the unique ones.

    Args:
        space: where they come from.
        batch: how many make a stage.
        seed: of the search.
    """

    def __init__(self, space: SlotSpace, batch: int, seed: int) -> None:
        super().__init__()
        self._batch, self._seed = batch, seed
        self._draws = Draws(space, space.B)

    def ask(self) -> Proposal | None:
        started = time.perf_counter()
        generator = np.random.default_rng(derive_seed(self._seed, "random", len(self.stages) + 1))
        cells = self._draws.draw(generator, self._batch)
        self.open = cells
        return Proposal(cells, None, 0, len(cells), time.perf_counter() - started) if cells else None

    def is_over(self) -> bool:
        return self._draws.is_empty

    def resume(self, cells: Sequence[Cell], predictions: Sequence[float] | None) -> None:
        super().resume(cells, predictions)
        for cell in cells:
            self._draws.take(cell)


class ProgressiveRandom(Told):
    """The paper's algorithm without its predictor: K random ones of the extensions of the last stage's cells.

    Args:
        space: where cells come from; its B is the number of stages.
        K: children of each stage after the first; None for all.
        seed: of the search.
    """

    def __init__(self, space: SlotSpace, K: int | None, seed: int) -> None:
        super().__init__()
        self._space, self._K, self._seed = space, K, seed

    def ask(self) -> Proposal | None:
        started = time.perf_counter()
        if not self.stages:
            self.open = self._space.initial_children()
            return Proposal(self.open, None, 0, len(self.open), 0.0)
        parents = [cell for cell, reward in zip(*self.stages[-1], strict=True) if reward is not None]
        if self.is_over() or not parents:
            return None
        candidates = without(self._space, self._space.expand(parents), self.asked)
        generator = np.random.default_rng(derive_seed(self._seed, "extensions", len(self.stages) + 1))
        rows = generator.permutation(len(candidates.tokens))[: self._K]
        self.open = self._space.decode(candidates.tokens[rows])
        seconds = time.perf_counter() - started
        return Proposal(self.open, None, candidates.generated, len(candidates.tokens), seconds) if self.open else None

    def is_over(self) -> bool:
        return len(self.stages) >= self._space.B
