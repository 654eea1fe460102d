"""The exact canonical form of one PNAS cell: the written form that all equivalent cells share.

Two cells are equivalent when renumbering blocks and swapping the operands of blocks turns one into the
other. That is isomorphism of the graph of blocks, not equality of the expressions it computes: over twin
blocks 0 and 1, a block that adds 0 and 1 differs from one that adds 0 to itself.

The form depends on the cell alone, neither on B nor on the order of a space's operators.
"""

from collections.abc import Sequence

from pnas.errors import InvalidValue, require
from pnas.state_space.cell import Block, Cell

_Order = tuple[int, ...]


def canonical_form(cell: Cell) -> Cell:
    """The lexicographically smallest written form of ``cell``.

    Candidates are all orders in which a block comes after the blocks it reads, and blocks that are read
    before blocks that are not. So whenever some order satisfies a look-forward limit, the canonical one
    does too.

    Raises:
        InvalidValue: a block of another form, or that reads itself or what the cell does not have.
    """
    blocks = [block for block in cell.blocks if isinstance(block, Block)]
    rule = "must be made of blocks (input1, operator1, input2, operator2)"
    require(len(blocks) == len(cell), "cell", rule, str(cell))
    orders: list[_Order] = [()]
    written: list[Block] = []
    for _ in blocks:
        orders, smallest = _place_next(blocks, orders, cell)
        written.append(smallest)
    return Cell(written)


def _place_next(
    blocks: Sequence[Block], orders: list[_Order], cell: Cell
) -> tuple[list[_Order], Block]:
    """Extend ``orders``, all written alike so far, by the block that is written smallest at this place."""
    options = [
        (_written(blocks[i], order), order, i)
        for order in orders
        for i in _available(blocks, order)
    ]
    if not options:
        raise InvalidValue("cell", "a block must read only earlier blocks of its cell", str(cell))
    smallest = min(block for block, _, _ in options)
    extended: list[_Order] = []
    for block, order, i in options:
        if block == smallest and not any(
            _same_future(blocks, order, i, other) for other in extended
        ):
            extended.append((*order, i))
    return extended, smallest


def _available(blocks: Sequence[Block], order: _Order) -> list[int]:
    """Blocks that may come next: all that they read is placed, and read blocks go before the others."""
    waiting = [i for i in range(len(blocks)) if i not in order]
    read = {source for block in blocks for source in (block.input1, block.input2)}
    waiting = [i for i in waiting if i in read] or waiting
    return [
        i for i in waiting if all(x < 0 or x in order for x in (blocks[i].input1, blocks[i].input2))
    ]


def _written(block: Block, order: _Order) -> Block:
    return _mapped(block, {old: new for new, old in enumerate(order)})


def _mapped(block: Block, numbers: dict[int, int]) -> Block:
    """``block`` with its references renumbered and its operands in order."""
    first, second = sorted(
        (numbers.get(source, source), operator)
        for source, operator in ((block.input1, block.operator1), (block.input2, block.operator2))
    )
    return Block(*first, *second)


def _same_future(blocks: Sequence[Block], order: _Order, i: int, other: _Order) -> bool:
    """Whether block ``i`` placed after ``order`` gives what ``other`` gives: the two blocks can trade places.

    Without this test n identical blocks would be followed in all of their n! orders.
    """
    if other[:-1] != order:
        return False
    swap = {i: other[-1], other[-1]: i}
    renamed = [_mapped(block, swap) for block in blocks]
    renamed[i], renamed[other[-1]] = renamed[other[-1]], renamed[i]
    return renamed == [_mapped(block, {}) for block in blocks]
