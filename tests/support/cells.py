"""PNAS cells by brute force and at random, independent of the package's isomorphism code."""

import random
from itertools import product

from pnas.state_space import Cell, SlotSpace

ID = "identity"

DIFFERENT = {
    "adding twins, or one of them to itself": (
        [(-1, ID, -1, ID), (-1, ID, -1, ID), (0, ID, 1, ID)],
        [(-1, ID, -1, ID), (-1, ID, -1, ID), (0, ID, 0, ID)],
    ),
    "two readers of one twin, or of one each": (
        [(-1, ID, -1, ID), (-1, ID, -1, ID), (0, ID, -1, ID), (0, ID, -1, ID)],
        [(-1, ID, -1, ID), (-1, ID, -1, ID), (0, ID, -1, ID), (1, ID, -1, ID)],
    ),
    "two triangles of blocks, or a ring of six": (
        [
            (-1, ID, -1, ID),
            (-1, ID, -1, ID),
            (-1, ID, 0, ID),
            (-1, ID, 1, ID),
            (0, ID, 2, ID),
            (1, ID, 3, ID),
        ],
        [
            (-1, ID, -1, ID),
            (-1, ID, -1, ID),
            (-1, ID, 0, ID),
            (-1, ID, 1, ID),
            (0, ID, 3, ID),
            (1, ID, 2, ID),
        ],
    ),
    "twins paired twice each, or in a ring of four": (
        [(-1, ID, -1, ID)] * 4 + [(0, ID, 1, ID), (0, ID, 1, ID), (2, ID, 3, ID), (2, ID, 3, ID)],
        [(-1, ID, -1, ID)] * 4 + [(0, ID, 1, ID), (1, ID, 2, ID), (2, ID, 3, ID), (3, ID, 0, ID)],
    ),
}
"""Pairs of cells that look alike from every single block, by what tells them apart."""


def written_cells(space: SlotSpace, b: int) -> list[Cell]:
    """Every sequence of b legal blocks: operands in both orders, blocks in every order."""
    options = []
    for position in range(1, b + 1):
        values = [slot.values for slot in space.slots(position)]
        options.append(list(product(*values)))
    return [Cell(blocks) for blocks in product(*options)]


def enumerated_cells(space: SlotSpace, b: int) -> list[Cell]:
    """The cells of b blocks that the space enumerates."""
    cells = []
    for tokens in space.iter_cells(b):
        cells += space.decode(tokens)
    return cells


def random_cell(rng: random.Random, b: int, lookbacks: int, operators: int) -> Cell:
    """A cell with many ties: few operators, and block inputs preferred."""
    names = ["3x3 conv", "identity", "3x3 maxpool"][:operators]

    def operand(i: int) -> tuple[int, str]:
        reads_a_block = i > 0 and rng.random() < 0.7
        source = rng.randrange(i) if reads_a_block else -rng.randint(1, lookbacks)
        return source, rng.choice(names)

    blocks = []
    for i in range(b):
        first = operand(i)
        second = operand(i)
        blocks.append((*first, *second))
    return Cell(blocks)


def shuffled(rng: random.Random, cell: Cell) -> Cell:
    """``cell`` in a random written form: blocks read earlier ones only."""
    order: list[int] = []
    while len(order) < len(cell):
        ready = []
        for i, (input1, _, input2, _) in enumerate(cell.blocks):
            is_available = all(x < 0 or x in order for x in (input1, input2))
            if i not in order and is_available:
                ready.append(i)
        order.append(rng.choice(ready))
    return renumbered(cell, order, rng)


def renumbered(cell: Cell, order: list[int], rng: random.Random | None = None) -> Cell:
    """``cell`` with its blocks in ``order``, its operands sorted, or shuffled by ``rng``."""
    place = {old: new for new, old in enumerate(order)}
    blocks = []
    for old in order:
        input1, operator1, input2, operator2 = cell.blocks[old]
        operands = [
            (place.get(input1, input1), operator1),
            (place.get(input2, input2), operator2),
        ]
        first, second = rng.sample(operands, 2) if rng else sorted(operands)
        blocks.append((*first, *second))
    return Cell(blocks)
