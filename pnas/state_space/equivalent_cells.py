"""Which written forms of a space are the same cell, as it declares by a key or a canonical form."""

from collections.abc import Hashable, Iterable, Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pnas.errors import InvalidValue, require
from pnas.state_space.cell import Cell
from pnas.state_space.slots import SlottedCells
from pnas.state_space.tokens import Tokens

LARGEST_INDEX = 2_000_000
"""Largest number of written forms of one size that are looked at to find the unique cells.

A form takes about 20 us and 500 bytes: more would take minutes and gigabytes without a word.
"""

_MOST_KNOWN_KEYS = 100_000
"""Largest number of written forms whose equivalence keys are kept.

Rounds at full size ask for those of the same cells again and again.
"""


class EquivalentCells(SlottedCells):
    """Written forms in classes of those that are the same cell.

    A space declares `equivalence_key`, or else `canonical`; with neither each written form is a
    cell of its own.
    """

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

    def key(self, cell: Cell) -> str:
        """Return the hash of the canonical form, stable across processes and machines."""
        return self.canonical(cell).text_hash

    def padded(self, cell: Cell) -> Cell:
        """Return the cell of B blocks that computes what ``cell`` does; the cell itself if none.

        A table whose cells all have B blocks holds a smaller cell by this one
        (`pnas.tables.table_files`).
        """
        return cell

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

    # -- what is declared --------------------------------------------------------------------------

    @property
    def _declares_key(self) -> bool:
        return type(self).equivalence_key is not EquivalentCells.equivalence_key

    @property
    def _has_equivalence(self) -> bool:
        declares_canonical = type(self).canonical is not EquivalentCells.canonical
        return self._declares_key or declares_canonical

    # -- what is kept ------------------------------------------------------------------------------

    def _unique_cells(self, b: int, rows: int) -> Iterator[Tokens]:
        """Yield every unique cell of ``b`` blocks in arrays of any length.

        About ``rows`` cells are computed at a time.
        """
        if not self._has_equivalence:
            yield from self._written_forms(b, rows)
            return

        seen: set[Hashable] = set()
        for tokens in self._written_forms(b, rows):
            keys = map(self.equivalence_key, self.decode(tokens))
            yield tokens[_unseen_rows(keys, seen)]

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

    @cached_property
    def _first_forms_of_size(self) -> dict[int, dict[Hashable, Cell]]:
        return {}

    @cached_property
    def _counts(self) -> dict[int, int]:
        return {}


def _unseen_rows(keys: Iterable[Hashable], seen: set[Hashable]) -> NDArray[np.intp]:
    """Return the rows whose key is not in ``seen``, ascending, and add it there."""
    rows = []
    for row, key in enumerate(keys):
        if key not in seen:
            seen.add(key)
            rows.append(row)
    return np.array(rows, np.intp)
