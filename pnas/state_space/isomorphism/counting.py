"""How many PNAS cells there are, exactly and without enumerating them.

Burnside's lemma: the number of cells up to renumbering of their b blocks is the mean, over all b!
permutations of blocks, of the number of numbered cells that the permutation leaves unchanged. That number
depends on the lengths of the permutation's cycles only, and the blocks of one cycle are images of one of
them. What remains is to count acyclic ways in which cycles read cycles, by inclusion and exclusion over
those that nobody reads.
"""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import product
from math import comb, factorial, gcd, prod

_Counts = tuple[int, ...]


def count_cells(b: int, lookbacks: int, operators: int, lookforward: int | None = None) -> int:
    """Number of unique cells of ``b`` blocks.

    Args:
        b: blocks.
        lookbacks: how many previous cells may be read.
        operators: how many operators there are.
        lookforward: how many blocks of the cell may be read by others; None for all.
    """
    total = 0
    for partition in _partitions(b, b):
        cycles = Counter(partition)
        symmetries = prod(length**n * factorial(n) for length, n in cycles.items())
        fixed = _FixedCells(cycles, lookbacks, operators).count(
            b if lookforward is None else lookforward
        )
        total += factorial(b) // symmetries * fixed
    return total // factorial(b)


def _partitions(total: int, largest: int) -> Iterator[list[int]]:
    if total == 0:
        yield []
    for part in range(min(total, largest), 0, -1):
        yield from ([part, *rest] for rest in _partitions(total - part, part))


class _FixedCells:
    """Numbered cells left unchanged by a permutation of their blocks.

    Cycles of one length are alike, so a set of cycles is given by how many it has of each length, and the
    number of ways to choose such a set is a product of binomials.
    """

    def __init__(self, cycles: Counter[int], lookbacks: int, operators: int) -> None:
        self.lengths = tuple(cycles)
        self.all = tuple(cycles.values())
        self.lookbacks = lookbacks
        self.operators = operators
        self.acyclic = cache(self._acyclic)
        self.blocks = cache(self._blocks)

    def count(self, limit: int) -> int:
        """Cells of which at most ``limit`` blocks are read by others."""
        if limit >= sum(map(_times, self.lengths, self.all)):
            return self.acyclic(self.all)
        legal = [
            read for read in _subsets(self.all) if sum(map(_times, self.lengths, read)) <= limit
        ]
        return sum(_choices(self.all, read) * self._reading_exactly(read) for read in legal)

    def _reading_exactly(self, read: _Counts) -> int:
        """Cells whose read blocks are those of the cycles ``read`` (one given set of them)."""
        return sum(
            (-1) ** sum(_minus(read, within))
            * _choices(read, within)
            * self._reading_within(within)
            for within in _subsets(read)
        )

    def _reading_within(self, within: _Counts) -> int:
        return self.acyclic(within) * self._ways(_minus(self.all, within), within)

    def _acyclic(self, cycles: _Counts) -> int:
        """Cells made of the blocks in ``cycles`` alone. ``top``: cycles that nobody reads, at least one."""
        if not any(cycles):
            return 1
        return sum(
            (-1) ** (sum(top) + 1)
            * _choices(cycles, top)
            * self._ways(top, _minus(cycles, top))
            * self.acyclic(_minus(cycles, top))
            for top in _subsets(cycles)
            if any(top)
        )

    def _ways(self, readers: _Counts, within: _Counts) -> int:
        """Ways to choose the blocks of ``readers`` so that they read only previous cells and ``within``."""
        return prod(
            self.blocks(length, within) ** n
            for length, n in zip(self.lengths, readers, strict=True)
        )

    def _blocks(self, length: int, within: _Counts) -> int:
        """Legal first blocks of a cycle of ``length``: those that ``length`` steps of the permutation fix.

        Its two operands are each fixed, or are swapped: then they have one operator and read two blocks that
        those steps exchange.
        """
        sizes = [(m, m * n) for m, n in zip(self.lengths, within, strict=True)]
        fixed = self.operators * (
            self.lookbacks + sum(size for m, size in sizes if length % m == 0)
        )
        exchanged = sum(size for m, size in sizes if m == 2 * gcd(m, length))
        return fixed * (fixed + 1) // 2 + self.operators * exchanged // 2


def _subsets(counts: _Counts) -> Iterator[_Counts]:
    return product(*(range(n + 1) for n in counts))


def _choices(counts: _Counts, chosen: _Counts) -> int:
    return prod(map(comb, counts, chosen))


def _minus(counts: _Counts, taken: _Counts) -> _Counts:
    return tuple(n - t for n, t in zip(counts, taken, strict=True))


def _times(length: int, n: int) -> int:
    return length * n
