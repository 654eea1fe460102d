"""A search whose children take as long as a clock of the test says."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pnas.children import PNASNetworkSpec
from pnas.children.training_time import Workload
from pnas.execution.base import MayStart, always
from pnas.objectives import Facts, make_objectives
from pnas.records import ChildJob, ChildResult, Journal, Status
from pnas.records.child_records import SHORT_REWARD
from pnas.search import SearchSpec
from pnas.search.objective_source import ObjectiveSource
from pnas.search.pacing import TrainingForecast
from pnas.search.rung_ladder import make_ladder
from pnas.state_space import Cell, StateSpace

SPACE = StateSpace(B=2, operators=["3x3 conv", "3x3 dconv", "identity"])
WORKLOAD = Workload((8, 8, 1), 10, 256, 1041, epochs=25, batchsize=64, validations=5)
STARTING = 8.0
PRIOR = TrainingForecast(SPACE, PNASNetworkSpec(), WORKLOAD, None, workers=1)
"""What is known of times before a child was measured."""


class Kill(Exception):
    """Stands for the end of a process between two transactions."""


@dataclass
class FakeTime:
    """A clock that moves when a child is trained."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class FakeExecutor:
    """Trains one child after the other, each in ``slowness`` times the predicted time.

    Attributes:
        kept_epochs: Number of epochs that each rung keeps for a longer training, by its epochs.
        kept: Cells whose networks are kept, the one that was trained last first.
        begun: Text of cell and seed of each training that a longer one may continue.
    """

    clock: FakeTime
    slowness: float = 1.0
    kill_after: int | None = None
    kept_epochs: Mapping[int, int] = field(default_factory=dict)
    trained: list[str] = field(default_factory=list)
    kept: list[Cell] = field(default_factory=list)
    begun: set[str] = field(default_factory=set)

    def run(
        self, jobs: Sequence[ChildJob], may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        for index, job in enumerate(jobs):
            if not may_start(job):
                return
            if self.kill_after is not None and len(self.trained) == self.kill_after:
                raise Kill
            if not self.clock.seconds:
                self.clock.seconds = STARTING
            seconds = self.slowness * self._seconds(job)
            self.clock.seconds += seconds
            self.trained.append(f"{job.cell} {job.seed} {job.epochs}")
            yield index, result_of(job, seconds)

    def close(self) -> None:
        pass

    def _seconds(self, job: ChildJob) -> float:
        """Return the time of a training; a cell whose network is kept is not built again."""
        kept = float(job.cell in self.kept)
        self.kept[:] = [job.cell, *(cell for cell in self.kept if cell != job.cell)][:8]
        return PRIOR.mean_seconds([job.cell], self._epochs(job), kept)

    def _epochs(self, job: ChildJob) -> int:
        """Return for how many epochs the child is trained; a second training begins anew."""
        target = job.epochs or WORKLOAD.epochs
        shorter = [kept for rung, kept in self.kept_epochs.items() if rung < target]
        training = f"{job.cell} {job.seed}"
        is_continued = training in self.begun
        self.begun.add(training)
        return target - max(shorter, default=0) if is_continued else target


def result_of(job: ChildJob, seconds: float) -> ChildResult:
    noise = (job.seed % 100) / 10_000
    reward = 0.8 + 0.02 * str(job.cell).count("3x3 conv") + noise
    losses = [1.0] * (job.epochs or WORKLOAD.epochs)
    if job.epochs is not None:
        metrics = {"loss": losses, SHORT_REWARD: [reward / 2]}
        return ChildResult(job.cell, job.seed, Status.OK, metrics=metrics, seconds=seconds)
    return ChildResult(
        job.cell, job.seed, Status.OK, reward=reward, metrics={"loss": losses}, seconds=seconds
    )


class CountTime:
    """Keeps the seconds of the fake clock in the journal, as `Summarize` keeps real ones."""

    def __init__(self, journal: Journal, clock: FakeTime) -> None:
        self._journal = journal
        self._clock = clock

    def stage_opened(self, b: int, children: Sequence[object]) -> None:
        pass

    def child_ended(self, child: object) -> None:
        self._journal.set_meta(search_seconds=self._clock.seconds)

    def learning(self, b: int) -> None:
        pass

    def stage_closed(self, b: int) -> None:
        pass


@dataclass
class Searched:
    """What one process of a search did."""

    journal: Journal
    executor: FakeExecutor
    clock: FakeTime

    def cells(self, b: int | None = None) -> list[str]:
        return [str(child.cell) for child in self.journal.children(b)]


def objectives_of(spec: SearchSpec) -> ObjectiveSource | None:
    """Return the objectives of ``spec``; a 3x3 convolution has ten parameters, all else has one."""
    if len(spec.objectives) == 1:
        return None

    def before(cell: Cell) -> Facts:
        return Facts(cell, params=2 * len(cell) + 9 * str(cell).count("3x3 conv"))

    def after(cell: Cell) -> Facts:
        return replace(before(cell), reward=0.0)  # the strategy's counts

    return ObjectiveSource(make_objectives(spec.objectives), before=before, after=after)


def kept_of(spec: SearchSpec) -> dict[int, int]:
    """Return what the rungs of ``spec`` keep: all epochs but one, if they are continued."""
    if not spec.continues_trainings:
        return {}
    short = make_ladder(spec.rungs, WORKLOAD.epochs).short
    return {epochs: epochs - 1 for epochs in short}


RunSearch = Callable[..., Searched]
WholeSearch = Callable[..., Searched]


def full_sized(cells: Sequence[Cell]) -> int:
    return sum(len(cell) == SPACE.B for cell in cells)
