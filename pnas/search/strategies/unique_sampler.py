"""Random cells that were not asked for yet, each as likely as any other."""

import numpy as np

from pnas.controller.candidate_scoring import Feasibility
from pnas.state_space import Cell, SlotSpace

_PATIENCE = 1000
"""Draws of known cells in a row after which most cells must be known, so that listing the others is quicker."""
_LARGEST_LIST = 2_000_000


class UniqueSampler:
    """Draws cells without repeating one.

    Args:
        space: where they come from.
        b: their blocks.
        allows: says of a cell whether it may be drawn; None: any may.

    Attributes:
        known: keys of the cells that are not drawn any more.
    """

    def __init__(self, space: SlotSpace, b: int, is_feasible: Feasibility | None = None) -> None:
        self._space = space
        self._b = b
        self._is_feasible = is_feasible
        self.known: set[str] = set()
        self._total = space.num_cells(b)
        self._has_none_left = False

    @property
    def is_empty(self) -> bool:
        """Whether no cell of b blocks is left to draw."""
        return self._has_none_left or len(self.known) >= self._total

    def may_take(self, cell: Cell) -> bool:
        """Whether ``cell`` is new, and allowed."""
        return self._space.key(cell) not in self.known and (
            self._is_feasible is None or self._is_feasible(cell)
        )

    def take(self, cell: Cell) -> None:
        """Do not draw ``cell`` any more."""
        self.known.add(self._space.key(cell))

    def draw(self, generator: np.random.Generator, count: int) -> list[Cell]:
        """``count`` cells, or all that are left, uniform over those that are not known; known from now on."""
        drawn: list[Cell] = []
        while len(drawn) < count and not self.is_empty:
            cell = self._one(generator)
            if cell is None:
                self._has_none_left = True
                break
            self.take(cell)
            drawn.append(cell)
        return drawn

    def _one(self, generator: np.random.Generator) -> Cell | None:
        for _ in range(_PATIENCE if self._total <= _LARGEST_LIST else 1000 * _PATIENCE):
            cell = self._space.random_cell(self._b, generator)
            if self.may_take(cell):
                return cell
        left = [
            cell
            for tokens in self._space.iter_cells(self._b)
            for cell in self._space.decode(tokens)
            if self.may_take(cell)
        ]
        return left[generator.integers(len(left))] if left else None
