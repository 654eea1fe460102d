"""What a state space declares: the slots of its blocks, and the tokens and cells that follow.

A slot is a decision with its legal values; the blocks at each place of a cell are all combinations
of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from math import prod
from typing import Any, NamedTuple

import numpy as np

from pnas.errors import InvalidValue
from pnas.state_space import limits
from pnas.state_space.cell import Cell, Value
from pnas.state_space.cell_encoding import CellEncoding
from pnas.state_space.tokens import ABSENT, Tokens, extend
from pnas.state_space.wiring import Wiring, infer_wiring
from pnas.validation import check_value


class Slot(NamedTuple):
    """One decision of a block.

    Attributes:
        name: Name of the decision in error messages.
        kind: Slots of one kind share a vocabulary and, in predictors, an embedding.
        values: Legal values.
    """

    name: str
    kind: str
    values: tuple[Value, ...]


class SlottedCells(ABC):
    """Cells of 1 to B blocks, as they can be written; block b is made of ``slots(b)``.

    Attributes:
        B: Number of blocks of the largest cell.
    """

    def __init__(self, B: int) -> None:
        check_value("state_space.B", limits.BLOCKS, B)
        self.B = B

    @abstractmethod
    def slots(self, b: int) -> tuple[Slot, ...]:
        """Return the decisions of block ``b`` (1-based), with the legal values of each."""

    @property
    @abstractmethod
    def vocabulary(self) -> dict[str, tuple[Value, ...]]:
        """Every value of each kind, in encoding order. A larger B only ever appends values."""

    @abstractmethod
    def spec(self) -> dict[str, Any]:
        """Return the space as plain data that `pnas.state_space.build_space` reads."""

    def __repr__(self) -> str:
        """``StateSpace(B=3, operators=['3x3 conv', 'identity'], ...)``"""
        keys = [f"{key}={value!r}" for key, value in self.spec().items() if key != "kind"]
        return f"{type(self).__name__}({', '.join(keys)})"

    @property
    def wiring(self) -> Wiring:
        """What each operator of a block reads, and what a cell outputs."""
        return infer_wiring(self.slot_kinds, self.vocabulary)

    # -- encoding ----------------------------------------------------------------------------------

    @cached_property
    def slot_kinds(self) -> tuple[str, ...]:
        """Kind of each slot column, for the widest block."""
        blocks = [self.slots(b) for b in range(1, self.B + 1)]
        widest = max(blocks, key=len)
        return tuple(slot.kind for slot in widest)

    @cached_property
    def _encoding(self) -> CellEncoding:
        return CellEncoding(self.vocabulary, self.slot_kinds)

    def encode(self, cells: Sequence[Cell]) -> Tokens:
        """Encode ``cells``, shape (cells, blocks of the longest cell, slots)."""
        return self._encoding.encode(cells)

    def decode(self, tokens: Tokens) -> list[Cell]:
        """Decode ``tokens``; the inverse of `encode`."""
        return self._encoding.decode(tokens)

    # -- written forms -----------------------------------------------------------------------------

    def block_tokens(self, b: int) -> Tokens:
        """Return every distinct block at position ``b``, shape (blocks, slots)."""
        columns = []
        for slot in self.slots(b):
            columns.append(self._encoding.tokens_of(slot.kind, slot.values))

        grid = np.stack(np.meshgrid(*columns, indexing="ij"), axis=-1)
        combinations = grid.reshape(-1, len(columns))
        padded = np.full((len(combinations), len(self.slot_kinds)), ABSENT, np.int16)
        padded[:, : len(columns)] = combinations
        return padded

    def num_candidates(self, parents: int, b: int) -> int:
        """Return the number of extensions of ``parents`` cells to ``b`` blocks, with duplicates."""
        return parents * self._num_blocks(b)

    def _num_blocks(self, b: int) -> int:
        return len(self.block_tokens(b))

    def _num_written_forms(self, b: int) -> int:
        return prod(self._num_blocks(position) for position in range(1, b + 1))

    def _written_forms(self, b: int, rows: int) -> Iterator[Tokens]:
        """Yield every sequence of ``b`` blocks, about ``rows`` at a time."""
        blocks = self.block_tokens(b)
        if b == 1:
            yield blocks[:, None, :]
            return

        step = max(1, rows // len(blocks))
        for parents in self._written_forms(b - 1, rows):
            for start in range(0, len(parents), step):
                yield extend(parents[start : start + step], blocks)

    def _random_written_form(self, b: int, generator: np.random.Generator) -> Cell:
        blocks = []
        for position in range(1, b + 1):
            options = self.block_tokens(position)
            blocks.append(options[generator.integers(len(options))])
        row = np.stack(blocks)
        return self.decode(row[None])[0]

    # -- membership --------------------------------------------------------------------------------

    def check(self, cell: Cell) -> Cell:
        """Return ``cell`` if it belongs to this space.

        Raises:
            InvalidValue: Too many blocks, a block of the wrong length, or a decision outside its
                slot's values.
        """
        if not 1 <= len(cell) <= self.B:
            raise InvalidValue("cell", f"must have 1 to {self.B} blocks", str(cell))
        for b, block in enumerate(cell.blocks, start=1):
            slots = self._slots_by_block[b - 1]
            if len(block) != len(slots):
                rule = f"block {b} must have {len(slots)} decisions"
                raise InvalidValue("cell", rule, str(cell))
            for slot, value in zip(slots, block, strict=True):
                _check_decision(slot, value, b)
        return cell

    @cached_property
    def _slots_by_block(self) -> list[tuple[Slot, ...]]:
        return [self.slots(b) for b in range(1, self.B + 1)]


def _check_decision(slot: Slot, value: Value, b: int) -> None:
    if value not in slot.values:
        legal = ", ".join(map(str, slot.values))
        raise InvalidValue("cell", f"{slot.name} of block {b} must be one of {legal}", value)
