"""The rungs of a search: for how many epochs cells are trained before the best go on.

Successive halving (Karnin et al., 2013; Jamieson and Talwalkar, 2016) with its rungs given as
shares of the whole training, as in ASHA (Li et al., 2020): each rung takes about as many epochs as
the next one, since what it trains for a part of the time it trains as many times more of.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple, Self

from pnas.errors import require

_KEY = "search.rungs"

FEWEST_FIRST = 6
"""Cells of the first stage, at least, that are trained whole: the rungs are judged by them."""


class Promotion(NamedTuple):
    """The cells that go on to a rung.

    Attributes:
        epochs: Epochs of the rung; None for whole trainings.
        cells: Number of cells.
    """

    epochs: int | None
    cells: int


@dataclass(frozen=True)
class Ladder:
    """The rungs below the whole training.

    Attributes:
        short: Epochs of the short trainings, in ascending order.
        full: Epochs of a whole training.
    """

    short: tuple[int, ...]
    full: int

    @property
    def width(self) -> int:
        """Number of cells on the lowest rung for each cell that is trained whole."""
        if not self.short:
            return 1
        return math.ceil(self.full / self.short[0])

    @property
    def lowest(self) -> int | None:
        """Epochs of the lowest rung; None for a whole training."""
        return self.short[0] if self.short else None

    def above(self, epochs: int) -> int | None:
        """Return the epochs of the rung above ``epochs``; None for a whole training."""
        higher = [each for each in self.short if each > epochs]
        return min(higher, default=None)

    def promoted(self, cells: int, epochs: int) -> int:
        """Return how many of ``cells`` go on from the rung of ``epochs`` to the next one."""
        next_epochs = self.above(epochs) or self.full
        return max(1, round(cells * epochs / next_epochs))

    def promotions(self, cells: int, epochs: int | None) -> list[Promotion]:
        """Return what comes after ``cells`` cells on the rung of ``epochs``, rung by rung.

        Args:
            cells: Number of cells on the rung.
            epochs: Epochs of the rung; None for whole trainings, after which nothing comes.
        """
        found: list[Promotion] = []
        while epochs is not None:
            cells = self.promoted(cells, epochs)
            epochs = self.above(epochs)
            found.append(Promotion(epochs, cells))
        return found

    def trainings(self, cells: int) -> float:
        """Return the cost of the first ``cells`` cells of a search, in whole trainings."""
        cost = 0.0
        left = cells
        for epochs in self.short:
            cost += left * epochs / self.full
            left = max(self.promoted(left, epochs), min(FEWEST_FIRST, left))
        return cost + left

    def without(self, dropped: Sequence[int]) -> Self:
        """Return the ladder without the rungs of these epochs."""
        kept = tuple(epochs for epochs in self.short if epochs not in dropped)
        return replace(self, short=kept)


def make_ladder(rungs: Sequence[float], epochs: float) -> Ladder:
    """Return the ladder of ``search.rungs``.

    Args:
        rungs: Shares of the epochs, in ascending order; the last one is 1. None at all for
            whole trainings only.
        epochs: Epochs of a whole training.

    Raises:
        InvalidValue: Two rungs have the same whole number of epochs, or one has none.
    """
    full = round(epochs)
    short: list[int] = []
    for share in rungs[:-1]:
        short.append(round(share * full))
    steps = [*short, full]
    differ = all(low < high for low, high in pairwise(steps))
    rule = (
        f"must be shares of trainer.epochs={full} that round to different whole numbers of "
        f"epochs from 1; these round to {', '.join(map(str, steps))}"
    )
    require(steps[0] >= 1 and differ, _KEY, rule, list(rungs))
    return Ladder(tuple(short), full)
