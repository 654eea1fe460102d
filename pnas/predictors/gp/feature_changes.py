"""Features of cells as changes against the cell that they grew out of.

The candidates of a stage come in families: all extensions of one parent follow one another, and
differ from it by one block. Of some 1,200 columns, that block changes about eight. So each family
has one row of features, its reference, and each cell has a few changes. Where cells do not keep
what their parents have, the empty cell is their only reference, and all that they have is a change.
The features themselves are those of `pnas.predictors.features.CellFeatures`.

The reference of a cell is decided by the cell alone, never by the cells around it: in whatever
order and number cells come, each has the same reference and changes, and so the same score.

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

_NO_KEY = -1


class FeatureChanges(NamedTuple):
    """Scaled features of n cells: ``reference[family] + change``, (n, columns).

    Attributes:
        reference: Features of the reference of each family, sparse (families, columns).
        family: Row of the reference of each cell, ascending, (n,).
        change: What is added to it, sparse (n, columns).
        square: By how much the square of each changed feature grows, like ``change.data``.
    """

    reference: Any
    family: Indices
    change: Any
    square: Floats

    @property
    def is_alone(self) -> bool:
        """Whether the empty cell is the reference of all cells."""
        return not self.reference.nnz


class _Counts(NamedTuple):
    """Counts that are not zero.

    Attributes:
        key: Sorted keys, each once: row * columns + column.
        number: Count of each key.
    """

    key: Indices
    number: Indices

    @classmethod
    def of(cls, keys: list[Indices]) -> "_Counts":
        """Count how often each of ``keys`` occurs."""
        ordered = np.concatenate(keys)
        ordered.sort()
        is_first = np.ones(len(ordered), bool)
        np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
        first = np.flatnonzero(is_first)
        return cls(ordered[first], np.diff(first, append=len(ordered)))

    def at(self, key: Indices) -> Indices:
        """Return the count of each ``key``, 0 where there is none."""
        place = np.searchsorted(self.key, key)
        is_there = np.append(self.key, _NO_KEY)[place] == key
        return np.where(is_there, np.append(self.number, 0)[place], 0)


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
        """Return the features of ``tokens`` (n, blocks, slots), against parents if they can be."""
        if not self._has_parents(tokens):
            return self.encode_alone(tokens)

        begin = _family_begins(tokens)
        family = np.repeat(np.arange(len(begin)), np.diff(begin, append=len(tokens)))
        parents = tokens[begin, :-1]
        last = tokens.shape[1] - 1
        paths = self._graph.added_paths(parents, family, tokens)
        keys = [self._path_keys(paths), *self._operator_keys(tokens, range(last, last + 1))]
        return self._changes(keys, self._all_keys(parents), family, len(begin))

    def encode_alone(self, tokens: Tokens) -> FeatureChanges:
        """Return the features of ``tokens`` (n, blocks, slots) against the empty cell."""
        nothing = [np.zeros(0, np.intp)]
        family = np.zeros(len(tokens), np.intp)
        return self._changes(self._all_keys(tokens), nothing, family, 1)

    def _has_parents(self, tokens: Tokens) -> bool:
        # Elsewhere a cell need not have what its parent has.
        keeps_parents = self._keeps_parents and self._chooses_inputs
        return keeps_parents and tokens.shape[1] > 1 and len(tokens) > 0

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

    def _changes(
        self,
        keys: list[Indices],
        reference_keys: list[Indices],
        family: Indices,
        families: int,
    ) -> FeatureChanges:
        added = _Counts.of(keys)
        of_references = _Counts.of(reference_keys)
        cell, column = np.divmod(added.key, self.columns)
        before = of_references.at(family[cell] * self.columns + column)
        after = before + added.number

        values = self._values(max(after.max(initial=0), of_references.number.max(initial=0)))
        group = self.group[column]
        old = values[group, before]
        new = values[group, after]

        reference_row, reference_column = np.divmod(of_references.key, self.columns)
        features = values[self.group[reference_column], of_references.number]
        return FeatureChanges(
            reference=self._sparse(features, reference_row, reference_column, families),
            family=family,
            change=self._sparse(new - old, cell, column, len(family)),
            square=new * new - old * old,
        )

    def _sparse(self, values: Floats, row: Indices, column: Indices, rows: int) -> Any:
        """Return a sparse matrix (rows, columns) of values that are sorted by row and column."""
        from scipy.sparse import csr_array

        begin = np.searchsorted(row, np.arange(rows + 1))
        return csr_array((values, column, begin), shape=(rows, self.columns))

    def _values(self, largest: int) -> Floats:
        """Return the feature that each count stands for, (groups, largest + 1)."""
        counts = np.arange(largest + 1)
        logarithms = np.log1p(counts.astype(np.float64))
        is_there = np.minimum(counts, 1).astype(np.float64)
        rows = np.stack([logarithms, logarithms, logarithms, is_there])
        return rows / self._scales[:, None]


def _family_begins(tokens: Tokens) -> Indices:
    """Return the first row of each run of cells that have one parent."""
    parents = tokens[:, :-1].reshape(len(tokens), -1)
    is_begin = np.ones(len(tokens), bool)
    is_begin[1:] = (parents[1:] != parents[:-1]).any(axis=1)
    return np.flatnonzero(is_begin)
