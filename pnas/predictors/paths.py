"""What cells of any size have in common: the functional paths from their inputs to their output.

A path is the sequence of operators that a signal meets on its way through the cell. Operators that pass it on unchanged
(``identity``) are left out of it, and a path that carries nothing (``none``) is no path. Cells that compute the same
have the same paths, and a cell's paths are still there in the cells that grow out of it.

Everything works on arrays of tokens: 300,000 cells of 5 blocks take a few seconds.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.token_layout import Layout
from pnas.state_space import ABSENT, Tokens

Codes = NDArray[np.uint64]
Counts = NDArray[np.float32]

UNCHANGED = ("identity", "skip_connect")  # operators that pass their input on
NOTHING = ("none",)  # operators whose output is zero
_FACTOR = np.uint64(
    0x9E3779B97F4A7C15
)  # odd, so that different short sequences have different codes
_PIECE = 16384  # cells worked on at a time


class PathList(NamedTuple):
    """The paths of some cells, one after the other.

    Attributes:
        cell: (paths,) row of the cell that each path belongs to, ascending.
        code: (paths,) the path: a 64-bit hash of its input and its operators, the same in spaces of any B.
    """

    cell: NDArray[np.intp]
    code: Codes


class Operands(NamedTuple):
    """What one block reads: arrays (cells, operands); ``node`` is ABSENT where a cell has no such operand."""

    node: NDArray[np.intp]
    operator: NDArray[np.intp]


@dataclass(frozen=True)
class CellGraph:
    """Cells of a layout as graphs: nodes are the cell's inputs, then its blocks.

    Where blocks have ``input`` slots, each is followed by the operator that is applied to it, and every block is part
    of the output. Where they have none (NAS-Bench-201), slot s reads node s, and the last block is the output.
    """

    layout: Layout

    @cached_property
    def operators(self) -> tuple[str, ...]:
        """The operators, in encoding order."""
        return tuple(str(value) for value in dict(self.layout.vocabulary)["operator"])

    @cached_property
    def has_inputs(self) -> bool:
        """Whether blocks choose what they read."""
        return "input" in self.layout.slot_kinds

    @cached_property
    def sources(self) -> int:
        """Number of inputs of a cell."""
        if not self.has_inputs:
            return 1
        return sum(
            isinstance(value, int) and value < 0 for value in dict(self.layout.vocabulary)["input"]
        )

    def operands(self, tokens: Tokens, block: int) -> Operands:
        """What ``block`` (0-based) of each of ``tokens`` (n, b, slots) reads."""
        row = tokens[:, block].astype(np.intp)
        if self.has_inputs:
            return Operands(row[:, 0::2], row[:, 1::2])
        nodes = np.broadcast_to(np.arange(row.shape[1]), row.shape)
        return Operands(np.where(row == ABSENT, ABSENT, nodes), row)

    # -- paths ---------------------------------------------------------------------------------------------

    def paths(self, tokens: Tokens) -> PathList:
        """Every path from an input to the output, of each of ``tokens`` (n, b, slots)."""
        pieces = [
            self._paths(tokens[first : first + _PIECE]) for first in range(0, len(tokens), _PIECE)
        ]
        if not pieces:
            return PathList(np.zeros(0, np.intp), np.zeros(0, np.uint64))
        cells = [piece.cell + i * _PIECE for i, piece in enumerate(pieces)]
        return PathList(np.concatenate(cells), np.concatenate([piece.code for piece in pieces]))

    def _paths(self, tokens: Tokens) -> PathList:
        n = len(tokens)
        # Paths of all nodes so far in one array; where those of node i of a cell begin, and how many there are.
        code = np.repeat(np.arange(1, self.sources + 1, dtype=np.uint64), n)
        begin = np.arange(self.sources * n).reshape(self.sources, n).T
        count = np.ones((n, self.sources), np.intp)
        ends: list[PathList] = []
        for block in range(tokens.shape[1]):
            arriving = self._arriving(self.operands(tokens, block), code, begin, count)
            new_count = np.bincount(arriving.cell, minlength=n)
            new_begin = len(code) + np.cumsum(new_count) - new_count
            code = np.concatenate([code, arriving.code])
            begin = np.column_stack([begin, new_begin])
            count = np.column_stack([count, new_count])
            ends.append(arriving)
        return self._at_output(tokens, ends)

    def _arriving(
        self, operands: Operands, code: Codes, begin: NDArray[np.intp], count: NDArray[np.intp]
    ) -> PathList:
        """The paths that arrive at a block: those of the nodes it reads, each with its operator at the end."""
        n, width = operands.node.shape
        is_read = operands.node != ABSENT
        node = np.where(is_read, operands.node, 0)
        operator = operands.operator.ravel()
        lengths = np.where(is_read, np.take_along_axis(count, node, axis=1), 0).ravel()
        first = np.take_along_axis(begin, node, axis=1).ravel() - (np.cumsum(lengths) - lengths)
        before = code[np.repeat(first, lengths) + np.arange(lengths.sum())]
        cell = np.repeat(np.repeat(np.arange(n), width), lengths)
        by = np.repeat(operator, lengths)
        longer = np.where(
            self._is(UNCHANGED)[by], before, before * _FACTOR + by.astype(np.uint64) + np.uint64(1)
        )
        is_alive = ~self._is(NOTHING)[by]
        return PathList(cell[is_alive], longer[is_alive])

    def _at_output(self, tokens: Tokens, ends: list[PathList]) -> PathList:
        if not self.has_inputs:
            last = (tokens[:, :, 0] != ABSENT).sum(axis=1) - 1
            keep = [last[end.cell] == block for block, end in enumerate(ends)]
            ends = [PathList(end.cell[k], end.code[k]) for end, k in zip(ends, keep, strict=True)]
        cell, code = (np.concatenate([end[i] for end in ends]) for i in (0, 1))
        order = np.argsort(cell, kind="stable")
        return PathList(cell[order], code[order])

    def _is(self, operators: tuple[str, ...]) -> NDArray[np.bool_]:
        return np.array([operator in operators for operator in self.operators])

    # -- counts --------------------------------------------------------------------------------------------

    def operator_counts(self, tokens: Tokens) -> Counts:
        """How often each operator occurs: (n, operators)."""
        return self._counts(
            [self.operands(tokens, block).operator for block in range(tokens.shape[1])], len(tokens)
        )

    def place_counts(self, tokens: Tokens) -> Counts:
        """Operators by their place, (n, places x operators).

        Where blocks choose what they read, a place is what an operator reads: each input of the cell, or a block. In a
        fixed graph it is the edge, so that these are one-hots; edges of blocks a cell lacks have none.
        """
        if not self.has_inputs:
            return self._edges(tokens)
        places = []
        for place in range(self.sources + 1):
            read = [self.operands(tokens, block) for block in range(tokens.shape[1])]
            here = [np.minimum(node, self.sources) == place for node, _ in read]
            operators = [
                np.where(at, operator, ABSENT) for at, (_, operator) in zip(here, read, strict=True)
            ]
            places.append(self._counts(operators, len(tokens)))
        return np.concatenate(places, axis=1)

    def reads(self, places: NDArray[Any]) -> NDArray[np.bool_]:
        """Which inputs a cell with these `place_counts` reads, and last, whether a block: (n, inputs + 1).

        In a fixed graph, whose nodes read all that came before, it is one column of True: the same for every cell, it
        gives a linear kernel an intercept.
        """
        if not self.has_inputs:
            return np.ones((len(places), 1), bool)
        return np.asarray(places.reshape(len(places), self.sources + 1, -1).any(axis=2))

    def _edges(self, tokens: Tokens) -> Counts:
        blocks = self.layout.blocks
        slots = len(self.layout.slot_kinds)
        edges = np.full((len(tokens), blocks, slots), ABSENT, np.intp)
        edges[:, : tokens.shape[1], : tokens.shape[2]] = tokens
        # Ordered so that a larger space only appends columns.
        order = sorted(np.ndindex(blocks, slots), key=lambda edge: (max(edge), *edge))
        columns = [
            edges[:, block, slot, None] == np.arange(len(self.operators)) for block, slot in order
        ]
        return np.concatenate(columns, axis=1).astype(np.float32)

    def _counts(self, operators: list[NDArray[np.intp]], n: int) -> Counts:
        # the last column is for ABSENT
        cells = np.arange(n)[:, None]
        width = len(self.operators) + 1
        flat = [
            (cells * width + np.where(block == ABSENT, width - 1, block)).ravel()
            for block in operators
        ]
        total = np.bincount(np.concatenate([*flat, np.zeros(0, np.intp)]), minlength=n * width)
        return total.reshape(n, width)[:, :-1].astype(np.float32)


def count_paths(paths: PathList, cells: int, known: Codes) -> Counts:
    """How often each of the ``known`` paths (sorted) occurs, and last, how many others: (cells, known + 1)."""
    column = np.searchsorted(known, paths.code)
    found = (
        np.append(known, np.uint64(0))[column] == paths.code
        if len(known)
        else np.zeros(len(column), bool)
    )
    flat = paths.cell * (len(known) + 1) + np.where(found, column, len(known))
    return (
        np.bincount(flat, minlength=cells * (len(known) + 1)).reshape(cells, -1).astype(np.float32)
    )
