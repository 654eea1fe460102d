"""`Exhaustive`: what `task=tabulate` trains; all given cells once, then all of them again."""

from collections.abc import Sequence

import numpy as np

from pnas.errors import require
from pnas.search.strategies.base import Proposal, SearchHistory
from pnas.search.strategies.stage_history import StageHistory
from pnas.search.strategies.unique_sampler import UniqueSampler
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace

LARGEST = 1_000_000
"""Largest number of cells of a table that is not a sample."""

_LARGEST_HYPERGEOMETRIC = 10**9
"""Limit of NumPy's hypergeometric sampler."""


class Exhaustive(StageHistory):
    """A strategy whose stage r trains every cell for the r-th time.

    Args:
        cells: Cells to train.
        repeats: Number of trainings of each cell.
        history: What was done so far.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        repeats: int,
        history: SearchHistory = SearchHistory(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(history)
        self._cells = list(cells)
        self._repeats = repeats

    def ask(self) -> Proposal | None:
        """See `pnas.search.Strategy.ask`."""
        if self.is_over():
            return None
        self.open = self._cells
        return Proposal.unscored(self._cells, repeats=[self.next_stage] * len(self._cells))

    def is_over(self) -> bool:
        """See `pnas.search.Strategy.is_over`."""
        return len(self.closed) >= self._repeats


def all_cells(space: SlotSpace) -> list[Cell]:
    """Return every unique cell of 1 to B blocks, small ones first.

    Raises:
        InvalidValue: There are more than `LARGEST`.
    """
    sizes = range(1, space.B + 1)
    total = sum(space.num_cells(b) for b in sizes)
    rule = (
        f"must be given to tabulate a space of more than {LARGEST:,} cells (this one has {total:,})"
    )
    require(total <= LARGEST, "task.cells", rule, None)
    cells: list[Cell] = []
    for b in sizes:
        for tokens in space.iter_cells(b):
            cells.extend(space.decode(tokens))
    return cells


def sampled_cells(space: SlotSpace, count: int, seed: int) -> list[Cell]:
    """Return ``count`` cells, uniform over the unique ones of 1 to B blocks, small ones first.

    Raises:
        InvalidValue: There are fewer.
    """
    numbers = [space.num_cells(b) for b in range(1, space.B + 1)]
    total = sum(numbers)
    rule = f"must be at most the {total:,} cells of the space"
    require(count <= total, "task.cells", rule, count)
    generator = np.random.default_rng(derive_seed(seed, "tabulate"))
    cells: list[Cell] = []
    for b, number in enumerate(_sample_sizes(numbers, count, generator), start=1):
        cells.extend(UniqueSampler(space, b).sample(generator, number))
    return cells


def _sample_sizes(numbers: Sequence[int], count: int, generator: np.random.Generator) -> list[int]:
    """Return how many cells of each size a uniform sample without replacement has."""
    sizes = []
    left = count
    larger = sum(numbers)
    for number in numbers:
        larger -= number
        if number + larger >= _LARGEST_HYPERGEOMETRIC:
            # Of so many cells a sample with replacement is as good.
            share = number / (number + larger)
            taken = min(number, int(generator.binomial(left, share)))
        elif left:
            taken = int(generator.hypergeometric(number, larger, left))
        else:
            taken = 0
        sizes.append(taken)
        left -= taken
    return sizes
