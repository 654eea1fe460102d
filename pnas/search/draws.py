"""Random cells that were not asked for yet, each as likely as any other."""

import numpy as np

from pnas.state_space import Cell, SlotSpace

_PATIENCE = 1000
"""Draws of known cells in a row after which most cells must be known, so that listing the others is quicker."""
_LARGEST_LIST = 2_000_000


class Draws:
    """Draws cells without repeating one.

    Attributes:
        known: keys of the cells that are not drawn any more.
    """

    def __init__(self, space: SlotSpace, b: int) -> None:
        self._space, self._b = space, b
        self.known: set[str] = set()
        self._total = space.num_cells(b)

    @property
    def is_empty(self) -> bool:
        """Whether every cell of b blocks is known."""
        return len(self.known) >= self._total

    def take(self, cell: Cell) -> None:
        """Do not draw ``cell`` any more."""
        self.known.add(self._space.key(cell))

    def draw(self, generator: np.random.Generator, count: int) -> list[Cell]:
        """``count`` cells, or all that are left, uniform over those that are not known; known from now on."""
        drawn: list[Cell] = []
        while len(drawn) < count and not self.is_empty:
            cell = self._one(generator)
            self.take(cell)
            drawn.append(cell)
        return drawn

    def _one(self, generator: np.random.Generator) -> Cell:
        for _ in range(_PATIENCE if self._total <= _LARGEST_LIST else 1000 * _PATIENCE):
            cell = self._space.random_cell(self._b, generator)
            if self._space.key(cell) not in self.known:
                return cell
        left = [
            cell
            for tokens in self._space.iter_cells(self._b)
            for cell in self._space.decode(tokens)
            if self._space.key(cell) not in self.known
        ]
        return left[generator.integers(len(left))]
