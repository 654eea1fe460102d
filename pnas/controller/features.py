"""Cells as rows of numbers for predictors that are no neural networks: paths, operators and their places, counted."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pnas.controller.layout import Layout
from pnas.controller.paths import CellGraph, count_paths
from pnas.state_space import ABSENT, Tokens

Features = NDArray[np.float64]


class CellFeatures:
    """Features of cells of any size, three groups of columns: functional paths, operators, operators by place.

    Only paths of the cells it was made from have columns of their own; how many others a cell has is one more.
    """

    def __init__(self, layout: Layout, tokens: Tokens) -> None:
        """Take the paths of ``tokens`` (n, b, slots) as those that are known."""
        self._graph = CellGraph(layout)
        self._known = np.unique(self._graph.paths(tokens).code)

    def groups(self, tokens: Tokens) -> list[Features]:
        """One array (n, columns) a group, in the order of `GROUPS`.

        Counts are taken as log(1 + count): the step from none to one tells more than that from seven to eight, which
        keeps cells of the next size near those of the last.
        """
        counts = (
            count_paths(self._graph.paths(tokens), len(tokens), self._known),
            self._graph.operator_counts(tokens),
            self._graph.place_counts(tokens),
        )
        return [np.log1p(group, dtype=np.float64) for group in counts]


GROUPS = ("paths", "operators", "places")


def padded(tokens: Sequence[Tokens]) -> Tokens:
    """Tokens of several sizes in one array, ABSENT where shorter."""
    blocks = max((part.shape[1] for part in tokens), default=0)
    wide = [np.pad(part, ((0, 0), (0, blocks - part.shape[1]), (0, 0)), constant_values=ABSENT) for part in tokens]
    return np.concatenate(wide)
