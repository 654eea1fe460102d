"""Features of cells as changes against the cell that they grew out of.

The candidates of a stage come in families: all extensions of one parent follow one another, and
differ from it by one block. Of some 1,200 columns, that block changes about eight. So each family
has one dense row of features, its reference, and each cell has a few changes, in a sparse matrix.
Cells in any other order have the empty cell as their only reference, and all that they have is a
change. The features themselves are those of `pnas.predictors.features.CellFeatures`.

Worked example: three cells of two blocks over one parent; counts of paths p, q and others::

    parent      p 1, q 0, others 0      reference   log 2, 0, 0
    cell 0      p 1, q 1, others 0      changes     q: log 2 - log 1
    cell 1      p 2, q 0, others 0      changes     p: log 3 - log 2
    cell 2      p 1, q 0, others 2      changes     others: log 3 - log 1
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.paths import CellGraph, Codes, PathList
from pnas.predictors.token_layout import TokenLayout
from pnas.state_space import ABSENT, Tokens
from pnas.state_space.wiring import Outputs

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Digests = NDArray[np.uint64]

_MIX = np.uint64(0x9E3779B97F4A7C15)
_FINAL_1 = np.uint64(0xFF51AFD7ED558CCD)
_FINAL_2 = np.uint64(0xC4CEB9FE1A85EC53)

_SMALLEST_FAMILY = 32
"""Mean number of cells of a family below which references of their own do not pay."""


class FeatureChanges(NamedTuple):
    """Scaled features of n cells: ``reference[family] + change``, (n, columns).

    Attributes:
        reference: Features of the reference of each family, (families, columns).
        family: Row of the reference of each cell, ascending, (n,).
        change: What is added to it, sparse (n, columns).
        square: By how much the square of each changed feature grows, like ``change.data``.
        digest: 64-bit hash of the features of each cell, (n,). Cells with the same features have
            the same one, whatever their families.
    """

    reference: Floats
    family: Indices
    change: Any
    square: Floats
    digest: Digests


class FeatureEncoder:
    """Turns cells into `FeatureChanges`.

    Attributes:
        group: Group of each column, an index into `pnas.predictors.features.GROUPS`, (columns,).
    """

    def __init__(self, layout: TokenLayout, known: Codes, scales: Sequence[float]) -> None:
        """Count the paths ``known``.

        Args:
            layout: Layout of the tokens.
            known: Codes of the known paths, sorted.
            scales: What the features of each group are divided by.
        """
        self._graph = CellGraph(layout)
        self._chooses_inputs = layout.wiring.chooses_inputs
        self._keeps_parents = layout.wiring.outputs is Outputs.ALL
        self._known = known
        self._padded = np.append(known, np.uint64(0))
        self._scales = np.array(scales)
        operators = len(self._graph.operators)
        widths = [len(known) + 1, operators, self._places() * operators, self._inputs()]
        self.group = np.repeat(np.arange(len(widths)), widths)
        self._begin = np.cumsum([0, *widths])

    def _places(self) -> int:
        if self._chooses_inputs:
            return self._graph.sources + 1
        return self._edge_numbers.size

    def _inputs(self) -> int:
        return self._graph.sources + 1 if self._chooses_inputs else 1

    @property
    def columns(self) -> int:
        """Number of columns of all groups."""
        return len(self.group)

    # -- references --------------------------------------------------------------------------------

    def encode(self, tokens: Tokens) -> FeatureChanges:
        """Return the features of ``tokens`` (n, blocks, slots), if they can against parents."""
        begin = self._family_begins(tokens)
        if begin is None:
            return self.encode_alone(tokens)

        family = np.repeat(np.arange(len(begin)), np.diff(begin, append=len(tokens)))
        parents = tokens[begin, :-1]
        last = tokens.shape[1] - 1
        paths = self._graph.added_paths(parents, family, tokens)
        keys = [self._path_keys(paths), *self._operator_keys(tokens, range(last, last + 1))]
        return self._changes(keys, self._counts(parents), family)

    def encode_alone(self, tokens: Tokens) -> FeatureChanges:
        """Return the features of ``tokens`` (n, blocks, slots) against the empty cell."""
        nothing = np.zeros((1, self.columns), np.intp)
        family = np.zeros(len(tokens), np.intp)
        return self._changes(self._all_keys(tokens), nothing, family)

    def _family_begins(self, tokens: Tokens) -> Indices | None:
        """Return the first row of each family; None if families are small or of no use."""
        n, blocks, _ = tokens.shape
        if blocks < 2 or n < _SMALLEST_FAMILY:
            return None
        # Elsewhere a cell need not have what its parent has.
        if not (self._keeps_parents and self._chooses_inputs):
            return None
        parents = tokens[:, :-1].reshape(n, -1)
        is_begin = np.ones(n, bool)
        is_begin[1:] = (parents[1:] != parents[:-1]).any(axis=1)
        begin = np.flatnonzero(is_begin)
        return begin if len(begin) * _SMALLEST_FAMILY <= n else None

    def _counts(self, tokens: Tokens) -> Indices:
        """Return the counts of all columns of a few cells, dense, (n, columns)."""
        keys = np.concatenate(self._all_keys(tokens))
        counts = np.bincount(keys, minlength=len(tokens) * self.columns)
        return counts.reshape(len(tokens), self.columns)

    # -- keys: cell * columns + column, one for each thing that is counted -------------------------

    def _all_keys(self, tokens: Tokens) -> list[Indices]:
        blocks = range(tokens.shape[1])
        return [self._path_keys(self._graph.paths(tokens)), *self._operator_keys(tokens, blocks)]

    def _path_keys(self, paths: PathList) -> Indices:
        column = np.searchsorted(self._known, paths.code)
        column[self._padded[column] != paths.code] = len(self._known)
        return paths.cell * self.columns + column

    def _operator_keys(self, tokens: Tokens, blocks: range) -> list[Indices]:
        """Return the keys of operators, of operators by place, and of what is read."""
        keys = []
        cell = np.arange(len(tokens))[:, None] * self.columns
        for block in blocks:
            node, operator = self._graph.operands(tokens, block)
            is_read = node != ABSENT
            place = self._place(node, block)
            by_place = place * len(self._graph.operators) + operator
            keys.append((cell + self._begin[1] + operator)[is_read])
            keys.append((cell + self._begin[2] + by_place)[is_read])
            if self._chooses_inputs:
                keys.append((cell + self._begin[3] + place)[is_read])
        if not self._chooses_inputs:
            keys.append((cell + self._begin[3])[:, 0])
        return keys

    def _place(self, node: Indices, block: int) -> Indices:
        """Return the place of each operand: the input or block it reads, or its edge."""
        if self._chooses_inputs:
            return np.minimum(node, self._graph.sources)
        return np.broadcast_to(self._edge_numbers[block, : node.shape[1]], node.shape)

    @cached_property
    def _edge_numbers(self) -> Indices:
        """Number of each edge, (blocks, operands), in the order of `CellGraph.place_counts`."""
        layout = self._graph.layout
        shape = (layout.blocks, len(layout.wiring.operands))
        order = sorted(np.ndindex(shape), key=lambda edge: (max(edge), *edge))
        numbers = np.zeros(shape, np.intp)
        for number, edge in enumerate(order):
            numbers[edge] = number
        return numbers

    # -- from counts to features -------------------------------------------------------------------

    def _changes(self, keys: list[Indices], counts: Indices, family: Indices) -> FeatureChanges:
        from scipy.sparse import csr_array

        sorted_keys = np.concatenate(keys)
        sorted_keys.sort()
        is_first = np.ones(len(sorted_keys), bool)
        np.not_equal(sorted_keys[1:], sorted_keys[:-1], out=is_first[1:])
        first = np.flatnonzero(is_first)
        added = np.diff(first, append=len(sorted_keys))
        cell, column = np.divmod(sorted_keys[first], self.columns)

        before = counts[family[cell], column]
        values = self._values(int((before + added).max(initial=0)) + int(counts.max(initial=0)))
        group = self.group[column]
        old = values[group, before]
        new = values[group, before + added]

        n = len(family)
        begin = np.searchsorted(cell, np.arange(n + 1))
        change = csr_array((new - old, column, begin), shape=(n, self.columns))
        was = self._digest(column, before)
        grown = np.concatenate([[np.uint64(0)], self._digest(column, before + added) - was])
        of_changes = np.diff(np.cumsum(grown)[begin])
        of_references = self._digest(np.arange(self.columns), counts).sum(axis=1)
        return FeatureChanges(
            reference=values[self.group, counts],
            family=family,
            change=change,
            square=new * new - old * old,
            digest=of_references[family] + of_changes,
        )

    def _digest(self, column: Indices, count: Indices) -> Digests:
        """Return a hash of each pair of a column and its count; 0 for a count of 0.

        The sum over the columns of a cell, modulo 2^64, is exact in any order.
        """
        # Of what is read, only whether it is read is a feature.
        is_flag = self.group[column] == len(self._scales) - 1
        seen = np.where(is_flag, np.minimum(count, 1), count)
        mixed = (column.astype(np.uint64) + np.uint64(1)) * _MIX + seen.astype(np.uint64)
        # The finalizer of MurmurHash3.
        mixed = (mixed ^ (mixed >> np.uint64(33))) * _FINAL_1
        mixed = (mixed ^ (mixed >> np.uint64(33))) * _FINAL_2
        mixed ^= mixed >> np.uint64(33)
        mixed[seen == 0] = 0
        return mixed

    def _values(self, largest: int) -> Floats:
        """Return the feature that each count stands for, (groups, largest + 1)."""
        counts = np.arange(largest + 1)
        logarithms = np.log1p(counts.astype(np.float64))
        is_there = np.minimum(counts, 1).astype(np.float64)
        rows = np.stack([logarithms, logarithms, logarithms, is_there])
        return rows / self._scales[:, None]
