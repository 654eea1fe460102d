"""Cells as a tree of shared prefixes: what equal prefixes have in common is computed once.

All extensions of a parent begin with the parent's tokens, and expansion keeps them next to each
other. So consecutive rows are cut into runs of equal prefixes, one token deeper at each level, and
a predictor computes once a run. The order of rows matters for speed alone: any order is scored
correctly.

Example, three cells of three tokens each:

    row 0   A B C        level 0: token [A]        parent [0]          start [0]
    row 1   A B D        level 1: token [B, E]     parent [0, 0]       start [0, 2]
    row 2   A E D        level 2: token [C, D, D]  parent [0, 0, 1]    start [0, 1, 2]

A level has one entry a run: its last token, the run of the level before that it goes on from, and
its first row.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.state_space import ABSENT, Tokens


class Level(NamedTuple):
    """The distinct prefixes (runs) of one length.

    Attributes:
        slot: Slot column of this level's token.
        token: Last token of each run's prefix, (runs,).
        parent: Index of the run that is one token shorter, at the level before, (runs,).
        start: First row of each run, (runs,).
    """

    slot: int
    token: NDArray[np.int16]
    parent: NDArray[np.intp]
    start: NDArray[np.intp]


def prefix_levels(tokens: Tokens) -> Iterator[Level]:
    """Yield the prefix tree of ``tokens`` (n, blocks, slots), shortest prefixes first.

    Positions that are absent in all rows are left out.
    """
    rows, blocks, slots = tokens.shape
    columns = np.ascontiguousarray(tokens.reshape(rows, blocks * slots).T)
    is_start = np.zeros(rows, bool)
    is_start[:1] = True
    run_of_row = np.zeros(rows, np.intp)  # all rows share the empty prefix

    for position, column in enumerate(columns):
        if (column == ABSENT).all():
            continue
        is_start[1:] |= column[1:] != column[:-1]
        start = np.flatnonzero(is_start)
        yield Level(position % slots, column[start], run_of_row[start], start)
        run_of_row = np.cumsum(is_start) - 1


def repeat_runs(values: NDArray[np.float32], level: Level, rows: int) -> NDArray[np.float32]:
    """Return one value a row from one value a run of ``level``."""
    lengths = np.diff(level.start, append=rows)
    return np.repeat(values, lengths, axis=0)


_ROWS_OF_A_PRODUCT = 16


def table_product(rows: NDArray[np.float32], kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``rows @ kernel``, each row computed alike whatever the number of rows.

    A matrix product of another shape may be rounded otherwise. A space of larger B has more rows
    in its vocabulary, and the scores of its cells must not depend on that: a rank among close
    predictions would change.

    Args:
        rows: Rows of a vocabulary, (values, width).
        kernel: One or several matrices, (..., width, columns).

    Returns:
        The products, (..., values, columns).
    """
    count = len(rows)
    missing = -count % _ROWS_OF_A_PRODUCT
    padded = np.pad(rows, ((0, missing), (0, 0)))
    products = []
    for first in range(0, len(padded), _ROWS_OF_A_PRODUCT):
        products.append(padded[first : first + _ROWS_OF_A_PRODUCT] @ kernel)
    return np.concatenate(products, axis=-2)[..., :count, :]
