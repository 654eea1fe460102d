"""Cells that differ from a cell in one decision."""

from collections.abc import Sequence

import numpy as np

from pnas.state_space import Cell, SlotSpace
from pnas.state_space.cell import Value


def mutated(space: SlotSpace, cell: Cell, generator: np.random.Generator) -> Cell:
    """``cell`` with one decision changed, as in regularized evolution (Real et al., arXiv 1802.01548).

    What kind of decision (an operator, an input) is drawn first, then which one, then its new value.
    """
    choices = _choices(space, cell)
    kinds = sorted({kind for kind, *_ in choices})
    if not kinds:  # nothing can be changed in a space of one cell
        return cell
    kind = kinds[generator.integers(len(kinds))]
    places = [(block, slot, values) for of, block, slot, values in choices if of == kind]
    block, slot, values = places[generator.integers(len(places))]
    return _changed(cell, block, slot, values[int(generator.integers(len(values)))])


def mutations(space: SlotSpace, cell: Cell) -> list[Cell]:
    """Every cell that one changed decision makes of ``cell``, as written."""
    return [
        _changed(cell, block, slot, value)
        for _, block, slot, values in _choices(space, cell)
        for value in values
    ]


def _choices(space: SlotSpace, cell: Cell) -> list[tuple[str, int, int, Sequence[Value]]]:
    """(kind, block, slot, other values) of every decision that has other values; indices from 0."""
    found: list[tuple[str, int, int, Sequence[Value]]] = []
    for b, block in enumerate(cell.blocks, start=1):
        for s, slot in enumerate(space.slots(b)):
            others = [value for value in slot.values if value != block[s]]
            if others:
                found.append((slot.kind, b - 1, s, others))
    return found


def _changed(cell: Cell, block: int, slot: int, value: Value) -> Cell:
    decisions = [list(each) for each in cell.blocks]
    decisions[block][slot] = value
    return Cell(decisions)
