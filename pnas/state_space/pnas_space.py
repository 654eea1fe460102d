"""StateSpace: the PNAS search space (Liu et al. 2018, section 3.1), with the original project's limits."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pnas.errors import require, require_count
from pnas.state_space.cell import Cell, Value
from pnas.state_space.isomorphism.canonical import canonical_form
from pnas.state_space.isomorphism.colouring import class_keys
from pnas.state_space.isomorphism.counting import count_cells
from pnas.state_space.isomorphism.enumeration import grow_unique, unordered_blocks
from pnas.state_space.operator_patterns import PAPER_OPERATORS, parse_operators
from pnas.state_space.slot_space import Slot, SlotSpace, Tokens


class StateSpace(SlotSpace):
    """Cells of 1 to B blocks ``(input1, operator1, input2, operator2)``.

    A block never reads itself or a later block. Two cells that differ in operand order or block order only
    are one cell.

    Attributes:
        B: blocks of the largest cell.
        operators: the operators to choose from, in encoding order.
        input_lookback_depth: as given.
        input_lookforward_depth: as given.
        lookbacks: the previous cells that may be read: -1, -2, ...
    """

    def __init__(
        self,
        B: int,
        operators: Sequence[str] | None = None,
        input_lookback_depth: int = -2,
        input_lookforward_depth: int | None = None,
    ) -> None:
        """Describe the space.

        Args:
            B: blocks of the largest cell, at least 1.
            operators: operator strings (`pnas.state_space.operator_patterns`); None for the paper's eight.
            input_lookback_depth: -n to read the n previous cells. 0 is the original project's flat cell,
                whose operators read the cell's own input, written -1.
            input_lookforward_depth: how many blocks of the cell later ones may read: None for all, 0 for
                none, n for blocks 0..n-1. The limit is on the written form of a cell; a class of equivalent
                cells belongs to the space if one of its written forms does. Growing a beam extends cells as
                they are written, as in the original project, so that with a limit between these extremes a
                cell can be out of reach of a given written parent.

        Raises:
            InvalidValue: a value that breaks these rules.
        """
        super().__init__(B)
        self.operators = parse_operators(PAPER_OPERATORS if operators is None else operators)
        self.input_lookback_depth = _lookback(input_lookback_depth)
        self.input_lookforward_depth = _lookforward(input_lookforward_depth)
        self.lookbacks = tuple(range(-1, min(input_lookback_depth, -1) - 1, -1))

    def spec(self) -> dict[str, Any]:
        return {
            "kind": "pnas",
            "B": self.B,
            "operators": list(self.operators),
            "input_lookback_depth": self.input_lookback_depth,
            "input_lookforward_depth": self.input_lookforward_depth,
        }

    def inputs(self, b: int) -> tuple[int, ...]:
        """What block ``b`` (1-based) may read, in encoding order: previous cells, then earlier blocks."""
        return self.lookbacks + tuple(range(min(b - 1, self._readable_blocks)))

    def slots(self, b: int) -> tuple[Slot, ...]:
        source = self.inputs(b)
        operator = self.operators
        return (
            Slot("input1", "input", source),
            Slot("operator1", "operator", operator),
            Slot("input2", "input", source),
            Slot("operator2", "operator", operator),
        )

    @cached_property
    def vocabulary(self) -> dict[str, tuple[Value, ...]]:
        return {"input": self.inputs(self.B), "operator": self.operators}

    def block_tokens(self, b: int) -> Tokens:
        """Every block at position ``b``, one of each pair that differs in operand order only."""
        return unordered_blocks(len(self.inputs(b)), len(self.operators))

    def unique_rows(self, tokens: Tokens) -> NDArray[np.intp]:
        """Rows of ``tokens`` (all of one size) that are the first of their class, ascending.

        Classes are told apart by 64-bit keys (`pnas.state_space.isomorphism.colouring`).
        """
        _, first = np.unique(class_keys(tokens, len(self.lookbacks)), return_index=True)
        return np.sort(first)

    def _unique_cells(self, b: int, rows: int) -> Iterator[Tokens]:
        if b == 1:
            return iter([self.block_tokens(1)[:, None, :]])
        parents = self._unique_cells(b - 1, rows)
        return grow_unique(
            parents, len(self.lookbacks), len(self.operators), self._readable_blocks, rows
        )

    def random_cell(self, b: int, generator: np.random.Generator) -> Cell:
        """See `SlotSpace.random_cell`; in canonical form.

        Blocks drawn one by one make every written form equally likely, and so the cells that have many of them
        likelier. Of each cell one form is canonical: taking only those leaves every cell equally likely. One draw
        in 6 or 7 is taken at 5 blocks of the paper's space.
        """
        while True:
            drawn = super().random_cell(b, generator)
            written = Cell(_with_ordered_operands(block) for block in drawn.blocks)
            if written == self.canonical(written):
                return written

    def canonical(self, cell: Cell) -> Cell:
        return canonical_form(cell)

    def num_cells(self, b: int) -> int:
        require_count("b", b)
        return count_cells(
            b, len(self.lookbacks), len(self.operators), self.input_lookforward_depth
        )

    def _num_blocks(self, b: int) -> int:
        operands = len(self.inputs(b)) * len(self.operators)
        return operands * (operands + 1) // 2

    @property
    def _readable_blocks(self) -> int:
        limit = self.input_lookforward_depth
        return self.B - 1 if limit is None else min(limit, self.B - 1)


def _with_ordered_operands(block: Sequence[Value]) -> tuple[Value, ...]:
    """``block`` with its operands as canonical forms have them: smaller (input, operator) first."""
    first, second = sorted((block[:2], block[2:]))  # type: ignore[type-var]
    return (*first, *second)


def _lookback(depth: Any) -> int:
    key = "state_space.input_lookback_depth"
    rule = "must be a negative integer, or 0 for the cell's own input"
    require(isinstance(depth, int) and not isinstance(depth, bool) and depth <= 0, key, rule, depth)
    return int(depth)


def _lookforward(depth: Any) -> int | None:
    key = "state_space.input_lookforward_depth"
    rule = "must be null (all earlier blocks) or an integer of at least 0"
    is_int = isinstance(depth, int) and not isinstance(depth, bool)
    require(depth is None or (is_int and depth >= 0), key, rule, depth)
    return None if depth is None else int(depth)
