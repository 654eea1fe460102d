"""Equivalence of whole arrays of PNAS cells at once: colour refinement of the graph of blocks.

Symbols:

| symbol | meaning |
|---|---|
| c[j] | 64-bit colour of block j |
| c[s] | colour of a source s: a previous cell (fixed) or a block |
| h(o) | fixed 64-bit hash of operator o |
| M | a mixing function on 64 bits (the finalizer of splitmix64) |
| g | 2^64 divided by the golden ratio, odd |
| T | a constant that is added where both operands of a block are the same source |

Formula (colour refinement, also called the 1-dimensional Weisfeiler-Leman method; Weisfeiler and
Leman 1968), all arithmetic modulo 2^64. A forward sweep, first block to last::

    c[j] <- M( g * c[j]  +  M(c[s1] + h(o1)) + M(c[s2] + h(o2)) + T * [s1 = s2] )

and a backward sweep, last block to first, over the readers i of block j by operand k::

    c[j] <- M( g * c[j]  +  sum over (i, k) of M(c[i] xor h(o_k)) )

The key of a cell is the sum of M(c[j]) over its blocks, so that their order does not matter. Where
two blocks of a cell end with one colour, each block in turn is marked and the sweeps repeated: that
tells apart structures that look alike from every single block (a ring of six blocks from two rings
of three).

Worked example: three blocks ``0: (-1, id, -1, id)``, ``1: (-1, id, -1, id)``,
``2: (0, id, -1, id)``; as tokens with one previous cell, inputs -1, 0, 1 are 0, 1, 2:
``[[0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]]``. The forward sweep gives blocks 0 and 1 one
colour and block 2 another. In the backward sweep block 0 receives a message from its reader,
block 2, and block 1 receives none: all three colours differ. Were block 2 ``(0, id, 1, id)``,
blocks 0 and 1 would keep one colour, as they should: swapping them leaves the cell unchanged.

Equivalent cells get equal keys by construction. Different cells get different ones, up to hash
collisions (odds of one in 10^8 among 300,000 cells), unless they are so symmetric that marking one
block is not enough. No such pair is known. Keys were compared with the exact number of cells
(`pnas.state_space.isomorphism.counting`) up to 8 blocks of one operator and one previous cell, 7
with two previous cells, 6 of two operators, 5 of three.
`pnas.state_space.isomorphism.canonical` is exact at any size.
"""

import numpy as np
from numpy.typing import NDArray

from pnas.state_space.tokens import Tokens

Hashes = NDArray[np.uint64]

# Cells processed together: few enough to stay in the processor's cache, enough to hide numpy's
# cost per call.
_SLAB = 8192

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLIER1 = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLIER2 = np.uint64(0x94D049BB133111EB)
_SAME_SOURCE = np.uint64(0xD6E8FEB86659FD93)
_MARK = np.uint64(0xA0761D6478BD642F)


def class_keys(tokens: Tokens, lookbacks: int) -> Hashes:
    """Return one key per cell, equal for equivalent cells.

    Args:
        tokens: Cells of one size, shape (cells, b, 4).
        lookbacks: How many of the first input tokens are previous cells; the input token
            ``lookbacks + i`` is block i.

    Returns:
        Keys, shape (cells,).
    """
    return combined(block_colours(tokens, lookbacks))


def combined(colours: Hashes) -> Hashes:
    """Return one key per cell from the colours of its blocks, whatever the order of the blocks.

    Args:
        colours: Colours, shape (cells, b).

    Returns:
        Keys, shape (cells,).
    """
    return _mix(colours).sum(axis=1, dtype=np.uint64)


def block_colours(tokens: Tokens, lookbacks: int) -> Hashes:
    """Return the colour of every block, equal where an isomorphism maps one block to the other.

    Args:
        tokens: Cells of one size, shape (cells, b, 4).
        lookbacks: Number of previous cells, as in `class_keys`.

    Returns:
        Colours, shape (cells, b).
    """
    colours = _refined(tokens, lookbacks)
    tied = _cells_with_ties(colours)
    if len(tied) == 0:
        return colours

    for block in range(tokens.shape[1]):
        marked = _refined(tokens[tied], lookbacks, marked=block)
        colours[tied, block] = _mix(colours[tied, block] + combined(marked))
    return colours


