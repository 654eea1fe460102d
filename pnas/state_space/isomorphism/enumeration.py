"""Every unique PNAS cell once, in chunks, without a set of all those seen.

Canonical augmentation (McKay, J. Algorithms 26, 1998): of the blocks of a cell that no block reads, those
of the largest colour are the ones it counts as grown last. Growing each unique cell of b-1 blocks in all
ways, and keeping a cell only if its new block is one of those, reaches every cell of b blocks from one
parent only, so that duplicates meet within one parent. It is as exact as the colours are
(`pnas.state_space.isomorphism.colouring`).
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from pnas.state_space.isomorphism.colouring import block_colours, combined
from pnas.state_space.slot_space import Tokens, extend


def unordered_blocks(inputs: int, operators: int) -> Tokens:
    """Every block once, shape (blocks, 4): all unordered pairs of (input, operator)."""
    operands = np.stack(np.divmod(np.arange(inputs * operators), operators), axis=-1)
    first, second = np.triu_indices(len(operands))
    return np.concatenate([operands[first], operands[second]], axis=-1, dtype=np.int16)


def grow_unique(
    parents: Iterable[Tokens], lookbacks: int, operators: int, lookforward: int, rows: int
) -> Iterator[Tokens]:
    """The unique one-block extensions of all unique cells of one size.

    A limit on look-forward is met by every cell of which at most that many blocks are read; such cells are
    written with the blocks that are read in front.

    Args:
        parents: arrays of tokens (cells, b-1, 4) that together hold each unique cell once.
        lookbacks: how many previous cells may be read.
        operators: how many operators there are.
        lookforward: how many blocks of the cell may be read by others.
        rows: how many extensions to work on at once, about.
    """
    for batch in parents:
        size = batch.shape[1]
        blocks = unordered_blocks(lookbacks + (size if lookforward else 0), operators)
        step = max(1, rows // len(blocks))
        for start in range(0, len(batch), step):
            grown = extend(batch[start : start + step], blocks)
            if lookforward < size:
                grown = _within(grown, lookbacks, lookforward)
            kept = _unique_here(grown, lookbacks)
            yield _read_blocks_first(kept, lookbacks) if lookforward < size else kept


def _within(cells: Tokens, lookbacks: int, lookforward: int) -> Tokens:
    return cells[_is_read(cells, lookbacks).sum(axis=1) <= lookforward]


def _unique_here(cells: Tokens, lookbacks: int) -> Tokens:
    """Those whose last block counts as grown last, one of each class."""
    colours = block_colours(cells, lookbacks)
    largest = np.where(_is_read(cells, lookbacks), np.uint64(0), colours).max(axis=1, initial=0)
    accepted = np.flatnonzero(colours[:, -1] == largest)
    _, first = np.unique(combined(colours[accepted]), return_index=True)
    return cells[accepted[np.sort(first)]]


def _is_read(cells: Tokens, lookbacks: int) -> NDArray[np.bool_]:
    """Whether some block of the cell reads this block, shape (cells, blocks)."""
    blocks = np.arange(lookbacks, lookbacks + cells.shape[1])
    return (cells[:, :, 0::2].reshape(len(cells), -1, 1) == blocks).any(axis=1)


def _read_blocks_first(cells: Tokens, lookbacks: int) -> Tokens:
    """The same cells with the blocks that are read moved to the front, references renumbered."""
    order = np.argsort(~_is_read(cells, lookbacks), axis=1, kind="stable")
    place = np.argsort(order, axis=1).astype(np.int16)
    moved = np.take_along_axis(cells, order[:, :, None], axis=1)
    for column in (0, 2):
        sources = moved[:, :, column]
        renumbered = lookbacks + np.take_along_axis(
            place, np.maximum(sources - lookbacks, 0), axis=1
        )
        moved[:, :, column] = np.where(sources < lookbacks, sources, renumbered)
    return moved
