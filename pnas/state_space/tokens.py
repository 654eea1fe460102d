"""Arrays of encoded cells: their type, and the operations on them that need no state space."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int16]
"""Encoded cells, shape (cells, blocks, slots).

A token is the index of a decision in the vocabulary of its slot's kind; `ABSENT` where a cell has
no such block, or a block no such slot.
"""

ABSENT = -1


def extend(parents: Tokens, blocks: Tokens) -> Tokens:
    """Append each block to each parent.

    Args:
        parents: Cells, shape (cells, b-1, slots).
        blocks: Blocks, shape (blocks, slots).

    Returns:
        Cells, shape (cells * blocks, b, slots); the extensions of one parent are adjacent.
    """
    num_parents, size, slots = parents.shape
    grown = np.empty((num_parents, len(blocks), size + 1, slots), parents.dtype)
    grown[:, :, :-1] = parents[:, None]
    grown[:, :, -1] = blocks
    return grown.reshape(-1, size + 1, slots)


def rechunked(parts: Iterable[Tokens], chunk: int) -> Iterator[Tokens]:
    """Yield the rows of ``parts`` in arrays of ``chunk`` rows; the last may be shorter."""
    waiting: list[Tokens] = []
    count = 0
    for part in parts:
        waiting.append(part)
        count += len(part)
        if count < chunk:
            continue

        rows = np.concatenate(waiting)
        end_of_full = count - count % chunk
        for start in range(0, end_of_full, chunk):
            yield rows[start : start + chunk]
        waiting = [rows[end_of_full:]]
        count -= end_of_full

    if count:
        yield np.concatenate(waiting)