def _cells_with_ties(colours: Hashes) -> NDArray[np.intp]:
    in_order = np.sort(colours, axis=1)
    is_repeated = np.diff(in_order, axis=1) == 0
    return np.flatnonzero(is_repeated.any(axis=1))


def _refined(tokens: Tokens, lookbacks: int, marked: int | None = None) -> Hashes:
    """Return colours after sweeps that start from all blocks alike, except ``marked``."""
    num_cells, size, _ = tokens.shape
    colours = np.empty((num_cells, size), np.uint64)
    for start in range(0, num_cells, _SLAB):
        slab = _Slab(tokens[start : start + _SLAB], lookbacks)
        if marked is not None:
            slab.mark(marked)

        slab.sweep_forward()
        # A message travels a whole sweep in its direction, and a path through b blocks turns fewer
        # than b times.
        for _ in range(size // 2):
            slab.sweep_backward()
            slab.sweep_forward()
        colours[start : start + _SLAB] = slab.block_colours()
    return colours


class _Slab:
    """The colours of some cells, refined in place.

    Attributes:
        colours: Shape (sources, cells): previous cells first, then blocks.
        positions: Where each operand's source is in the flattened colours, shape (b, 2, cells).
        operators: Hashes of the operators of the operands, shape (b, 2, cells).
        same_source: `_SAME_SOURCE` where both operands of a block have one source, else 0, shape
            (b, cells).
    """

    def __init__(self, tokens: Tokens, lookbacks: int) -> None:
        num_cells, self.size, _ = tokens.shape
        self.lookbacks = lookbacks
        self.colours = np.zeros((lookbacks + self.size, num_cells), np.uint64)
        self.colours[:lookbacks] = _hashes_of_range(lookbacks, _MULTIPLIER1)[:, None]

        # One row of numpy operations works on one block of all cells.
        by_block = np.ascontiguousarray(tokens.transpose(1, 2, 0), dtype=np.intp)
        sources = by_block[:, 0::2]
        operators = by_block[:, 1::2]
        self.positions = sources * num_cells + np.arange(num_cells)

        num_operators = int(operators.max(initial=0)) + 1
        operator_hashes = _hashes_of_range(num_operators, _MULTIPLIER2)
        self.operators = operator_hashes[operators]
        is_same = sources[:, 0] == sources[:, 1]
        self.same_source = np.where(is_same, _SAME_SOURCE, np.uint64(0))

    def mark(self, block: int) -> None:
        """Give ``block`` of every cell a starting colour of its own."""
        self.colours[self.lookbacks + block] = _MARK

    def block_colours(self) -> Hashes:
        """Return the colours of blocks, shape (cells, b)."""
        return self.colours[self.lookbacks :].T

    def sweep_forward(self) -> None:
        """Recolour each block by itself and its inputs' new colours, first block to last."""
        for block in range(self.size):
            inputs = self.colours.take(self.positions[block])
            first, second = _mix(inputs + self.operators[block])
            self._recolour(block, first + second + self.same_source[block])

    def sweep_backward(self) -> None:
        """Recolour each block by itself and its readers' new colours, last block to first."""
        received = np.zeros_like(self.colours)
        flat = received.reshape(-1)
        for block in reversed(range(self.size)):
            row = self.lookbacks + block
            self._recolour(block, received[row])

            messages = _mix(self.colours[row] ^ self.operators[block])
            # Operand by operand: where both have one source, += on a fancy index adds once.
            for positions, message in zip(self.positions[block], messages, strict=True):
                flat[positions] += message

    def _recolour(self, block: int, message: Hashes) -> None:
        own = self.colours[self.lookbacks + block]
        own[:] = _mix(own * _GOLDEN + message)


def _hashes_of_range(count: int, stream: np.uint64) -> Hashes:
    """Return the hashes of 1 to ``count`` in one of several independent streams."""
    numbers = np.arange(1, count + 1, dtype=np.uint64)
    return _mix(numbers * _GOLDEN + stream)


def _mix(x: Hashes) -> Hashes:
    """Return well-mixed 64-bit hashes in a new array: the finalizer of splitmix64.

    Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
    """
    x = x ^ (x >> np.uint64(30))
    x *= _MULTIPLIER1
    x ^= x >> np.uint64(27)
    x *= _MULTIPLIER2
    x ^= x >> np.uint64(31)
    return x
