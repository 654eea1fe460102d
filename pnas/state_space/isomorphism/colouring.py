"""Identity of PNAS cells for whole arrays of tokens at once: colour refinement of the graph of blocks.

Every block gets a 64-bit colour from its operators and the colours of its inputs, then from the blocks that
read it, in sweeps over all cells together. Where two blocks of a cell end up alike, each block in turn is
marked and the sweeps repeated: that tells apart structures of twin blocks (a ring of six blocks from two
rings of three) that look alike from every single block.

Equivalent cells get equal keys by construction. Different cells get different ones, up to hash collisions
(odds of one in 10^8 among 300,000 cells), unless they are so symmetric that marking one block is not enough.
No such pair is known. Keys were counted against the exact number of cells (`pnas.state_space.isomorphism.counting`) up to
8 blocks of one operator and one previous cell, 7 with two previous cells, 6 of two operators, 5 of three.
`pnas.state_space.isomorphism.canonical` is exact at any size.
"""

import numpy as np
from numpy.typing import NDArray

from pnas.state_space.slot_space import Tokens

Hashes = NDArray[np.uint64]

# Rows worked on together: few enough to stay in the processor's cache, enough to hide numpy's cost per call.
_SLAB = 8192
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ODD1 = np.uint64(0xBF58476D1CE4E5B9)
_ODD2 = np.uint64(0x94D049BB133111EB)
_TWICE = np.uint64(0xD6E8FEB86659FD93)
_MARK = np.uint64(0xA0761D6478BD642F)


def class_keys(tokens: Tokens, lookbacks: int) -> Hashes:
    """One key per cell, equal for equivalent cells.

    Args:
        tokens: (cells, b, 4), all cells of the same b.
        lookbacks: how many of the first input tokens are previous cells; token ``lookbacks + i`` is block i.
    """
    return combined(block_colours(tokens, lookbacks))


def combined(colours: Hashes) -> Hashes:
    """One key per cell from the colours of its blocks, (cells, b), whatever the order of the blocks."""
    return _mix(colours).sum(axis=1, dtype=np.uint64)


def block_colours(tokens: Tokens, lookbacks: int) -> Hashes:
    """Colour of every block, shape (cells, b): equal where an isomorphism maps one block to the other."""
    colours = _refined(tokens, lookbacks)
    tied = np.flatnonzero((np.diff(np.sort(colours, axis=1), axis=1) == 0).any(axis=1))
    for j in range(tokens.shape[1]) if len(tied) else ():
        colours[tied, j] = _mix(
            colours[tied, j] + combined(_refined(tokens[tied], lookbacks, marked=j))
        )
    return colours


def _refined(tokens: Tokens, lookbacks: int, marked: int | None = None) -> Hashes:
    """Colours after sweeps that start from all blocks alike, or all but the block ``marked``."""
    colours = np.empty(tokens.shape[:2], np.uint64)
    for start in range(0, len(tokens), _SLAB):
        slab = _Slab(tokens[start : start + _SLAB], lookbacks)
        if marked is not None:
            slab.colours[lookbacks + marked] = _MARK
        slab.read_inputs()
        # News travels a whole sweep in its direction; a path through b blocks turns fewer than b times.
        for _ in range(tokens.shape[1] // 2):
            slab.read_users()
            slab.read_inputs()
        colours[start : start + _SLAB] = slab.colours[lookbacks:].T
    return colours


class _Slab:
    """The colours of some cells, (inputs, cells): previous cells first, then blocks; refined in place."""

    def __init__(self, tokens: Tokens, lookbacks: int) -> None:
        by_block = np.ascontiguousarray(tokens.transpose(1, 2, 0), dtype=np.intp)
        self.b, _, cells = by_block.shape
        self.lookbacks = lookbacks
        self.colours = np.zeros((lookbacks + self.b, cells), np.uint64)
        self.colours[:lookbacks] = _numbered(lookbacks, _ODD1)[:, None]
        # Operands as flat positions in `colours`, and the hashes of their operators: (b, 2, cells) both.
        self.sources = by_block[:, 0::2] * cells + np.arange(cells)
        self.operators = _numbered(int(by_block[:, 1::2].max(initial=0)) + 1, _ODD2)[
            by_block[:, 1::2]
        ]
        self.twice = np.where(by_block[:, 0] == by_block[:, 2], _TWICE, np.uint64(0))

    def read_inputs(self) -> None:
        """New colour of each block from its own and its inputs' new ones, first block to last."""
        for j in range(self.b):
            operands = _mix(self.colours.take(self.sources[j]) + self.operators[j])
            self._update(j, operands[0] + operands[1] + self.twice[j])

    def read_users(self) -> None:
        """New colour of each block from its own and its users' new ones, last block to first."""
        received = np.zeros_like(self.colours)
        flat = received.reshape(-1)
        for j in reversed(range(self.b)):
            self._update(j, received[self.lookbacks + j])
            messages = _mix(self.colours[self.lookbacks + j] ^ self.operators[j])
            for sources, message in zip(self.sources[j], messages, strict=True):
                flat[sources] += message

    def _update(self, j: int, heard: Hashes) -> None:
        own = self.colours[self.lookbacks + j]
        own[:] = _mix(own * _GOLDEN + heard)


def _numbered(count: int, stream: np.uint64) -> Hashes:
    return _mix(np.arange(1, count + 1, dtype=np.uint64) * _GOLDEN + stream)


def _mix(x: Hashes) -> Hashes:
    """A fresh array of well-mixed 64-bit hashes (the finalizer of splitmix64)."""
    x = x ^ (x >> np.uint64(30))
    x *= _ODD1
    x ^= x >> np.uint64(27)
    x *= _ODD2
    x ^= x >> np.uint64(31)
    return x
