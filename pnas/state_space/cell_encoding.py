"""`CellEncoding`: cells as arrays of small integers, which enumeration and predictors work on."""

from collections.abc import Mapping, Sequence

import numpy as np

from pnas.state_space.cell import Cell, Value
from pnas.state_space.tokens import ABSENT, Tokens


class CellEncoding:
    """Turns cells into tokens and back. The token of a value is its place in its vocabulary.

    Args:
        vocabulary: Every value of each kind, in order.
        slot_kinds: Kind of each slot of the widest block.
    """

    def __init__(
        self, vocabulary: Mapping[str, tuple[Value, ...]], slot_kinds: Sequence[str]
    ) -> None:
        self._vocabulary = vocabulary
        self._slot_kinds = slot_kinds
        self._token_of: dict[str, dict[Value, int]] = {}
        for kind, values in vocabulary.items():
            self._token_of[kind] = {value: token for token, value in enumerate(values)}

    def tokens_of(self, kind: str, values: Sequence[Value]) -> list[int]:
        """Return the token of each of ``values``, which are of one kind."""
        return [self._token_of[kind][value] for value in values]

    def encode(self, cells: Sequence[Cell]) -> Tokens:
        """Encode ``cells``, shape (cells, blocks of the longest cell, slots)."""
        length = max(map(len, cells), default=0)
        tokens = np.full((len(cells), length, len(self._slot_kinds)), ABSENT, np.int16)
        for row, cell in zip(tokens, cells, strict=True):
            for columns, block in zip(row, cell.blocks, strict=False):
                columns[: len(block)] = self._encoded_block(block)
        return tokens

    def _encoded_block(self, block: Sequence[Value]) -> list[int]:
        pairs = zip(self._slot_kinds, block, strict=False)
        return [self._token_of[kind][value] for kind, value in pairs]

    def decode(self, tokens: Tokens) -> list[Cell]:
        """Decode ``tokens``; the inverse of `encode`."""
        return [self._decoded_cell(row) for row in tokens.tolist()]

    def _decoded_cell(self, row: list[list[int]]) -> Cell:
        present = [block for block in row if block[0] != ABSENT]
        return Cell(map(self._decoded_block, present))

    def _decoded_block(self, block: list[int]) -> list[Value]:
        values = []
        for kind, token in zip(self._slot_kinds, block, strict=True):
            if token != ABSENT:
                values.append(self._vocabulary[kind][token])
        return values
