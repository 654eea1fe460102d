"""Cells as a tree of shared prefixes, so that what equal prefixes have in common is computed once.

All extensions of a parent begin with the parent's tokens, and expansion keeps them next to each other. So rows
that follow one another are cut into runs of equal prefixes, one token deeper at each level; a predictor computes
once per run. Order matters for speed alone: rows in any order are scored correctly.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.state_space import ABSENT, Tokens


class Level(NamedTuple):
    """The distinct prefixes (runs) of one length.

    Attributes:
        slot: slot column of this level's token.
        token: (runs,) last token of each run's prefix.
        parent: (runs,) index of the run one token shorter, at the level before.
        start: (runs,) first row of each run.
    """

    slot: int
    token: NDArray[np.int16]
    parent: NDArray[np.intp]
    start: NDArray[np.intp]


def levels(tokens: Tokens) -> Iterator[Level]:
    """The prefix tree of ``tokens`` (n, b, slots), shortest prefixes first; positions absent in all rows left out."""
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


def spread(values: NDArray[np.float32], level: Level, rows: int) -> NDArray[np.float32]:
    """One value per row from one value per run of ``level``."""
    return np.repeat(values, np.diff(level.start, append=rows), axis=0)
