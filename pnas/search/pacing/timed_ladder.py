"""`TimedLadder`: the rungs of a search in a given time, which share its time and not its epochs.

A short training builds and traces the same network as a whole one. Where that takes most of its
time, rungs of equal epochs would spend nearly all of it on the lowest one: here as many cells go on
as make the next rung take about as long.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from pnas.search.pacing.forecast import TrainingForecast
from pnas.search.pacing.kept_networks import kept_share
from pnas.search.rung_ladder import FEWEST_FIRST, Ladder, make_ladder
from pnas.search.strategies.base import ClosedStage
from pnas.state_space import Cell

LARGEST_PROMOTED = 0.5
"""Share of the cells of a rung that go on, at most: more would be no choice."""

FEWEST_WHOLE = 2
"""Whole trainings of the first stage, also where there is no time: a predictor needs some."""


@dataclass(frozen=True)
class TimedLadder(Ladder):
    """Rungs that take about as long as the next one each.

    A search without rungs has a ladder without short trainings: all of its times are those of whole
    trainings.

    Attributes:
        forecast: Predicts how long children train.
        b: Number of blocks of a typical cell.
        kept_epochs: Number of epochs that each rung keeps for a longer training, by its epochs.
    """

    forecast: TrainingForecast = field(compare=False)
    b: int
    kept_epochs: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        rungs: Sequence[float],
        forecast: TrainingForecast,
        b: int,
        kept_epochs: Mapping[int, int] | None = None,
    ) -> "TimedLadder":
        """Return the ladder of ``search.rungs``; see `make_ladder`."""
        plain = make_ladder(rungs, forecast.epochs)
        return cls(plain.short, plain.full, forecast, b, kept_epochs or {})

    @property
    def width(self) -> int:
        """See `Ladder.width`."""
        steps = [*self.short, self.full]
        shares = [self._promoted_share(low, high, cells=1) for low, high in pairwise(steps)]
        promoted = math.prod(shares)
        # A hair above a whole number is rounding.
        return math.ceil(1 / promoted - 1e-9)

    def promoted(self, cells: int, epochs: int) -> int:
        """See `Ladder.promoted`."""
        next_epochs = self.above(epochs) or self.full
        return max(1, round(cells * self._promoted_share(epochs, next_epochs, cells)))

    def _promoted_share(self, epochs: int, next_epochs: int, cells: int) -> float:
        short = self._typical_of(epochs, self.b)
        longer = self._typical_of(next_epochs, self.b, self._kept_share(cells))
        return min(LARGEST_PROMOTED, short / longer)

    # -- one training ------------------------------------------------------------------------------

    def trained_epochs(self, epochs: int | None) -> int:
        """Return for how many epochs a cell is trained that comes to ``epochs`` of them.

        Args:
            epochs: Epochs of a short training; None for a whole one.
        """
        target = epochs or self.full
        kept = [self.kept_epochs.get(rung, 0) for rung in self.short if rung < target]
        return target - max(kept, default=0)

    def seconds(self, cell: Cell, epochs: int | None) -> float:
        """Return the predicted seconds of a training of ``cell`` on the rung of ``epochs``."""
        return self.forecast.seconds(cell, self.trained_epochs(epochs))

    def _typical_of(self, epochs: int | None, b: int, kept: float = 0.0) -> float:
        return self.forecast.typical_seconds(b, self.trained_epochs(epochs), kept)

    def _kept_share(self, cells: int) -> float:
        """Return of how many of ``cells`` that were trained briefly the network is still built."""
        return kept_share(cells, self.forecast.workers)

    def share_of_time(self, epochs: int) -> float:
        """Return how long a typical short training takes, as a share of one from scratch."""
        return self._typical_of(epochs, self.b) / self.forecast.typical_seconds(self.b)

    # -- several trainings -------------------------------------------------------------------------

    def rungs_from(self, epochs: int | None) -> list[int | None]:
        """Return the rungs from the one of ``epochs`` to whole trainings, which are None."""
        if epochs is None:
            return [None]
        higher = [rung for rung in self.short if rung > epochs]
        return [epochs, *higher, None]

    def counts(self, cells: int, epochs: int | None, fewest: int = 1) -> list[int]:
        """Return how many of ``cells`` cells are trained on each rung from ``epochs`` on.

        Args:
            cells: Number of cells on the rung of ``epochs``.
            epochs: Epochs of that rung; None for whole trainings.
            fewest: Number of cells that go on from each rung at least.
        """
        counts = [cells]
        for rung in self.rungs_from(epochs)[:-1]:
            assert rung is not None
            promoted = max(fewest, self.promoted(counts[-1], rung))
            counts.append(min(counts[-1], promoted))
        return counts

    def group_seconds(self, cells: Sequence[Cell], epochs: int | None, is_first: bool) -> float:
        """Return the predicted seconds of a rung of ``cells``, and of all rungs after it.

        Args:
            cells: Cells on the rung of ``epochs``.
            epochs: Epochs of that rung; None for whole trainings.
            is_first: Whether the search begins with them.
        """
        seconds = self.forecast.seconds_together(cells, self.trained_epochs(epochs))
        counts = self.counts(len(cells), epochs, _fewest(len(cells), is_first))
        for rung, below, count in zip(
            self.rungs_from(epochs)[1:], counts[:-1], counts[1:], strict=True
        ):
            one = self._mean_seconds(cells, rung, self._kept_share(below))
            seconds += one * self._rounds(count)
        return seconds

    def spent_seconds(self, stages: Sequence[ClosedStage]) -> float:
        """Return the predicted seconds of the rungs on which a group of cells has been trained."""
        seconds = 0.0
        kept = 0.0
        for stage in stages:
            one = self._mean_seconds(stage.cells, stage.epochs, kept)
            seconds += one * self._rounds(len(stage.cells))
            kept = self._kept_share(len(stage.cells))
        return seconds

    def _mean_seconds(self, cells: Sequence[Cell], epochs: int | None, kept: float) -> float:
        return self.forecast.mean_seconds(cells, self.trained_epochs(epochs), kept)

    def _rounds(self, trainings: int) -> float:
        """Return how many trainings each worker has one after the other, about."""
        return max(1.0, trainings / self.forecast.workers)

    def cost_of_cell(self, b: int, cells: int, fewest: int = 1) -> float:
        """Return the predicted seconds of one worker for a cell and its share of those promoted.

        Args:
            b: Number of blocks of the cell.
            cells: Number of cells that are proposed together.
            fewest: See `counts`.
        """
        seconds = 0.0
        kept = 0.0
        counts = self.counts(cells, self.lowest, fewest)
        for rung, count in zip(self.rungs_from(self.lowest), counts, strict=True):
            seconds += count * self._typical_of(rung, b, kept)
            kept = self._kept_share(count)
        return seconds / cells

    def climb_seconds(self, epochs: int | None, cells: int, kept: float = 0.0) -> float:
        """Return the predicted seconds until typical cells have come from a rung to the last one.

        Args:
            epochs: Epochs of the rung that they are on.
            cells: Number of cells that go on.
            kept: Share of the cells whose networks are still built.
        """
        rungs = self.rungs_from(epochs)[1:]
        rounds = math.ceil(cells / self.forecast.workers)
        return rounds * sum(self._typical_of(rung, self.b, kept) for rung in rungs)

    def least_seconds(self, cells: int, whole: int) -> float:
        """Return the predicted seconds of a small stage of typical cells, and of all its rungs.

        Args:
            cells: Number of cells on the lowest rung; without rungs all are trained whole.
            whole: Number of cells that go on.
        """
        rounds = math.ceil(cells / self.forecast.workers)
        of_lowest = rounds * self._typical_of(self.lowest, self.b)
        return of_lowest + self.climb_seconds(self.lowest, whole, self._kept_share(cells))


def _fewest(cells: int, is_first: bool) -> int:
    """Return how many of ``cells`` go on at least.

    The rungs are judged by those of the first stage, if there is time for more than a few cells.
    """
    if not is_first:
        return 1
    return max(FEWEST_WHOLE, min(FEWEST_FIRST, cells // 2))
