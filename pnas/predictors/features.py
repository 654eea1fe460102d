"""Cells as rows of numbers for predictors that are no neural networks.

Paths, operators and their places are counted; of each input, and of blocks, a 0 or 1 tells whether the cell reads it.
"""

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.paths import CellGraph, Codes, count_paths
from pnas.predictors.token_layout import Layout
from pnas.state_space import Tokens

Features = NDArray[np.float64]


class CellFeatures:
    """Features of cells of any size, in groups of columns.

    Only paths that are known have columns of their own; how many others a cell has is one more.
    """

    def __init__(self, layout: Layout, known: Codes) -> None:
        """Count the ``known`` paths, sorted codes."""
        self._graph = CellGraph(layout)
        self.known = known

    @classmethod
    def of(cls, layout: Layout, tokens: Tokens) -> "CellFeatures":
        """Features that know the paths of ``tokens`` (n, b, slots)."""
        return cls(layout, np.unique(CellGraph(layout).paths(tokens).code))

    def counts(self, tokens: Tokens) -> list[Features]:
        """One array (n, columns) for each of paths, operators and operators by place.

        Counts are taken as log(1 + count): the step from none to one tells more than that from seven to eight, which
        keeps cells of the next size near those of the last.
        """
        counts = (
            count_paths(self._graph.paths(tokens), len(tokens), self.known),
            self._graph.operator_counts(tokens),
            self._graph.place_counts(tokens),
        )
        return [np.log1p(group, dtype=np.float64) for group in counts]

    def groups(self, tokens: Tokens) -> list[Features]:
        """The `counts`, and of what a cell reads 0 or 1 (n, inputs + 1); in the order of `GROUPS`."""
        counts = self.counts(tokens)
        return [*counts, self._graph.reads(counts[-1]).astype(np.float64)]


GROUPS = ("paths", "operators", "places", "reads")
