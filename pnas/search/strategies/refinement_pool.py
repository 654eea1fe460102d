"""`RefinementPool`: the cells of full size that a round of a refined search chooses from.

A beam drops for good what looks bad while it is small. After the last growing stage the predictor
has learned from cells of every size, and can as well rank those that the beam never reached.
"""

from collections.abc import Callable, Sequence

import numpy as np

from pnas.controller.candidate_scoring import exclude_cells
from pnas.search.strategies.mutation import mutations
from pnas.seeds import derive_seed
from pnas.state_space import Candidates, Cell, SlotSpace, Tokens

RewardedCells = Sequence[tuple[Cell, float]]


def by_reward(rewarded: RewardedCells) -> list[Cell]:
    """Return cells by their reward, the highest first."""
    ranked = sorted(rewarded, key=lambda pair: -pair[1])
    return [cell for cell, _ in ranked]


class RefinementPool:
    """The cells of B blocks that a round may choose from.

    Args:
        space: State space with cells of B blocks.
        largest: Largest number of cells of B blocks that make up the pool as they are. In a larger
            space the pool is every mutation of the best cells, and at most this many candidates of
            the last growing stage.
        parents: Number of best cells whose mutations are in the pool.
        seed: Seed of the search.
        grows: Whether there was a last growing stage; random cells stand for its candidates if not.
        best_first: Returns cells that have a reward, the best ones first.
    """

    def __init__(
        self,
        space: SlotSpace,
        largest: int,
        parents: int,
        seed: int,
        grows: bool = True,
        best_first: Callable[[RewardedCells], list[Cell]] | None = None,
    ) -> None:
        self._space = space
        self._largest = largest
        self._parents = parents
        self._seed = seed
        self._grows = grows
        self._best_first = best_first or by_reward
        self._total = space.num_cells(space.B)
        # The same in every round, and the whole space takes a while to list.
        self._fixed: Tokens | None = None

    def candidates(self, history: Sequence[RewardedCells], trained: Sequence[Cell]) -> Candidates:
        """Return the cells of B blocks that may be chosen, each once.

        Args:
            history: Cells that have a reward, with it, by stage.
            trained: All cells that were ever proposed.
        """
        if self._fixed is None:
            self._fixed = self._fixed_part(history)
        if self._is_whole_space():
            # Each cell is listed once as it is.
            candidates = Candidates(self._fixed, len(self._fixed))
        else:
            tokens = np.concatenate([self._mutations_of_best(history), self._fixed])
            unique = tokens[self._space.unique_rows(tokens)]
            candidates = Candidates(unique, len(tokens))
        return exclude_cells(self._space, candidates, trained)

    def is_exhausted(self, trained: Sequence[Cell]) -> bool:
        """Whether every cell of B blocks has been proposed."""
        of_full_size = [cell for cell in trained if len(cell) == self._space.B]
        return len(of_full_size) >= self._total

    def _is_whole_space(self) -> bool:
        return self._total <= self._largest

    def _fixed_part(self, history: Sequence[RewardedCells]) -> Tokens:
        if self._is_whole_space():
            return np.concatenate(list(self._space.iter_cells(self._space.B)))
        if not self._grows:
            return self._random_cells()
        return self._last_candidates(history)

    def _random_cells(self) -> Tokens:
        """Return random cells of B blocks, each block uniform over those at its place."""
        generator = np.random.default_rng(derive_seed(self._seed, "refinement pool"))
        columns = []
        for place in range(1, self._space.B + 1):
            blocks = self._space.block_tokens(place)
            columns.append(blocks[generator.integers(len(blocks), size=self._largest)])
        return np.stack(columns, axis=1)

    def _last_candidates(self, history: Sequence[RewardedCells]) -> Tokens:
        """Return candidates of the last growing stage; of too many, a sample for all rounds."""
        parents: list[Cell] = []
        if self._space.B > 1:
            parents = [cell for cell, _ in history[self._space.B - 2]]
        tokens = self._space.expand(parents).tokens
        generator = np.random.default_rng(derive_seed(self._seed, "refinement pool"))
        sampled = generator.permutation(len(tokens))[: self._largest]
        return tokens[np.sort(sampled)]

    def _mutations_of_best(self, history: Sequence[RewardedCells]) -> Tokens:
        full_size: list[tuple[Cell, float]] = []
        for stage in history:
            full_size.extend(pair for pair in stage if len(pair[0]) == self._space.B)
        children: list[Cell] = []
        for cell in self._best_first(full_size)[: self._parents]:
            children.extend(mutations(self._space, cell))
        tokens = self._space.encode(children)
        # Small cells may have ended before the first one of full size, or all of those have failed.
        return tokens if children else tokens.reshape(0, self._space.B, tokens.shape[2])
