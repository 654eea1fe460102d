"""The number of unique PNAS cells, exactly and without enumerating them.

Symbols:

| symbol | meaning |
|---|---|
| b | number of blocks |
| l | number of previous cells that may be read (``lookbacks``) |
| o | number of operators |
| pi | a permutation of the blocks, with cycles of lengths m1, m2, ... |
| fix(pi) | number of numbered cells that pi leaves unchanged |
| ways(S, T) | ways to choose the blocks of cycles S that read previous cells and cycles T only |

Formula (Burnside's lemma, e.g. Harary and Palmer, *Graphical Enumeration*, 1973, section 2.4)::

    cells(b) = 1 / b! * sum over pi of fix(pi)

fix(pi) depends on the cycle lengths only, and the blocks of one cycle are images of one of them.
It counts acyclic ways in which cycles read cycles, by inclusion and exclusion over the set T of
cycles that no block reads (Robinson's recurrence for labelled acyclic digraphs)::

    fix(C) = sum over non-empty T in C of (-1)^(|T| + 1) * ways(T, C - T) * fix(C - T)

Worked example: b = 3 blocks, l = 1, flat cells (no block reads another). With o = 2 operators there
are n = 3 different blocks: (-1, x, -1, x), (-1, x, -1, y), (-1, y, -1, y). A permutation with c
cycles fixes n^c numbered cells. There is 1 permutation with 3 cycles, there are 3 with 2 and 2 with
1, so that cells(3) = (1 * 27 + 3 * 9 + 2 * 3) / 3! = 10: the multisets of 3 blocks out of 3.
"""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import product
from math import comb, factorial, gcd, prod

_Counts = tuple[int, ...]
"""How many cycles of each length a set of cycles has."""


def count_cells(b: int, lookbacks: int, operators: int, lookforward: int | None = None) -> int:
    """Return the number of unique cells of ``b`` blocks.

    Args:
        b: Number of blocks.
        lookbacks: Number of previous cells that may be read.
        operators: Number of operators.
        lookforward: How many blocks of the cell others may read; None for no limit.
    """
    limit = b if lookforward is None else lookforward
    total = 0
    for partition in _partitions(b, b):
        cycles = Counter(partition)
        fixed = _FixedCells(cycles, lookbacks, operators).count(limit)
        total += _permutations_of_type(b, cycles) * fixed
    return total // factorial(b)


def _permutations_of_type(b: int, cycles: Counter[int]) -> int:
    """Return how many permutations of ``b`` blocks have these cycle lengths."""
    symmetries = 1
    for length, times in cycles.items():
        symmetries *= length**times * factorial(times)
    return factorial(b) // symmetries


def _partitions(total: int, largest: int) -> Iterator[list[int]]:
    """Yield the ways to write ``total`` as a sum of parts of at most ``largest``."""
    if total == 0:
        yield []
        return
    for part in range(min(total, largest), 0, -1):
        for rest in _partitions(total - part, part):
            yield [part, *rest]


class _FixedCells:
    """Numbered cells that a permutation of their blocks leaves unchanged.

    Cycles of one length are alike, so a set of cycles is given by how many it has of each length,
    and the number of ways to choose such a set is a product of binomials.
    """

    def __init__(self, cycles: Counter[int], lookbacks: int, operators: int) -> None:
        self.lengths = tuple(cycles)
        self.all = tuple(cycles.values())
        self.lookbacks = lookbacks
        self.operators = operators
        # Caches belong to the instance: the same subsets recur in every sum below.
        self.acyclic = cache(self._acyclic)
        self.blocks = cache(self._blocks)

    def count(self, limit: int) -> int:
        """Return the number of cells of which others read at most ``limit`` blocks."""
        if limit >= self._num_blocks(self.all):
            return self.acyclic(self.all)

        total = 0
        for read in _subsets(self.all):
            if self._num_blocks(read) <= limit:
                total += _num_choices(self.all, read) * self._reading_exactly(read)
        return total

    def _num_blocks(self, cycles: _Counts) -> int:
        pairs = zip(self.lengths, cycles, strict=True)
        return sum(length * times for length, times in pairs)

    def _reading_exactly(self, read: _Counts) -> int:
        """Count cells whose read blocks are those of one given set of cycles."""
        total = 0
        for within in _subsets(read):
            sign = _sign(_minus(read, within))
            total += sign * _num_choices(read, within) * self._reading_within(within)
        return total

    def _reading_within(self, within: _Counts) -> int:
        others = _minus(self.all, within)
        return self.acyclic(within) * self._ways(others, within)

    def _acyclic(self, cycles: _Counts) -> int:
        """Count cells made of the blocks in ``cycles`` alone."""
        if not any(cycles):
            return 1

        total = 0
        for unread in _subsets(cycles):
            # Some cycle is read by no block: the graph is acyclic.
            if not any(unread):
                continue
            rest = _minus(cycles, unread)
            ways = self._ways(unread, rest) * self.acyclic(rest)
            total -= _sign(unread) * _num_choices(cycles, unread) * ways
        return total

    def _ways(self, readers: _Counts, within: _Counts) -> int:
        """Count the choices of blocks for ``readers`` that read previous cells and ``within``."""
        ways = 1
        for length, times in zip(self.lengths, readers, strict=True):
            ways *= self.blocks(length, within) ** times
        return ways

    def _blocks(self, length: int, within: _Counts) -> int:
        """Count the first blocks of a cycle of ``length``: ``length`` steps of pi must fix them.

        Either both operands are fixed, or they are swapped: then they have one operator, and read
        two blocks that those steps exchange.
        """
        readable = self.lookbacks
        exchanged = 0
        for other_length, times in zip(self.lengths, within, strict=True):
            size = other_length * times
            if length % other_length == 0:
                readable += size
            if other_length == 2 * gcd(other_length, length):
                exchanged += size

        operands = self.operators * readable
        both_fixed = operands * (operands + 1) // 2
        swapped = self.operators * exchanged // 2
        return both_fixed + swapped


def _subsets(counts: _Counts) -> Iterator[_Counts]:
    return product(*(range(count + 1) for count in counts))


def _num_choices(counts: _Counts, chosen: _Counts) -> int:
    return prod(map(comb, counts, chosen))


def _minus(counts: _Counts, taken: _Counts) -> _Counts:
    return tuple(count - less for count, less in zip(counts, taken, strict=True))


def _sign(cycles: _Counts) -> int:
    """Return (-1) to the number of cycles, the sign in inclusion and exclusion."""
    return -1 if sum(cycles) % 2 else 1
