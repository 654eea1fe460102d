"""The vocabulary of a fit: only the values that occur in its cells.

A space of larger B has more values of inputs, which smaller cells cannot have. If the products of a
fit had a row for each of them, their sums would be rounded differently on some processors, and a
search whose B was raised would differ from one that had that B from the start.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.neural.initializers import Weights
from pnas.predictors.token_layout import TokenLayout
from pnas.state_space import ABSENT, Tokens


@dataclass(frozen=True)
class Compaction:
    """A layout reduced to the values that occur.

    Attributes:
        layout: The reduced layout.
        kept: Indices of the values that occur, by kind, ascending.
        slot_kinds: Kind of each slot column.
    """

    layout: TokenLayout
    kept: dict[str, NDArray[np.intp]]
    slot_kinds: tuple[str, ...]

    @classmethod
    def of(cls, layout: TokenLayout, tokens: Tokens) -> "Compaction":
        """Return the compaction of ``layout`` to the values in ``tokens`` (n, blocks, slots)."""
        kept = {}
        vocabulary = []
        slots = range(tokens.shape[2])
        for kind, values in layout.vocabulary:
            columns = [slot for slot in slots if layout.slot_kinds[slot] == kind]
            found = np.unique(tokens[:, :, columns])
            # One value at least, so that no array is empty.
            kept[kind] = np.union1d(found[found != ABSENT], [0]).astype(np.intp)
            vocabulary.append((kind, tuple(values[index] for index in kept[kind])))
        reduced = replace(layout, vocabulary=tuple(vocabulary))
        return cls(reduced, kept, layout.slot_kinds)

    def tokens(self, tokens: Tokens) -> Tokens:
        """Return ``tokens`` in the reduced vocabulary."""
        compact = tokens.copy()
        for slot in range(tokens.shape[2]):
            column = tokens[:, :, slot]
            numbers = np.searchsorted(self.kept[self.slot_kinds[slot]], column)
            compact[:, :, slot] = np.where(column == ABSENT, ABSENT, numbers)
        return compact

    def compact(self, weights: Weights) -> Weights:
        """Return ``weights`` with the embeddings of values that occur only."""
        compact = dict(weights)
        for kind, rows in self.kept.items():
            compact[f"embed/{kind}"] = weights[f"embed/{kind}"][:, rows]
        return compact

    def restore(self, weights: Weights, fitted: Weights) -> Weights:
        """Return ``fitted`` weights with all embeddings; other rows stay those of ``weights``."""
        restored = dict(fitted)
        for kind, rows in self.kept.items():
            name = f"embed/{kind}"
            full = weights[name].copy()
            full[:, rows] = fitted[name]
            restored[name] = full
        return restored
