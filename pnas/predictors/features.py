"""Cells as rows of numbers, for predictors that are no neural networks.

Four groups of columns describe a cell: functional paths, operators, operators by place, and what
the cell reads. The first three are counts c as ``log(1 + c)``: the step from none to one tells more
than the step from seven to eight, which keeps the cells of the next size near those of the last.
The fourth is 0 or 1.
"""

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.paths import CellGraph, Codes, count_paths
from pnas.predictors.token_layout import TokenLayout
from pnas.state_space import Tokens

Features = NDArray[np.float64]

GROUPS = ("paths", "operators", "places", "reads")
"""Names of the groups of columns, in their order."""


class CellFeatures:
    """Features of cells of any size, in groups of columns.

    Only known paths have columns of their own; the number of a cell's other paths is one more
    column.

    Attributes:
        known: Codes of the known paths, sorted.
    """

    def __init__(self, layout: TokenLayout, known: Codes) -> None:
        """Count the paths ``known``, which are sorted codes."""
        self._graph = CellGraph(layout)
        self.known = known

    @classmethod
    def of(cls, layout: TokenLayout, tokens: Tokens) -> "CellFeatures":
        """Return features that know all paths of ``tokens`` (n, blocks, slots)."""
        codes = CellGraph(layout).paths(tokens).code
        return cls(layout, np.unique(codes))

    def counts(self, tokens: Tokens) -> list[Features]:
        """Return the groups that count: one array (n, columns) each, as ``log(1 + count)``."""
        counts = (
            count_paths(self._graph.paths(tokens), len(tokens), self.known),
            self._graph.operator_counts(tokens),
            self._graph.place_counts(tokens),
        )
        return [np.log1p(group, dtype=np.float64) for group in counts]

    def groups(self, tokens: Tokens) -> list[Features]:
        """Return all groups, in the order of `GROUPS`: one array (n, columns) each."""
        counts = self.counts(tokens)
        place_counts = counts[-1]
        reads = self._graph.reads(place_counts).astype(np.float64)
        return [*counts, reads]
