"""Mutations of a cell: the cells that differ from it in one decision."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pnas.state_space import Cell, SlotSpace
from pnas.state_space.cell import Value


class Decision(NamedTuple):
    """A decision of a cell that has other values than the one it has.

    Attributes:
        kind: What is decided, such as ``operator`` or ``input``.
        block: Index of the block, from 0.
        slot: Index of the decision in the block, from 0.
        others: The other values.
    """

    kind: str
    block: int
    slot: int
    others: Sequence[Value]


def mutated(space: SlotSpace, cell: Cell, generator: np.random.Generator) -> Cell:
    """Return ``cell`` with one decision changed, as in arXiv 1802.01548.

    The kind of decision (an operator, an input) is sampled first, then the decision, then its new
    value. In a space of one cell that cell is returned.
    """
    decisions = _changeable(space, cell)
    kinds = sorted({decision.kind for decision in decisions})
    if not kinds:
        return cell
    kind = kinds[generator.integers(len(kinds))]
    of_kind = [decision for decision in decisions if decision.kind == kind]
    decision = of_kind[generator.integers(len(of_kind))]
    value = decision.others[int(generator.integers(len(decision.others)))]
    return _changed(cell, decision, value)


def mutations(space: SlotSpace, cell: Cell) -> list[Cell]:
    """Return every cell, as written, that differs from ``cell`` in one decision."""
    cells: list[Cell] = []
    for decision in _changeable(space, cell):
        cells.extend(_changed(cell, decision, value) for value in decision.others)
    return cells


def _changeable(space: SlotSpace, cell: Cell) -> list[Decision]:
    decisions: list[Decision] = []
    for b, block in enumerate(cell.blocks, start=1):
        for s, slot in enumerate(space.slots(b)):
            others = [value for value in slot.values if value != block[s]]
            if others:
                decisions.append(Decision(slot.kind, b - 1, s, others))
    return decisions


def _changed(cell: Cell, decision: Decision, value: Value) -> Cell:
    blocks = [list(block) for block in cell.blocks]
    blocks[decision.block][decision.slot] = value
    return Cell(blocks)
