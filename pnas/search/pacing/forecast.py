"""`TrainingForecast`: the predicted training times of cells, learned from a search's journal."""

import heapq
import statistics
from collections.abc import Sequence

import numpy as np

from pnas.children import NetworkSpec
from pnas.children.training_time import (
    MeasuredTraining,
    NetworkWork,
    TimeModel,
    Workload,
    network_work,
    prior_model,
)
from pnas.records import ChildRecord, Journal, Status
from pnas.records.evaluation_cache import seed_if_cached
from pnas.search.training_cost import TrainingCost
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace

_SAMPLE_SIZE = 32
"""Random cells whose mean time is that of a typical cell."""


class TrainingForecast:
    """Predicts how long trainings take, by the children of the journal that have ended.

    Args:
        space: State space that is searched.
        network: Network around a cell.
        workload: What a child is trained on.
        journal: Journal of the search; None for a search that has not begun.
        workers: Number of children that are trained at once.
        seed: Seed of the typical cells.
        slowdown: Factor of all times before a child was measured.
    """

    def __init__(
        self,
        space: SlotSpace,
        network: NetworkSpec,
        workload: Workload,
        journal: Journal | None,
        workers: int,
        seed: int = 0,
        slowdown: float = 1.0,
    ) -> None:
        self.workers = workers
        self.slowdown = slowdown
        self._space = space
        self._network = network
        self._workload = workload
        self._journal = journal
        self._seed = seed
        self._work: dict[Cell, NetworkWork] = {}
        self._typical: dict[int, list[Cell]] = {}
        self._model = prior_model(workload, slowdown)

    @property
    def model(self) -> TimeModel:
        """The model, fitted to every child that has ended by now."""
        measured = self._measured()
        if len(measured) != self._model.measured:
            # A journal only grows, so that a model is never fitted to nothing again.
            self._model = self._model.fit(measured)
        return self._model

    @property
    def is_measured(self) -> bool:
        """Whether a child was measured, so that the speed of this machine is known."""
        return self.model.measured > 0

    def seconds(self, cell: Cell, epochs: float | None = None) -> float:
        """Return the predicted seconds of a training of ``cell``.

        Args:
            cell: The cell.
            epochs: Number of epochs; None for a full training.
        """
        return self.model.seconds(self._work_of(cell), epochs)

    def typical_seconds(self, b: int, share: float = 1.0) -> float:
        """Return the mean predicted seconds of random cells of ``b`` blocks.

        Args:
            b: Number of blocks.
            share: Share of the epochs that they are trained for.
        """
        model = self.model
        epochs = share * self._workload.epochs
        cells = self._typical_cells(b)
        return statistics.fmean(model.seconds(self._work_of(cell), epochs) for cell in cells)

    def typical_cell(self, b: int) -> Cell:
        """Return the random cell of ``b`` blocks whose time is the median."""
        model = self.model
        cells = sorted(self._typical_cells(b), key=lambda cell: model.seconds(self._work_of(cell)))
        return cells[len(cells) // 2]

    def seconds_together(self, cells: Sequence[Cell]) -> float:
        """Return the predicted seconds until the last of ``cells`` has been trained."""
        return max(self.ends(cells), default=0.0)

    def ends(self, cells: Sequence[Cell]) -> list[float]:
        """Return after how many seconds each of ``cells`` has been trained.

        They are started in this order, each by the worker that is free first.
        """
        model = self.model
        free = [0.0] * self.workers
        ends = []
        for cell in cells:
            end = heapq.heappop(free) + model.seconds(self._work_of(cell))
            heapq.heappush(free, end)
            ends.append(end)
        return ends

    def _measured(self) -> list[MeasuredTraining]:
        if self._journal is None:
            return []
        children = [child for child in self._journal.children() if _is_measured(child)]
        children.sort(key=lambda child: child.ended_at or 0.0)
        cost = TrainingCost(self._journal, self._workload.epochs)
        return [self._training(child, cost) for child in children]

    def _training(self, child: ChildRecord, cost: TrainingCost) -> MeasuredTraining:
        return MeasuredTraining(
            work=self._work_of(child.cell),
            epochs=cost.spent_epochs(child) or self._workload.epochs,
            seconds=child.seconds or 0.0,
        )

    def _work_of(self, cell: Cell) -> NetworkWork:
        work = self._work.get(cell)
        if work is None:
            shape = self._workload.image_shape
            work = network_work(cell, self._network, shape, self._workload.num_classes)
            self._work[cell] = work
        return work

    def _typical_cells(self, b: int) -> list[Cell]:
        if b not in self._typical:
            self._typical[b] = sample_cells(self._space, b, _SAMPLE_SIZE, self._seed)
        return self._typical[b]


def sample_cells(space: SlotSpace, b: int, count: int, seed: int) -> list[Cell]:
    """Return ``count`` random cells of ``b`` blocks, each block uniform over those at its place."""
    generator = np.random.default_rng(derive_seed(seed, "plan", b))
    columns = []
    for place in range(1, b + 1):
        blocks = space.block_tokens(place)
        columns.append(blocks[generator.integers(len(blocks), size=count)])
    return space.decode(np.stack(columns, axis=1))


def _is_measured(child: ChildRecord) -> bool:
    """Whether this search trained ``child`` to its end, in a time that was measured."""
    if child.status is not Status.OK or not child.seconds:
        return False
    return seed_if_cached(child.metrics) is None
