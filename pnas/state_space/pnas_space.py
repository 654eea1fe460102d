"""The PNAS search space (Liu et al. 2018, section 3.1), with the original project's limits."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pnas.errors import require_count
from pnas.state_space import limits
from pnas.state_space.cell import Cell, Value
from pnas.state_space.isomorphism.canonical import canonical_form, is_canonical
from pnas.state_space.isomorphism.colouring import class_keys
from pnas.state_space.isomorphism.counting import count_cells
from pnas.state_space.isomorphism.enumeration import grow_unique, unordered_blocks
from pnas.state_space.operator_patterns import PAPER_OPERATORS, parse_operators
from pnas.state_space.slot_space import SlotSpace
from pnas.state_space.slots import Slot
from pnas.state_space.tokens import Tokens
from pnas.state_space.wiring import Outputs, Wiring, paired_operands
from pnas.validation import check_value


class StateSpace(SlotSpace):
    """Cells of 1 to B blocks ``(input1, operator1, input2, operator2)``.

    A block never reads itself or a later block. Two cells that differ only in the order of operands
    or blocks are equivalent.

    Attributes:
        B: Number of blocks of the largest cell.
        operators: The operators to choose from, in encoding order.
        input_lookback_depth: As given.
        input_lookforward_depth: As given.
        lookbacks: The previous cells that may be read: -1, -2, ...
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
            B: Number of blocks of the largest cell, at least 1.
            operators: Operator strings (`pnas.state_space.operator_patterns`); None for the paper's
                eight.
            input_lookback_depth: -n to read the n previous cells. 0 is the original project's flat
                cell, whose operators read the cell's own input, written -1.
            input_lookforward_depth: How many blocks of the cell later ones may read: None for all,
                0 for none, n for blocks 0 to n-1. The limit is on the written form; a class of
                equivalent cells belongs to the space if one of its written forms does. A beam grows
                cells as they are written, as in the original project, so that with a limit between
                these extremes a cell can be out of reach of a given written parent.

        Raises:
            InvalidValue: A value breaks these rules, or exceeds `pnas.state_space.limits`.
        """
        super().__init__(B)
        self.operators = parse_operators(PAPER_OPERATORS if operators is None else operators)
        check_value("state_space.input_lookback_depth", limits.LOOKBACK, input_lookback_depth)
        check_value(
            "state_space.input_lookforward_depth", limits.LOOKFORWARD, input_lookforward_depth
        )
        self.input_lookback_depth = input_lookback_depth
        self.input_lookforward_depth = input_lookforward_depth
        farthest = min(self.input_lookback_depth, -1)
        self.lookbacks = tuple(range(-1, farthest - 1, -1))

    def spec(self) -> dict[str, Any]:
        return {
            "kind": "pnas",
            "B": self.B,
            "operators": list(self.operators),
            "input_lookback_depth": self.input_lookback_depth,
            "input_lookforward_depth": self.input_lookforward_depth,
        }

    def inputs(self, b: int) -> tuple[int, ...]:
        """Return what block ``b`` (1-based) may read: previous cells, then earlier blocks."""
        num_blocks = min(b - 1, self._readable_blocks)
        return self.lookbacks + tuple(range(num_blocks))

    def slots(self, b: int) -> tuple[Slot, ...]:
        inputs = self.inputs(b)
        return (
            Slot("input1", "input", inputs),
            Slot("operator1", "operator", self.operators),
            Slot("input2", "input", inputs),
            Slot("operator2", "operator", self.operators),
        )

    @cached_property
    def vocabulary(self) -> dict[str, tuple[Value, ...]]:
        return {"input": self.inputs(self.B), "operator": self.operators}

    @cached_property
    def wiring(self) -> Wiring:
        pass_through = tuple(name for name in ("identity",) if name in self.operators)
        return Wiring(paired_operands(len(self.slot_kinds)), Outputs.ALL, pass_through)

    # -- equivalence: exact and fast, where the base class would compare canonical forms -----------

    def canonical(self, cell: Cell) -> Cell:
        return canonical_form(cell)

    def unique_rows(self, tokens: Tokens) -> NDArray[np.intp]:
        """See `SlotSpace.unique_rows`; compares 64-bit keys of the equivalence classes."""
        keys = class_keys(tokens, len(self.lookbacks))
        _, first = np.unique(keys, return_index=True)
        return np.sort(first)

    def num_cells(self, b: int) -> int:
        require_count("b", b)
        if self._has_other_blocks:
            return super().num_cells(b)
        return count_cells(
            b=b,
            lookbacks=len(self.lookbacks),
            operators=len(self.operators),
            lookforward=self.input_lookforward_depth,
        )

    def block_tokens(self, b: int) -> Tokens:
        """See `SlotSpace.block_tokens`; of blocks that differ in operand order, one."""
        return unordered_blocks(len(self.inputs(b)), len(self.operators))

    @property
    def _has_other_blocks(self) -> bool:
        """Whether a subclass changes the blocks, so that formulas for all of them do not hold."""
        return type(self).block_tokens is not StateSpace.block_tokens

    def _unique_cells(self, b: int, rows: int) -> Iterator[Tokens]:
        if self._has_other_blocks:
            return super()._unique_cells(b, rows)
        if b == 1:
            return iter([self._one_block_cells()])
        return grow_unique(
            parents=self._unique_cells(b - 1, rows),
            lookbacks=len(self.lookbacks),
            operators=len(self.operators),
            lookforward=self._readable_blocks,
            rows=rows,
        )

    def random_cell(self, b: int, generator: np.random.Generator) -> Cell:
        """See `SlotSpace.random_cell`; in canonical form, by rejection sampling.

        Sampling block by block makes every written form equally likely, and so favours cells that
        have many of them. Exactly one form of each cell is canonical, so accepting only canonical
        forms makes every cell equally likely. At 5 blocks of the paper's space one sample in 6 or 7
        is accepted.
        """
        options = self._sorted_blocks[:b]
        while True:
            blocks = [choices[generator.integers(len(choices))] for choices in options]
            written = Cell(blocks)
            if self._is_canonical(written):
                return written

    @cached_property
    def _sorted_blocks(self) -> list[list[tuple[Value, ...]]]:
        """The blocks at each place, their operands sorted as in canonical forms."""
        places = []
        for b in range(1, self.B + 1):
            cells = self.decode(self.block_tokens(b)[:, None, :])
            places.append([_sort_operands(cell.blocks[0]) for cell in cells])
        return places

    def _is_canonical(self, cell: Cell) -> bool:
        if type(self).canonical is StateSpace.canonical:
            return is_canonical(cell)
        return self.canonical(cell) == cell

    @property
    def _readable_blocks(self) -> int:
        """How many blocks of a cell of B blocks later ones may read."""
        limit = self.input_lookforward_depth
        largest = self.B - 1
        return largest if limit is None else min(limit, largest)


def _sort_operands(block: Sequence[Value]) -> tuple[Value, ...]:
    """Return ``block`` with its operands sorted, as in canonical forms."""
    operands = [block[:2], block[2:]]
    first, second = sorted(operands)  # type: ignore[type-var]
    return (*first, *second)
