"""Automorphisms of a PNAS cell: ways to map its blocks onto themselves that leave it as it is.

Two orders in which blocks are written are images of each other if an automorphism maps each block
of one to the block at the same place of the other: whatever can be written after one of them can be
written after the other, too.

The automorphism is looked for by colour refinement of both orders at once, in which the blocks of
an order begin with their places as colours. It goes on by marking one block of equal colour on
either side until all colours differ. There is no way back from a mark, so that an automorphism may
be missed; one that is found has been checked block by block.

Worked example: two chains, ``0: (-1, id, -1, id)``, ``1: (0, id, 0, id)`` and the same in blocks 2
and 3. The orders (0,) and (2,) are images: blocks 0 and 2 have one colour by their place, their
readers 1 and 3 another one, and 0 -> 2, 1 -> 3, 2 -> 0, 3 -> 1 leaves the cell as it is.
"""

from collections.abc import Mapping, Sequence

from pnas.state_space.cell import Block

_Colours = list[int]
_Pair = tuple[_Colours, _Colours]
_Order = tuple[int, ...]
_Reader = tuple[int, str]
"""A block that reads another one, and the operator that it applies to it."""


def renumbered(block: Block, numbers: Mapping[int, int]) -> Block:
    """Return ``block`` with its references renumbered and its operands sorted."""
    one = (numbers.get(block.input1, block.input1), block.operator1)
    other = (numbers.get(block.input2, block.input2), block.operator2)
    if other < one:
        return Block(*other, *one)
    return Block(*one, *other)


def is_automorphism(blocks: Sequence[Block], image: Mapping[int, int]) -> bool:
    """Whether the cell of ``blocks`` stays as it is where each block takes the place of its image.

    Args:
        blocks: The blocks.
        image: Image of each block that does not stay in its place, by index.
    """
    for index, before in enumerate(blocks):
        after = blocks[image.get(index, index)]
        if renumbered(before, image) != renumbered(after, {}):
            return False
    return True


def without_images(blocks: Sequence[Block], orders: Sequence[_Order]) -> list[_Order]:
    """Return ``orders`` without those that an automorphism maps to one before them.

    Args:
        blocks: Blocks of the cell.
        orders: Orders of as many of the blocks each, by index.
    """
    if _are_all_different(blocks):
        return list(orders)
    kept: list[_Order] = []
    alike: dict[int, list[_Order]] = {}
    for order in orders:
        # Most orders that are no images of each other are told apart by one number of each.
        others = alike.setdefault(_signature(blocks, order), [])
        is_image = any(are_images(blocks, order, other) for other in others)
        if not is_image:
            others.append(order)
            kept.append(order)
    return kept


def are_images(blocks: Sequence[Block], one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether an automorphism is found that maps the blocks of ``one`` to those of ``other``.

    Args:
        blocks: Blocks of the cell.
        one: Some of the blocks in an order, by index.
        other: As many in another order.
    """
    readers = _readers(blocks)
    pair = _refined(blocks, readers, (_places(one, len(blocks)), _places(other, len(blocks))))
    while pair is not None:
        tied = _first_tie(pair[0])
        if tied is None:
            image = {index: pair[1].index(colour) for index, colour in enumerate(pair[0])}
            return is_automorphism(blocks, image)
        mark = max(pair[0]) + 1
        for colours in pair:
            colours[colours.index(tied)] = mark
        pair = _refined(blocks, readers, pair)
    return False


def _readers(blocks: Sequence[Block]) -> list[list[_Reader]]:
    """Return the readers of each block; one that reads it twice is there twice."""
    readers: list[list[_Reader]] = [[] for _ in blocks]
    for index, block in enumerate(blocks):
        for source, operator in (block[:2], block[2:]):
            # A cell that is not valid may read a block that it does not have.
            if 0 <= source < len(blocks):
                readers[source].append((index, operator))
    return readers


def _places(order: Sequence[int], size: int) -> _Colours:
    """Return the place of each block in ``order``, from 1; 0 for those that are not in it."""
    colours = [0] * size
    for place, index in enumerate(order, start=1):
        colours[index] = place
    return colours


def _first_tie(colours: _Colours) -> int | None:
    """Return the lowest colour that several blocks have; None if all differ."""
    tied = [colour for colour in colours if colours.count(colour) > 1]
    return min(tied, default=None)


def _are_all_different(blocks: Sequence[Block]) -> bool:
    """Whether no two blocks look alike, so that no automorphism moves one."""
    return len(set(_hashes(blocks, ()))) == len(blocks)


def _signature(blocks: Sequence[Block], order: _Order) -> int:
    """Return a number that is equal for orders which are images of each other."""
    return hash(tuple(sorted(_hashes(blocks, order))))


def _hashes(blocks: Sequence[Block], order: _Order) -> _Colours:
    """Return the colour of each block after as many refinements as there are blocks."""
    readers = _readers(blocks)
    colours = _places(order, len(blocks))
    for _ in blocks:
        colours = [abs(hash(each)) for each in _surroundings(blocks, readers, colours)]
    return colours


def _refined(
    blocks: Sequence[Block], readers: Sequence[Sequence[_Reader]], pair: _Pair
) -> _Pair | None:
    """Return colours that tell blocks apart by what they read and are read by.

    Returns:
        Colours of both sides, equal for blocks that look alike; None if the sides differ.
    """
    one, other = pair
    known = 0
    while True:
        palette: dict[object, int] = {}
        one = _recoloured(blocks, readers, one, palette)
        other = _recoloured(blocks, readers, other, palette)
        if sorted(one) != sorted(other):
            return None
        if len(palette) == known:
            return one, other
        known = len(palette)


def _recoloured(
    blocks: Sequence[Block],
    readers: Sequence[Sequence[_Reader]],
    colours: _Colours,
    palette: dict[object, int],
) -> _Colours:
    """Return a colour for each block by its surroundings; new ones are added to ``palette``."""
    recoloured = []
    for each in _surroundings(blocks, readers, colours):
        recoloured.append(palette.setdefault(each, len(palette)))
    return recoloured


def _surroundings(
    blocks: Sequence[Block], readers: Sequence[Sequence[_Reader]], colours: _Colours
) -> list[object]:
    """Return for each block its own colour and those of what it reads and is read by."""
    # Previous cells are negative numbers, which no block has.
    own = dict(enumerate(colours))
    around: list[object] = []
    for index, block in enumerate(blocks):
        read_by = sorted((colours[reader], operator) for reader, operator in readers[index])
        around.append((colours[index], renumbered(block, own), tuple(read_by)))
    return around
