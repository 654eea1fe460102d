"""Every unique PNAS cell once, in chunks, without keeping a set of those seen.

Symbols:

| symbol | meaning |
|---|---|
| b | number of blocks |
| U(b) | the unique cells of b blocks, one of each equivalence class |
| c[j] | colour of block j (`pnas.state_space.isomorphism.colouring`) |
| L | the blocks of a cell that no block reads |

Formula (canonical augmentation; McKay, "Isomorph-free exhaustive generation", J. Algorithms 26,
1998): the blocks of L with the largest colour count as appended last. Then::

    U(1) = the unordered blocks
    U(b) = { x + (block,) : x in U(b-1), c[last] = max over j in L of c[j] },  one of each class

A cell is accepted from one parent only, because removing a block that counts as appended last gives
that parent. So duplicates can only meet among the extensions of one parent, and nothing need be
remembered between parents. It is as exact as the colours are.

Worked example: the three-block cell with blocks ``p = (-1, id, -1, id)``,
``q = (-1, conv, -1, conv)`` and ``r = (0, id, 0, id)`` that reads p. L = {q, r}. It can be grown
from (p, r) by q and from (p, q) by r. If c[r] > c[q], it is accepted from (p, q) only, whose last
block r has the largest colour of L; from (p, r) it is dropped. Block p is read, so a cell that ends
with p cannot be written at all.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pnas.state_space.isomorphism.colouring import block_colours, combined
from pnas.state_space.tokens import Tokens, extend


@lru_cache(maxsize=64)
def unordered_blocks(inputs: int, operators: int) -> Tokens:
    """Return every block once: all unordered pairs of operands (input, operator).

    Args:
        inputs: Number of inputs that a block may read.
        operators: Number of operators.

    Returns:
        Blocks, shape (blocks, 4), read-only: a search asks for the same few again and again.
    """
    num_operands = inputs * operators
    operands = np.stack(np.divmod(np.arange(num_operands), operators), axis=-1)
    first, second = np.triu_indices(num_operands)
    blocks = np.concatenate([operands[first], operands[second]], axis=-1, dtype=np.int16)
    blocks.flags.writeable = False
    return blocks


def grow_unique(
    parents: Iterable[Tokens], lookbacks: int, operators: int, lookforward: int, rows: int
) -> Iterator[Tokens]:
    """Yield the unique one-block extensions of all unique cells of one size.

    A limit on look-forward is met by every cell of which at most that many blocks are read; such
    cells are written with the blocks that are read in front.

    Args:
        parents: Arrays of tokens (cells, b-1, 4) that together hold each unique cell once.
        lookbacks: Number of previous cells that may be read.
        operators: Number of operators.
        lookforward: How many blocks of the cell others may read.
        rows: How many extensions to compute at once, about.

    Yields:
        Tokens, shape (cells, b, 4).
    """
    for batch in parents:
        size = batch.shape[1]
        num_inputs = lookbacks + size if lookforward else lookbacks
        blocks = unordered_blocks(num_inputs, operators)
        step = max(1, rows // len(blocks))
        for start in range(0, len(batch), step):
            grown = extend(batch[start : start + step], blocks)
            if lookforward >= size:
                yield _accepted(grown, lookbacks)
                continue

            num_read = _is_read(grown, lookbacks).sum(axis=1)
            within_limit = grown[num_read <= lookforward]
            yield _read_blocks_first(_accepted(within_limit, lookbacks), lookbacks)


def _accepted(cells: Tokens, lookbacks: int) -> Tokens:
    """Return the cells whose last block counts as appended last, one of each class."""
    colours = block_colours(cells, lookbacks)
    unread_colours = np.where(_is_read(cells, lookbacks), np.uint64(0), colours)
    largest = unread_colours.max(axis=1, initial=0)

    accepted = np.flatnonzero(colours[:, -1] == largest)
    keys = combined(colours[accepted])
    _, first = np.unique(keys, return_index=True)
    return cells[accepted[np.sort(first)]]


def _is_read(cells: Tokens, lookbacks: int) -> NDArray[np.bool_]:
    """Return whether some block of the cell reads this block, shape (cells, blocks)."""
    num_cells, size, _ = cells.shape
    block_tokens = np.arange(lookbacks, lookbacks + size)
    sources = cells[:, :, 0::2].reshape(num_cells, -1, 1)
    return (sources == block_tokens).any(axis=1)


def _read_blocks_first(cells: Tokens, lookbacks: int) -> Tokens:
    """Return the same cells with the blocks that are read in front, references renumbered."""
    order = np.argsort(~_is_read(cells, lookbacks), axis=1, kind="stable")
    new_place = np.argsort(order, axis=1).astype(np.int16)
    moved = np.take_along_axis(cells, order[:, :, None], axis=1)

    for column in (0, 2):
        sources = moved[:, :, column]
        is_previous_cell = sources < lookbacks
        # Previous cells have no place; 0 stands in for them and is not used.
        old_place = np.maximum(sources - lookbacks, 0)
        renumbered = lookbacks + np.take_along_axis(new_place, old_place, axis=1)
        moved[:, :, column] = np.where(is_previous_cell, sources, renumbered)
    return moved
