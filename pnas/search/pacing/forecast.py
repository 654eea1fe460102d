"""`TrainingForecast`: the predicted training times of cells, learned from a search's journal."""

import heapq
from collections.abc import Sequence

import numpy as np

from pnas.children import NetworkSpec
from pnas.children.training_time import (
    MeasuredTraining,
    NetworkWork,
    TimeModel,
    Workload,
    mean_work,
    network_work,
    prior_model,
)
from pnas.records import ChildRecord, Journal, Status
from pnas.records.evaluation_cache import seed_if_cached
from pnas.search.pacing.kept_networks import KeptNetworks
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

    Attributes:
        workers, slowdown: See above.
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
        self._typical: dict[int, NetworkWork] = {}
        self._model = prior_model(workload, slowdown)
        self._num_ended = 0
        self._kept = KeptNetworks(workers)

    @property
    def model(self) -> TimeModel:
        """The model, fitted to every child that has ended by now."""
        # Asked for several times a child: only a result is worth a look at all of them.
        num_ended = 0 if self._journal is None else self._journal.num_ended()
        if num_ended != self._num_ended:
            self._num_ended = num_ended
            children = self._measured_children()
            if len(children) != self._model.measured:
                # A journal only grows, so that a model is never fitted to nothing again.
                self._model = self._model.fit(self._trainings(children))
        return self._model

    @property
    def epochs(self) -> int:
        """Number of epochs of a whole training."""
        return self._workload.epochs

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
        return self._seconds(self.model, cell, epochs)

    def typical_seconds(self, b: int, epochs: float | None = None, kept: float = 0.0) -> float:
        """Return the mean predicted seconds of random cells of ``b`` blocks.

        Args:
            b: Number of blocks.
            epochs: Number of epochs; None for full trainings.
            kept: Share of the cells whose network a worker has kept from an earlier training.
        """
        return self._mean_seconds(self._typical_work(b), epochs, kept)

    def mean_seconds(
        self, cells: Sequence[Cell], epochs: float | None = None, kept: float = 0.0
    ) -> float:
        """Return the mean predicted seconds of a training of one of ``cells``.

        Args:
            cells: The cells.
            epochs: Number of epochs; None for full trainings.
            kept: See `typical_seconds`.
        """
        work = mean_work([self._work_of(cell) for cell in cells])
        return self._mean_seconds(work, epochs, kept)

    def _mean_seconds(self, work: NetworkWork, epochs: float | None, kept: float) -> float:
        model = self.model
        seconds = model.seconds(work, epochs)
        if not kept:
            return seconds
        return (1 - kept) * seconds + kept * model.seconds(work, epochs, is_built=True)

    def seconds_together(self, cells: Sequence[Cell], epochs: float | None = None) -> float:
        """Return the predicted seconds until the last of ``cells`` has been trained."""
        return max(self.ends(cells, epochs), default=0.0)

    def ends(self, cells: Sequence[Cell], epochs: float | None = None) -> list[float]:
        """Return after how many seconds each of ``cells`` has been trained.

        They are started in this order, each by the worker that is free first.

        Args:
            cells: The cells.
            epochs: Number of epochs that each is trained for; None for full trainings.
        """
        model = self.model
        free = [0.0] * self.workers
        ends = []
        for cell in cells:
            end = heapq.heappop(free) + self._seconds(model, cell, epochs)
            heapq.heappush(free, end)
            ends.append(end)
        return ends

    def _seconds(self, model: TimeModel, cell: Cell, epochs: float | None) -> float:
        return model.seconds(self._work_of(cell), epochs, is_built=cell in self._kept)

    def _measured_children(self) -> list[ChildRecord]:
        """Return the children that have ended and were trained, in the order of their ends."""
        if self._journal is None:
            return []
        children = [child for child in self._journal.children() if _is_measured(child)]
        children.sort(key=lambda child: child.ended_at or 0.0)
        return children

    def _trainings(self, children: Sequence[ChildRecord]) -> list[MeasuredTraining]:
        """Return what the trainings of ``children`` tell, and take up what workers have kept."""
        assert self._journal is not None
        cost = TrainingCost(self._journal, self._workload.epochs)
        kept = KeptNetworks(self.workers)
        trainings = []
        for child in children:
            training = MeasuredTraining(
                work=self._work_of(child.cell),
                epochs=cost.spent_epochs(child) or self._workload.epochs,
                seconds=child.seconds or 0.0,
                is_built=kept.trained(child),
            )
            trainings.append(training)
        self._kept = kept.of_this_process()
        return trainings

    def _work_of(self, cell: Cell) -> NetworkWork:
        work = self._work.get(cell)
        if work is None:
            shape = self._workload.image_shape
            work = network_work(cell, self._network, shape, self._workload.num_classes)
            self._work[cell] = work
        return work

    def _typical_work(self, b: int) -> NetworkWork:
        if b not in self._typical:
            cells = sample_cells(self._space, b, _SAMPLE_SIZE, self._seed)
            self._typical[b] = mean_work([self._work_of(cell) for cell in cells])
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
    """Whether this search trained ``child``, in a time that was measured, if not to its end."""
    has_trained = child.status in (Status.OK, Status.STOPPED)
    if not has_trained or not child.seconds:
        return False
    return seed_if_cached(child.metrics) is None
