"""Refinement at full size: which cells of B blocks a round of a progressive search chooses from.

A beam drops for good what looks bad while it is small. After its last stage the predictor knows cells of every
size, and may as well be asked about those that the beam never reached.
"""

from collections.abc import Sequence

import numpy as np

from pnas.controller.candidate_scoring import exclude_cells
from pnas.search.strategies.mutation import mutations
from pnas.seeds import derive_seed
from pnas.state_space import Candidates, Cell, SlotSpace, Tokens

Trained = Sequence[tuple[Cell, float]]


class Pool:
    """What a round may choose.

    Args:
        space: with cells of B blocks.
        largest: a space of at most so many cells of B blocks is the pool. In a larger one, the pool is all cells
            that one changed decision makes of the best cells, and at most so many candidates of the last stage.
        parents: how many best cells.
        seed: of the search.
    """

    def __init__(self, space: SlotSpace, largest: int, parents: int, seed: int) -> None:
        self._space = space
        self._largest = largest
        self._parents = parents
        self._seed = seed
        self._fixed: Tokens | None = None

    def candidates(self, history: Sequence[Trained], trained: Sequence[Cell]) -> Candidates:
        """Cells of B blocks that were not trained, each once.

        Args:
            history: cells and rewards of the stages, failed ones left out.
            trained: all cells that were ever asked for.
        """
        if self._fixed is None:
            self._fixed = self._whole_space() if self._is_small() else self._last_stage(history)
        tokens = (
            self._fixed if self._is_small() else np.concatenate([self._near(history), self._fixed])
        )
        first = self._space.unique_rows(tokens)
        return exclude_cells(self._space, Candidates(tokens[first], len(tokens)), trained)

    def is_exhausted(self, trained: Sequence[Cell]) -> bool:
        """Whether every cell of the space has been trained."""
        return sum(len(cell) == self._space.B for cell in trained) >= self._space.num_cells(
            self._space.B
        )

    def _is_small(self) -> bool:
        return self._space.num_cells(self._space.B) <= self._largest

    def _whole_space(self) -> Tokens:
        return np.concatenate(list(self._space.iter_cells(self._space.B)))

    def _last_stage(self, history: Sequence[Trained]) -> Tokens:
        """The extensions that the last stage was chosen from; of too many, the same random ones in each round."""
        parents = [cell for cell, _ in history[self._space.B - 2]] if self._space.B > 1 else []
        tokens = self._space.expand(parents).tokens
        generator = np.random.default_rng(derive_seed(self._seed, "refinement pool"))
        return tokens[np.sort(generator.permutation(len(tokens))[: self._largest])]

    def _near(self, history: Sequence[Trained]) -> Tokens:
        full = [pair for stage in history for pair in stage if len(pair[0]) == self._space.B]
        best = sorted(full, key=lambda pair: -pair[1])[: self._parents]
        return self._space.encode(
            [child for cell, _ in best for child in mutations(self._space, cell)]
        )
