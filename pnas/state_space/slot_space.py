"""What every search space is: for each block, a row of slots (named decisions with legal values).

Expansion, encoding, predictors, scoring, journal and reports see a space only through `SlotSpace`, so a space
with other decisions per block is one subclass (`pnas.state_space.nasbench201` is one).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.errors import InvalidValue, require, require_count
from pnas.state_space.cell import Cell, Value

Tokens = NDArray[np.int16]
"""Encoded cells, (cells, blocks, slots): index into the vocabulary of the slot's kind; -1 where absent."""

ABSENT = -1


class Slot(NamedTuple):
    """One decision of a block. Slots of one ``kind`` share a vocabulary and, in predictors, an embedding."""

    name: str
    kind: str
    values: tuple[Value, ...]


class Candidates(NamedTuple):
    """The unique one-block extensions of some parents.

    Attributes:
        tokens: (unique, b, slots); rows keep the order in which they were first generated.
        generated: how many extensions there were before duplicates were dropped.
    """

    tokens: Tokens
    generated: int


class SlotSpace(ABC):
    """A progressive search space: cells of 1..B blocks, block b made of the decisions ``slots(b)``.

    Attributes:
        B: number of blocks of the largest cell.
    """

    def __init__(self, B: int) -> None:
        self.B = require_count("state_space.B", B)

    @abstractmethod
    def slots(self, b: int) -> tuple[Slot, ...]:
        """The decisions of block ``b`` (1-based), with the legal values of each."""

    @property
    @abstractmethod
    def vocabulary(self) -> dict[str, tuple[Value, ...]]:
        """Every value of each kind, in encoding order. Raising B only ever appends values."""

    @abstractmethod
    def spec(self) -> dict[str, Any]:
        """The space as plain data (``kind`` and parameters) that `pnas.state_space.build_space` reads."""

    # -- encoding ------------------------------------------------------------------------------------------

    @cached_property
    def slot_kinds(self) -> tuple[str, ...]:
        """Kind of each slot column, for the widest block."""
        return tuple(
            slot.kind for slot in max((self.slots(b) for b in range(1, self.B + 1)), key=len)
        )

    @cached_property
    def _index(self) -> dict[str, dict[Value, int]]:
        return {
            kind: {value: i for i, value in enumerate(values)}
            for kind, values in self.vocabulary.items()
        }

    def encode(self, cells: Sequence[Cell]) -> Tokens:
        """Integer tokens of ``cells``, shape (cells, longest cell's blocks, slots), ABSENT where shorter."""
        length = max((len(cell) for cell in cells), default=0)
        tokens = np.full((len(cells), length, len(self.slot_kinds)), ABSENT, np.int16)
        for row, cell in zip(tokens, cells, strict=True):
            for columns, block in zip(row, cell.blocks, strict=False):
                columns[: len(block)] = [
                    self._index[k][v] for k, v in zip(self.slot_kinds, block, strict=False)
                ]
        return tokens

    def decode(self, tokens: Tokens) -> list[Cell]:
        """The cells behind ``tokens``; inverse of `encode`."""
        values = [self.vocabulary[kind] for kind in self.slot_kinds]
        return [
            Cell(
                [values[s][token] for s, token in enumerate(block) if token != ABSENT]
                for block in row
                if block[0] != ABSENT
            )
            for row in tokens.tolist()
        ]

    # -- enumeration ---------------------------------------------------------------------------------------

    def block_tokens(self, b: int) -> Tokens:
        """Every distinct block at position ``b``, shape (blocks, slots)."""
        columns = [
            [self._index[slot.kind][value] for value in slot.values] for slot in self.slots(b)
        ]
        grid = np.stack(np.meshgrid(*columns, indexing="ij"), -1).reshape(-1, len(columns))
        padded = np.full((len(grid), len(self.slot_kinds)), ABSENT, np.int16)
        padded[:, : len(columns)] = grid
        return padded

    def initial_children(self) -> list[Cell]:
        """All unique cells of one block, in a fixed order."""
        return self.decode(self.block_tokens(1)[:, None, :])

    def expand(self, parents: Sequence[Cell]) -> Candidates:
        """Every unique extension of ``parents`` (all of one size) by one block."""
        if not parents:
            return Candidates(self.block_tokens(1)[:, None, :], len(self.block_tokens(1)))
        return self.expand_tokens(self.encode(parents))

    def expand_tokens(self, parents: Tokens) -> Candidates:
        """As `expand`, from and to tokens: (parents, b-1, slots) -> (unique, b, slots)."""
        b = parents.shape[1] + 1
        require(
            b <= self.B,
            "state_space.B",
            f"must be at least {b} to grow cells of {b - 1} blocks",
            self.B,
        )
        grown = extend(parents, self.block_tokens(b))
        return Candidates(grown[self.unique_rows(grown)], len(grown))

    def unique_rows(self, tokens: Tokens) -> NDArray[np.intp]:
        """Rows of ``tokens`` (all of one size) that are the first of their equivalence class, ascending."""
        _, first = np.unique(tokens.reshape(len(tokens), -1), axis=0, return_index=True)
        return np.sort(first)

    def iter_cells(self, b: int, chunk: int = 65536) -> Iterator[Tokens]:
        """Every unique cell of ``b`` blocks once, as tokens (cells, b, slots) of ``chunk`` cells at a time.

        Memory is bounded by the chunk: nothing is kept of what was yielded.
        """
        require(1 <= b <= self.B, "b", f"must be from 1 to state_space.B = {self.B}", b)
        return rechunked(self._unique_cells(b, require_count("chunk", chunk)), chunk)

    def _unique_cells(self, b: int, rows: int) -> Iterator[Tokens]:
        """As `iter_cells`, in arrays of any length, worked out about ``rows`` cells at a time."""
        blocks = self.block_tokens(b)
        if b == 1:
            yield blocks[:, None, :]
            return
        step = max(1, rows // len(blocks))
        for parents in self._unique_cells(b - 1, rows):
            for start in range(0, len(parents), step):
                yield extend(parents[start : start + step], blocks)

    def random_cell(self, b: int, generator: np.random.Generator) -> Cell:
        """A unique cell of ``b`` blocks, each as likely as any other."""
        blocks = [self.block_tokens(i) for i in range(1, b + 1)]
        row = np.stack([options[generator.integers(len(options))] for options in blocks])
        return self.decode(row[None])[0]

    # -- identity and counting -----------------------------------------------------------------------------

    def canonical(self, cell: Cell) -> Cell:
        """The one written form shared by all cells equivalent to ``cell``."""
        return cell

    def key(self, cell: Cell) -> str:
        """Hash of the canonical form: equal for equivalent cells, stable across processes and machines."""
        return self.canonical(cell).text_hash

    def num_cells(self, b: int) -> int:
        """Number of unique cells with ``b`` blocks, without enumerating them."""
        return prod(self._num_blocks(i) for i in range(1, b + 1))

    def num_candidates(self, parents: int, b: int) -> int:
        """Number of extensions (before duplicates are dropped) of ``parents`` cells to ``b`` blocks."""
        return parents * self._num_blocks(b)

    def _num_blocks(self, b: int) -> int:
        return prod(len(slot.values) for slot in self.slots(b))

    def check(self, cell: Cell) -> Cell:
        """Return ``cell`` if it belongs to this space.

        Raises:
            InvalidValue: too many blocks, a block of the wrong length, or a decision outside its slot's
                values.
        """
        require(1 <= len(cell) <= self.B, "cell", f"must have 1 to {self.B} blocks", str(cell))
        for b, block in enumerate(cell.blocks, start=1):
            slots = self.slots(b)
            require(
                len(block) == len(slots),
                "cell",
                f"block {b} must have {len(slots)} decisions",
                str(cell),
            )
            for slot, value in zip(slots, block, strict=True):
                if value not in slot.values:
                    legal = ", ".join(map(str, slot.values))
                    raise InvalidValue(
                        "cell", f"{slot.name} of block {b} must be one of {legal}", value
                    )
        return cell


def extend(parents: Tokens, blocks: Tokens) -> Tokens:
    """Each of ``parents`` (cells, b-1, slots) with each of ``blocks`` (blocks, slots) at its end."""
    shape = (len(parents), len(blocks), parents.shape[1] + 1, parents.shape[2])
    grown = np.empty(shape, parents.dtype)
    grown[:, :, :-1] = parents[:, None]
    grown[:, :, -1] = blocks
    return grown.reshape(-1, *shape[2:])


def rechunked(parts: Iterable[Tokens], chunk: int) -> Iterator[Tokens]:
    """The rows of ``parts`` in order, in arrays of ``chunk`` rows; the last one may be shorter."""
    waiting: list[Tokens] = []
    count = 0
    for part in parts:
        waiting.append(part)
        count += len(part)
        if count >= chunk:
            rows = np.concatenate(waiting)
            full = count - count % chunk
            yield from (rows[start : start + chunk] for start in range(0, full, chunk))
            waiting = [rows[full:]]
            count = count - full
    if count:
        yield np.concatenate(waiting)
