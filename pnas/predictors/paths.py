"""Functional paths: what cells of any size have in common.

A functional path is the sequence of operators that a signal meets on its way from an input of the
cell to its output. Operators that pass the signal on unchanged (``identity``) are left out of it,
and a path through an operator whose output is zero (``none``) does not exist. Cells that compute
the same have the same paths, and the paths of a cell are still there in the cells that grow out of
it.

===========  ======================================================================
symbol       meaning
===========  ======================================================================
``n``        Number of cells.
``s``        Number of inputs of a cell; nodes 0 .. s - 1 are inputs, then blocks.
``code``     64-bit hash of a path: ``h(input) = input + 1``, and appending operator
             o gives ``h * F + o + 1`` modulo 2^64 with an odd factor F.
``begin``    (n, nodes) Where the paths of a node of a cell begin in ``code``.
``count``    (n, nodes) How many paths the node has.
===========  ======================================================================

Example, one cell of three blocks with inputs -1 and -2 (nodes 0 and 1):

    block 0 (node 2): reads node 0 by `conv`, node 1 by `identity`   -> paths  0 conv;  1
    block 1 (node 3): reads node 2 by `conv`, node 0 by `pool`       -> paths  0 conv conv;  1 conv;
                                                                               0 pool
    block 2 (node 4): reads node 2 by `none`, node 1 by `pool`       -> path   1 pool

``code`` holds the paths of nodes 0, 1, 2, 3, 4 one after the other: 1 + 1 + 2 + 3 + 1 = 8 of them,
so that ``begin`` is [0, 1, 2, 4, 7] and ``count`` is [1, 1, 2, 3, 1]. With every block in the
output the cell has the 6 paths of nodes 2, 3 and 4.

Everything works on arrays of tokens: 300,000 cells of 5 blocks take a few seconds.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.token_layout import TokenLayout
from pnas.state_space import ABSENT, Tokens
from pnas.state_space.wiring import Outputs, Wiring

Codes = NDArray[np.uint64]
Counts = NDArray[np.float32]
Indices = NDArray[np.intp]

_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, so that different short sequences differ in code
_CELLS_AT_A_TIME = 16_384


class PathList(NamedTuple):
    """The paths of some cells, one after the other.

    Attributes:
        cell: Row of the cell that each path belongs to, ascending, (paths,).
        code: Code of each path, (paths,); the same in spaces of any B.
    """

    cell: Indices
    code: Codes


class Operands(NamedTuple):
    """What one block of each cell reads.

    Attributes:
        node: Nodes that are read, (n, operands); ABSENT where a cell has no such operand.
        operator: Operators that are applied to them, (n, operands).
    """

    node: Indices
    operator: Indices


@dataclass(frozen=True)
class _NodePaths:
    """Paths of all nodes so far, as ragged arrays (see the module's docstring)."""

    code: Codes
    begin: Indices
    count: Indices


@dataclass(frozen=True)
class CellGraph:
    """Cells of a layout as graphs: nodes are the inputs of the cell, then its blocks.

    What a block reads, which blocks are outputs, and which operators pass their input on or give
    zero is the wiring that the space declares (`pnas.state_space.wiring`).

    Attributes:
        layout: TokenLayout of the tokens.
    """

    layout: TokenLayout

    @cached_property
    def operators(self) -> tuple[str, ...]:
        """The operators, in encoding order."""
        values = self._values_of_slot(self._wiring.operands[0].operator)
        return tuple(str(value) for value in values)

    @property
    def _wiring(self) -> Wiring:
        return self.layout.wiring

    def _values_of_slot(self, slot: int) -> tuple[int | str, ...]:
        kind = self.layout.slot_kinds[slot]
        return dict(self.layout.vocabulary)[kind]

    @cached_property
    def sources(self) -> int:
        """Number of inputs of a cell."""
        for operand in self._wiring.operands:
            if operand.input is not None:
                inputs = self._values_of_slot(operand.input)
                return sum(isinstance(value, int) and value < 0 for value in inputs)
        return 1

    def operands(self, tokens: Tokens, block: int) -> Operands:
        """Return what ``block`` (0-based) of each of ``tokens`` (n, blocks, slots) reads."""
        row = tokens[:, block].astype(np.intp)
        nodes = []
        operators = []
        for operand in self._wiring.operands:
            # Tokens of a smaller space may have fewer slots.
            if operand.operator >= row.shape[1]:
                continue
            operator = row[:, operand.operator]
            if operand.input is not None:
                nodes.append(row[:, operand.input])
            elif operand.node is not None:
                nodes.append(np.where(operator == ABSENT, ABSENT, operand.node))
            operators.append(operator)
        return Operands(node=np.stack(nodes, axis=1), operator=np.stack(operators, axis=1))

    # -- paths -------------------------------------------------------------------------------------

    def paths(self, tokens: Tokens) -> PathList:
        """Return every path from an input to the output, cell by cell (see `operands`)."""
        cells: list[Indices] = [np.zeros(0, np.intp)]
        codes: list[Codes] = [np.zeros(0, np.uint64)]
        for first in range(0, len(tokens), _CELLS_AT_A_TIME):
            found = self._paths(tokens[first : first + _CELLS_AT_A_TIME])
            cells.append(found.cell + first)
            codes.append(found.code)
        return PathList(np.concatenate(cells), np.concatenate(codes))

    def _paths(self, tokens: Tokens) -> PathList:
        n = len(tokens)
        known = self._input_paths(n)
        arrivals = []
        for block in range(tokens.shape[1]):
            arriving = self._arriving(self.operands(tokens, block), known)
            arrivals.append(arriving)
            known = _with_node(known, arriving, n)
        return self._at_output(tokens, arrivals)

    def added_paths(self, parents: Tokens, parent: Indices, tokens: Tokens) -> PathList:
        """Return the paths that the last block of each cell adds to those of its parent.

        Only where every block is part of the output: there, a cell keeps the paths of its parent.

        Args:
            parents: Cells that are one block smaller, (parents, blocks - 1, slots).
            parent: Row of the parent of each cell, (n,).
            tokens: Cells that begin like their parents, (n, blocks, slots).
        """
        known = self._input_paths(len(parents))
        for block in range(parents.shape[1]):
            arriving = self._arriving(self.operands(parents, block), known)
            known = _with_node(known, arriving, len(parents))

        own = _NodePaths(known.code, known.begin[parent], known.count[parent])
        return self._arriving(self.operands(tokens, tokens.shape[1] - 1), own)

    def _input_paths(self, n: int) -> _NodePaths:
        """Return the paths of the inputs: each has one, which is empty."""
        numbers = np.arange(1, self.sources + 1, dtype=np.uint64)
        return _NodePaths(
            code=np.repeat(numbers, n),
            begin=np.arange(self.sources * n).reshape(self.sources, n).T,
            count=np.ones((n, self.sources), np.intp),
        )

    def _arriving(self, operands: Operands, known: _NodePaths) -> PathList:
        """Return the paths that arrive at a block: those it reads, with its operator appended."""
        n, width = operands.node.shape
        is_read = operands.node != ABSENT
        node = np.where(is_read, operands.node, 0)
        lengths = np.where(is_read, np.take_along_axis(known.count, node, axis=1), 0).ravel()
        begin = np.take_along_axis(known.begin, node, axis=1).ravel()

        # One row a path: its place in `code` is the beginning of its node's paths plus its number.
        offset = begin - (np.cumsum(lengths) - lengths)
        place = np.repeat(offset, lengths) + np.arange(lengths.sum())
        before = known.code[place]
        cell = np.repeat(np.repeat(np.arange(n), width), lengths)
        operator = np.repeat(operands.operator.ravel(), lengths)

        appended = before * _FACTOR + operator.astype(np.uint64) + np.uint64(1)
        code = np.where(self._is_one_of(self._wiring.pass_through)[operator], before, appended)
        is_alive = ~self._is_one_of(self._wiring.zero)[operator]
        return PathList(cell[is_alive], code[is_alive])

    def _at_output(self, tokens: Tokens, arrivals: list[PathList]) -> PathList:
        """Return the paths that arrive at blocks which are part of the output, cell by cell."""
        if self._wiring.outputs is not Outputs.ALL:
            is_output = self._output_blocks(tokens)
            kept = []
            for block, arriving in enumerate(arrivals):
                is_kept = is_output[arriving.cell, block]
                kept.append(PathList(arriving.cell[is_kept], arriving.code[is_kept]))
            arrivals = kept
        cell = np.concatenate([arriving.cell for arriving in arrivals])
        code = np.concatenate([arriving.code for arriving in arrivals])
        order = np.argsort(cell, kind="stable")
        return PathList(cell[order], code[order])

    def _output_blocks(self, tokens: Tokens) -> NDArray[np.bool_]:
        """Return which blocks are part of the output, (n, blocks)."""
        blocks = np.arange(tokens.shape[1])
        is_present = tokens[:, :, 0] != ABSENT
        if self._wiring.outputs is Outputs.LAST:
            last = is_present.sum(axis=1) - 1
            return np.asarray(blocks == last[:, None])

        is_output = is_present.copy()
        for block in range(tokens.shape[1]):
            read = self.operands(tokens, block).node - self.sources
            for operand in read.T:
                is_output &= blocks != operand[:, None]
        return is_output

    def _is_one_of(self, operators: tuple[str, ...]) -> NDArray[np.bool_]:
        return np.array([operator in operators for operator in self.operators])

    # -- counts ------------------------------------------------------------------------------------

    def operator_counts(self, tokens: Tokens) -> Counts:
        """Return how often each operator occurs, (n, operators)."""
        blocks = range(tokens.shape[1])
        operators = [self.operands(tokens, block).operator for block in blocks]
        return self._counts(operators, len(tokens))

    def place_counts(self, tokens: Tokens) -> Counts:
        """Return how often each operator occurs at each place, (n, places x operators).

        Where blocks choose what they read, a place is what an operator reads: each input of the
        cell, or any block. In a fixed graph a place is an edge, so that these are one-hots; the
        edges of blocks that a cell lacks have none.
        """
        if not self._wiring.chooses_inputs:
            return self._edges(tokens)

        read = [self.operands(tokens, block) for block in range(tokens.shape[1])]
        places = []
        for place in range(self.sources + 1):
            operators = []
            for node, operator in read:
                is_here = np.minimum(node, self.sources) == place
                operators.append(np.where(is_here, operator, ABSENT))
            places.append(self._counts(operators, len(tokens)))
        return np.concatenate(places, axis=1)

    def reads(self, places: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which inputs a cell with these `place_counts` reads, and last, whether a block.

        In a fixed graph, whose nodes read all that came before, the result is one column of True:
        the same for every cell, it gives a linear kernel an intercept.

        Returns:
            One row a cell, (n, inputs + 1).
        """
        if not self._wiring.chooses_inputs:
            return np.ones((len(places), 1), bool)
        by_place = places.reshape(len(places), self.sources + 1, -1)
        return np.asarray(by_place.any(axis=2))

    def _edges(self, tokens: Tokens) -> Counts:
        blocks = self.layout.blocks
        width = len(self._wiring.operands)
        edges = np.full((len(tokens), blocks, width), ABSENT, np.intp)
        for block in range(tokens.shape[1]):
            operators = self.operands(tokens, block).operator
            edges[:, block, : operators.shape[1]] = operators

        # This order makes a larger space append columns and change none.
        order = sorted(np.ndindex(blocks, width), key=lambda edge: (max(edge), *edge))
        numbers = np.arange(len(self.operators))
        columns = [edges[:, block, operand, None] == numbers for block, operand in order]
        return np.concatenate(columns, axis=1).astype(np.float32)

    def _counts(self, operators: list[Indices], n: int) -> Counts:
        width = len(self.operators) + 1  # the last column is for ABSENT
        cells = np.arange(n)[:, None]
        flat = [np.zeros(0, np.intp)]
        for block in operators:
            column = np.where(block == ABSENT, width - 1, block)
            flat.append((cells * width + column).ravel())
        total = np.bincount(np.concatenate(flat), minlength=n * width)
        return total.reshape(n, width)[:, :-1].astype(np.float32)


def _with_node(known: _NodePaths, arriving: PathList, n: int) -> _NodePaths:
    """Return the paths of all nodes after one more block, whose paths are ``arriving``."""
    count = np.bincount(arriving.cell, minlength=n)
    begin = len(known.code) + np.cumsum(count) - count
    return _NodePaths(
        code=np.concatenate([known.code, arriving.code]),
        begin=np.column_stack([known.begin, begin]),
        count=np.column_stack([known.count, count]),
    )


def count_paths(paths: PathList, cells: int, known: Codes) -> Counts:
    """Count how often each known path occurs in each cell, and how many other paths it has.

    Args:
        paths: Paths of the cells.
        cells: Number of cells.
        known: Codes of the known paths, sorted, (known,).

    Returns:
        Counts, (cells, known + 1); the last column is the number of other paths.
    """
    column = np.searchsorted(known, paths.code)
    is_known = np.zeros(len(column), bool)
    if len(known):
        is_known = np.append(known, np.uint64(0))[column] == paths.code
    width = len(known) + 1
    flat = paths.cell * width + np.where(is_known, column, len(known))
    return np.bincount(flat, minlength=cells * width).reshape(cells, width).astype(np.float32)
