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

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.errors import InvalidValue, require, require_count
from pnas.state_space import limits
from pnas.state_space.cell import Cell, Value
from pnas.state_space.cell_encoding import CellEncoding
from pnas.state_space.tokens import ABSENT, Tokens, extend, rechunked
from pnas.state_space.wiring import Wiring, infer_wiring
from pnas.system.wording import plural
from pnas.validation import check_value

LARGEST_INDEX = 2_000_000
"""Largest number of written forms of one size that are looked at to find the unique cells.

A form takes about 20 us and 500 bytes: more would take minutes and gigabytes without a word.
"""

_MOST_REJECTIONS = 100_000

_MOST_KNOWN_KEYS = 100_000
"""Largest number of written forms whose equivalence keys are kept.

Rounds at full size ask for those of the same cells again and again.
"""


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


class Candidates(NamedTuple):
    """The unique one-block extensions of some parents.

    Attributes:
        tokens: Encoded cells, shape (unique, b, slots), in the order in which they were generated.
        generated: Number of extensions before duplicates were dropped.
    """

    tokens: Tokens
    generated: int


class SlotSpace(ABC):
    """A progressive search space: cells of 1 to B blocks; block b is made of ``slots(b)``.

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

    # -- enumeration -------------------------------------------------------------------------------

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

    def unique_rows(self, tokens: Tokens) -> NDArray[np.intp]:
        """Return the rows of ``tokens`` that are the first of their equivalence class, ascending.

        All cells must be of one size.
        """
        if self._has_equivalence:
            seen: set[Hashable] = set()
            return _unseen_rows(self._known_keys(tokens), seen)

        flat = tokens.reshape(len(tokens), -1)
        _, first = np.unique(flat, axis=0, return_index=True)
        return np.sort(first)

    def _known_keys(self, tokens: Tokens) -> Iterator[Hashable]:
        """Yield the equivalence key of each row; it is kept for when the row comes again."""
        known = self._key_of_row
        for row in tokens:
            written = row.tobytes()
            key = known.get(written)
            if key is None:
                key = self.equivalence_key(self.decode(row[None])[0])
                if len(known) < _MOST_KNOWN_KEYS:
                    known[written] = key
            yield key

    @cached_property
    def _key_of_row(self) -> dict[bytes, Hashable]:
        return {}

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

    def _unique_cells(self, b: int, rows: int) -> Iterator[Tokens]:
        """As `iter_cells`, in arrays of any length, computed about ``rows`` cells at a time."""
        if not self._has_equivalence:
            yield from self._written_forms(b, rows)
            return

        seen: set[Hashable] = set()
        for tokens in self._written_forms(b, rows):
            keys = map(self.equivalence_key, self.decode(tokens))
            yield tokens[_unseen_rows(keys, seen)]

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

    def _random_written_form(self, b: int, generator: np.random.Generator) -> Cell:
        blocks = []
        for position in range(1, b + 1):
            options = self.block_tokens(position)
            blocks.append(options[generator.integers(len(options))])
        row = np.stack(blocks)
        return self.decode(row[None])[0]

    # -- identity and counting ---------------------------------------------------------------------

    def equivalence_key(self, cell: Cell) -> Hashable:
        """Return a value that is equal for equivalent cells of one size, and for no others.

        Cells are equivalent when they are the same network. The default: each written form is a
        cell of its own, unless the space overrides `canonical`.
        """
        return self.canonical(cell)

    def canonical(self, cell: Cell) -> Cell:
        """Return the one written form shared by all cells equivalent to ``cell``.

        The default is the first written form, in the order of `block_tokens`, that has the same
        `equivalence_key`.

        Raises:
            InvalidValue: The cell does not belong to the space, or the space has too many written
                forms of this size to look at them all.
        """
        if not self._declares_key:
            return cell
        first = self._first_forms(len(cell)).get(self.equivalence_key(cell))
        if first is None:
            raise InvalidValue("cell", "must be a cell of the state space", str(cell))
        return first

    @property
    def _declares_key(self) -> bool:
        return type(self).equivalence_key is not SlotSpace.equivalence_key

    @property
    def _has_equivalence(self) -> bool:
        declares_canonical = type(self).canonical is not SlotSpace.canonical
        return self._declares_key or declares_canonical

    @cached_property
    def _first_forms_of_size(self) -> dict[int, dict[Hashable, Cell]]:
        return {}

    def _first_forms(self, b: int) -> dict[Hashable, Cell]:
        """Return the first written form of each class of ``b`` blocks."""
        if b not in self._first_forms_of_size:
            count = self._num_written_forms(b)
            rule = (
                f"must have at most {LARGEST_INDEX:,} written forms of {b} blocks, "
                "or override canonical"
            )
            require(count <= LARGEST_INDEX, "state space", rule, count)
            forms: dict[Hashable, Cell] = {}
            for tokens in self._written_forms(b, rows=65536):
                for cell in self.decode(tokens):
                    forms.setdefault(self.equivalence_key(cell), cell)
            self._first_forms_of_size[b] = forms
        return self._first_forms_of_size[b]

    def key(self, cell: Cell) -> str:
        """Return the hash of the canonical form, stable across processes and machines."""
        return self.canonical(cell).text_hash

    def num_cells(self, b: int) -> int:
        """Return the number of unique cells of ``b`` blocks.

        Where a space has equivalent cells and no count of its own, they are enumerated; with more
        than `LARGEST_INDEX` written forms, the number of these is returned, an upper bound.
        """
        written = self._num_written_forms(b)
        if not self._has_equivalence or written > LARGEST_INDEX:
            return written
        if b not in self._counts:
            chunks = self._unique_cells(b, rows=65536)
            self._counts[b] = sum(len(tokens) for tokens in chunks)
        return self._counts[b]

    @cached_property
    def _counts(self) -> dict[int, int]:
        return {}

    def _num_written_forms(self, b: int) -> int:
        return prod(self._num_blocks(position) for position in range(1, b + 1))

    def num_candidates(self, parents: int, b: int) -> int:
        """Return the number of extensions of ``parents`` cells to ``b`` blocks, with duplicates."""
        return parents * self._num_blocks(b)

    def _num_blocks(self, b: int) -> int:
        return len(self.block_tokens(b))

    def padded(self, cell: Cell) -> Cell:
        """Return the cell of B blocks that computes what ``cell`` does; the cell itself if none.

        A table whose cells all have B blocks holds a smaller cell by this one
        (`pnas.tables.table_files`).
        """
        return cell

    # -- membership --------------------------------------------------------------------------------

    def check(self, cell: Cell) -> Cell:
        """Return ``cell`` if it belongs to this space.

        Raises:
            InvalidValue: Too many blocks, a block of the wrong length, or a decision outside its
                slot's values.
        """
        require(1 <= len(cell) <= self.B, "cell", f"must have 1 to {self.B} blocks", str(cell))
        for b, block in enumerate(cell.blocks, start=1):
            slots = self.slots(b)
            rule = f"block {b} must have {len(slots)} decisions"
            require(len(block) == len(slots), "cell", rule, str(cell))
            for slot, value in zip(slots, block, strict=True):
                _check_decision(slot, value, b)
        return cell


def _unseen_rows(keys: Iterable[Hashable], seen: set[Hashable]) -> NDArray[np.intp]:
    """Return the rows whose key is not in ``seen``, ascending, and add it there."""
    rows = []
    for row, key in enumerate(keys):
        if key not in seen:
            seen.add(key)
            rows.append(row)
    return np.array(rows, np.intp)


def _check_decision(slot: Slot, value: Value, b: int) -> None:
    if value not in slot.values:
        legal = ", ".join(map(str, slot.values))
        raise InvalidValue("cell", f"{slot.name} of block {b} must be one of {legal}", value)
