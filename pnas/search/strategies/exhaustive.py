"""What `task=tabulate` trains: given cells, all of them once, then all of them again with other seeds."""

from collections.abc import Sequence

import numpy as np

from pnas.errors import require
from pnas.search.strategies.base import Proposal
from pnas.search.strategies.stage_history import StageHistory
from pnas.search.strategies.unique_sampler import UniqueSampler
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace

LARGEST = 1_000_000
"""Cells that a table without a sample may have."""


class Exhaustive(StageHistory):
    """As a strategy: stage r trains every cell for the r-th time.

    Args:
        space: of the cells.
        cells: what to train.
        repeats: how many times each.
        seed: of the first training; further ones have seeds derived from it.
    """

    def __init__(self, space: SlotSpace, cells: Sequence[Cell], repeats: int, seed: int) -> None:
        super().__init__()
        self._space = space
        self._cells = list(cells)
        self._repeats = repeats
        self._seed = seed

    def ask(self) -> Proposal | None:
        if self.is_over():
            return None
        self.open = self._cells
        return Proposal(self._cells, None, 0, len(self._cells), 0.0)

    def is_over(self) -> bool:
        return len(self.stages) >= self._repeats

    def identify(self, cell: Cell) -> tuple[str, int]:
        """Key and seed of ``cell`` in the stage asked for last. Its first training is that of a search's child."""
        key = self._space.key(cell)
        repeat = len(self.stages) + 1
        if repeat == 1:
            return key, derive_seed(self._seed, "child", key)
        return f"{key}-{repeat}", derive_seed(self._seed, "child", key, repeat)


def all_cells(space: SlotSpace) -> list[Cell]:
    """Every unique cell of 1 to B blocks, small ones first.

    Raises:
        InvalidValue: there are more than `LARGEST`.
    """
    total = sum(space.num_cells(b) for b in range(1, space.B + 1))
    rule = (
        f"must be given to tabulate a space of more than {LARGEST:,} cells (this one has {total:,})"
    )
    require(total <= LARGEST, "task.cells", rule, None)
    sizes = range(1, space.B + 1)
    return [cell for b in sizes for tokens in space.iter_cells(b) for cell in space.decode(tokens)]


def sampled_cells(space: SlotSpace, count: int, seed: int) -> list[Cell]:
    """``count`` cells, uniform over the unique ones of 1 to B blocks, small ones first.

    Raises:
        InvalidValue: there are not as many.
    """
    numbers = [space.num_cells(b) for b in range(1, space.B + 1)]
    total = sum(numbers)
    require(
        count <= total, "task.cells", f"must be at most the {total:,} cells of the space", count
    )
    generator = np.random.default_rng(derive_seed(seed, "tabulate"))
    drawn = _sizes(numbers, count, generator)
    return [
        cell
        for b, n in enumerate(drawn, start=1)
        for cell in UniqueSampler(space, b).draw(generator, n)
    ]


def _sizes(numbers: Sequence[int], count: int, generator: np.random.Generator) -> list[int]:
    """How many cells of each size a uniform sample without repeats has."""
    found = []
    left = count
    total = sum(numbers)
    for number in numbers:
        total -= number
        # The generator takes counts up to 10^9; of spaces beyond that the share is as good.
        if number + total < 10**9:
            taken = int(generator.hypergeometric(number, total, left)) if left else 0
        else:
            taken = min(number, int(generator.binomial(left, number / (number + total))))
        found.append(taken)
        left -= taken
    return found
