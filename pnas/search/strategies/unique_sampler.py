"""`UniqueSampler`: random cells that were not proposed yet, each as likely as any other."""

from collections.abc import Iterable

import numpy as np

from pnas.controller.candidate_scoring import Feasibility
from pnas.state_space import Cell, SlotSpace

_ATTEMPTS = 1000
"""Samples of known cells in a row after which most cells must be known.

From then on it is quicker to list the others.
"""

_LONGEST_LIST = 2_000_000
"""Cells of a space that may be listed.

A larger one is sampled a thousand times as often, and then taken for one without any left.
"""


class UniqueSampler:
    """Samples cells without replacement.

    Args:
        space: Space of the cells.
        b: Number of their blocks.
        is_feasible: Whether a cell may be trained; None if every cell may.

    Attributes:
        known: Keys of the cells that are not sampled any more.
    """

    def __init__(self, space: SlotSpace, b: int, is_feasible: Feasibility | None = None) -> None:
        self._space = space
        self._b = b
        self._is_feasible = is_feasible
        self._total = space.num_cells(b)
        self._has_none_left = False
        self.known: set[str] = set()

    @property
    def is_empty(self) -> bool:
        """Whether no cell of b blocks is left to sample."""
        return self._has_none_left or len(self.known) >= self._total

    def may_take(self, cell: Cell) -> bool:
        """Whether ``cell`` is new and may be trained."""
        if self._space.key(cell) in self.known:
            return False
        return self._is_feasible is None or self._is_feasible(cell)

    def take(self, cell: Cell) -> None:
        """Exclude ``cell`` from further samples."""
        self.known.add(self._space.key(cell))

    def take_all(self, cells: Iterable[Cell]) -> None:
        """Exclude ``cells`` from further samples."""
        for cell in cells:
            self.take(cell)

    def sample(self, generator: np.random.Generator, count: int) -> list[Cell]:
        """Sample ``count`` cells, or all that are left, and exclude them from further samples.

        Each is uniform over the cells that are neither known nor infeasible.
        """
        cells: list[Cell] = []
        while len(cells) < count and not self.is_empty:
            cell = self._sample_one(generator)
            if cell is None:
                self._has_none_left = True
                break
            self.take(cell)
            cells.append(cell)
        return cells

    def _sample_one(self, generator: np.random.Generator) -> Cell | None:
        can_be_listed = self._total <= _LONGEST_LIST
        attempts = _ATTEMPTS if can_be_listed else 1000 * _ATTEMPTS
        for _ in range(attempts):
            cell = self._space.random_cell(self._b, generator)
            if self.may_take(cell):
                return cell
        if not can_be_listed:
            return None
        left = self._list_what_is_left()
        return left[generator.integers(len(left))] if left else None

    def _list_what_is_left(self) -> list[Cell]:
        left: list[Cell] = []
        for tokens in self._space.iter_cells(self._b):
            cells = self._space.decode(tokens)
            left.extend(cell for cell in cells if self.may_take(cell))
        return left
