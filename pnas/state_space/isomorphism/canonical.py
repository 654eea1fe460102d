"""The exact canonical form of one PNAS cell: the written form that all equivalent cells share.

Symbols:

| symbol | meaning |
|---|---|
| b | number of blocks of the cell |
| pi | an order of the blocks: block pi[j] is written at place j |
| R | the blocks that some block of the cell reads |
| w(pi) | the cell written in the order pi, the operands of each block sorted |

Formula (lexicographic minimum over the legal topological orders, as in canonical labelling of
graphs; McKay, "Practical graph isomorphism", 1981)::

    canonical(cell) = min { w(pi) : every block comes after the blocks it reads,
                                    and blocks in R come before the others }

The second condition keeps a look-forward limit: if some order meets it, so does the canonical one.

Worked example: three blocks ``0: (-2, id, -2, id)``, ``1: (-1, id, -1, id)``,
``2: (1, id, -1, id)``. Only block 1 is read, so R = {1} and every legal order begins with it.

- Place 0: block 1, written (-1, id, -1, id).
- Place 1: block 0 is written (-2, id, -2, id); block 2, with 1 renumbered to 0 and its operands
  sorted, (-1, id, 0, id). The former is smaller.
- Place 2: block 2.

The canonical form is ``(-1, id, -1, id), (-2, id, -2, id), (-1, id, 0, id)``, from
pi = (1, 0, 2).

Equivalence is isomorphism of the graph of blocks, not equality of the functions it computes: over
twin blocks 0 and 1, a block that adds 0 and 1 differs from one that adds 0 to itself. The form
depends on the cell alone, neither on B nor on the order of a space's operators.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from pnas.errors import InvalidValue
from pnas.state_space.cell import Block, Cell
from pnas.state_space.isomorphism.automorphism import (
    is_automorphism,
    renumbered,
    without_images,
)

_Order = tuple[int, ...]

_MANY = 3
"""Orders that begin alike, from which on it pays to look for those that are images of others."""


class _Placement(NamedTuple):
    """A way to fill the next place of a written form.

    Attributes:
        written: The block as it is written there.
        order: The order before it.
        block: Index of the block.
    """

    written: Block
    order: _Order
    block: int


def canonical_form(cell: Cell) -> Cell:
    """Return the lexicographically smallest legal written form of ``cell``.

    Raises:
        InvalidValue: A block has another form, or reads itself or a block that does not exist.
    """
    return Cell(list(_smallest_blocks(cell)))


def is_canonical(cell: Cell) -> bool:
    """Whether ``cell`` is its own canonical form.

    It takes less time than `canonical_form`: most other forms differ at one of the first places.

    Raises:
        InvalidValue: See `canonical_form`.
    """
    pairs = zip(_smallest_blocks(cell), cell.blocks, strict=True)
    return all(smallest == block for smallest, block in pairs)


def _smallest_blocks(cell: Cell) -> Iterator[Block]:
    """Yield the blocks of the canonical form of ``cell``, place by place."""
    blocks = [block for block in cell.blocks if isinstance(block, Block)]
    if len(blocks) != len(cell):
        rule = "must be made of blocks (input1, operator1, input2, operator2)"
        raise InvalidValue("cell", rule, str(cell))

    read = {block.input1 for block in blocks} | {block.input2 for block in blocks}
    orders: list[_Order] = [()]
    for _ in blocks:
        placements = _possible_placements(blocks, orders, read)
        if not placements:
            rule = "a block must read only earlier blocks of its cell"
            raise InvalidValue("cell", rule, str(cell))

        smallest = min(placement.written for placement in placements)
        yield smallest
        orders = _smallest_orders(blocks, placements, smallest)


def _possible_placements(
    blocks: Sequence[Block], orders: Sequence[_Order], read: Collection[int]
) -> list[_Placement]:
    placements = []
    for order in orders:
        numbers = {old: new for new, old in enumerate(order)}
        for block in _placeable(blocks, order, read):
            written = renumbered(blocks[block], numbers)
            placements.append(_Placement(written, order, block))
    return placements


def _smallest_orders(
    blocks: Sequence[Block], placements: Sequence[_Placement], smallest: Block
) -> list[_Order]:
    """Return the orders that write ``smallest`` next, one of those with the same continuations."""
    extended: list[_Order] = []
    for written, order, block in placements:
        if written != smallest:
            continue
        # Without this test n identical blocks would be followed in all of their n! orders.
        is_repeated = any(_are_twins(blocks, order, block, other) for other in extended)
        if not is_repeated:
            extended.append((*order, block))
    if len(extended) < _MANY:
        return extended
    # Nor need n identical chains: several blocks trade places at once.
    return without_images(blocks, extended)


def _placeable(blocks: Sequence[Block], order: _Order, read: Collection[int]) -> list[int]:
    """Return the blocks that may come next after ``order``: those in ``read`` before the others."""
    waiting = [index for index in range(len(blocks)) if index not in order]
    waiting_and_read = [index for index in waiting if index in read]

    placeable = []
    for index in waiting_and_read or waiting:
        block = blocks[index]
        if _is_available(block.input1, order) and _is_available(block.input2, order):
            placeable.append(index)
    return placeable


def _is_available(source: int, order: _Order) -> bool:
    is_previous_cell = source < 0
    return is_previous_cell or source in order


def _are_twins(blocks: Sequence[Block], order: _Order, block: int, other: _Order) -> bool:
    """Whether ``block`` after ``order`` continues as ``other`` does: the two can trade places."""
    if other[:-1] != order:
        return False

    twin = other[-1]
    return is_automorphism(blocks, {block: twin, twin: block})
