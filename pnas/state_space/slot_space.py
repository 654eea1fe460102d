"""The base class of all state spaces: for each block, a row of slots (decisions with legal values).

Expansion, encoding, predictors, scoring, the journal and reports see a space only through
`SlotSpace`, so a space whose blocks are made of other decisions is one subclass
(`pnas.state_space.nasbench201` is one). It declares

- its blocks: `slots`, `vocabulary` and `spec`;
- its graph: `wiring`, if predictors should read it otherwise than `infer_wiring` does;
- which cells are the same: `equivalence_key`, or else `canonical`;
- which larger cell a small one stands for: `padded`, if tables hold cells of one size.

All else follows. A method may be overridden for speed: `canonical`, `unique_rows`, `num_cells` and
`random_cell` otherwise look at every written form of a cell.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from pnas.errors import InvalidValue, require, require_count
from pnas.state_space.cell import Cell
from pnas.state_space.equivalent_cells import LARGEST_INDEX, EquivalentCells
from pnas.state_space.slots import Slot
from pnas.state_space.tokens import Tokens, extend, rechunked
from pnas.system.wording import plural

__all__ = ["LARGEST_INDEX", "Candidates", "Slot", "SlotSpace"]

_MOST_REJECTIONS = 100_000


class Candidates(NamedTuple):
    """The unique one-block extensions of some parents.

    Attributes:
        tokens: Encoded cells, shape (unique, b, slots), in the order in which they were generated.
        generated: Number of extensions before duplicates were dropped.
    """

    tokens: Tokens
    generated: int


class SlotSpace(EquivalentCells):
    """A progressive search space: cells of 1 to B blocks; block b is made of ``slots(b)``.

    Attributes:
        B: Number of blocks of the largest cell.
    """

    def initial_children(self) -> list[Cell]:
        """Return all unique cells of one block, in a fixed order."""
        return self.decode(self._one_block_cells())

    def _one_block_cells(self) -> Tokens:
        return self.block_tokens(1)[:, None, :]

    def expand(self, parents: Sequence[Cell]) -> Candidates:
        """Return every unique extension of ``parents`` (all of one size) by one block."""
        if parents:
            return self.expand_tokens(self.encode(parents))
        cells = self._one_block_cells()
        return Candidates(cells, len(cells))

    def expand_tokens(self, parents: Tokens) -> Candidates:
        """As `expand`, from tokens (parents, b-1, slots) to tokens (unique, b, slots).

        Raises:
            InvalidValue: The parents are of the largest size already.
        """
        size = parents.shape[1]
        rule = f"must be at least {size + 1} to grow cells of {plural(size, 'block')}"
        require(size < self.B, "state_space.B", rule, self.B)

        grown = extend(parents, self.block_tokens(size + 1))
        return Candidates(grown[self.unique_rows(grown)], len(grown))

    def iter_cells(self, b: int, chunk: int = 65536) -> Iterator[Tokens]:
        """Yield every unique cell of ``b`` blocks once, ``chunk`` cells at a time.

        Memory is bounded by the chunk, unless the space has equivalent cells: then their keys are
        kept.

        Yields:
            Tokens, shape (chunk or fewer, b, slots).

        Raises:
            InvalidValue: There are no cells of that size, or the chunk is not a count.
        """
        require(1 <= b <= self.B, "b", f"must be from 1 to state_space.B = {self.B}", b)
        require_count("chunk", chunk)
        return rechunked(self._unique_cells(b, chunk), chunk)

    def random_cell(self, b: int, generator: np.random.Generator) -> Cell:
        """Sample a unique cell of ``b`` blocks uniformly.

        Of each cell only the canonical form is accepted, so that those with many written forms are
        no likelier than others.

        Raises:
            InvalidValue: Hardly any written form is canonical.
        """
        for _ in range(_MOST_REJECTIONS):
            cell = self._random_written_form(b, generator)
            if self.canonical(cell) == cell:
                return cell
        rule = "must be a written form of the same space, at least one in 100,000 of them"
        raise InvalidValue("canonical form", rule, str(self.canonical(cell)))
