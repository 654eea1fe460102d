"""A search whose children take as long as a clock of the test says."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from pnas.children import PNASNetworkSpec
from pnas.children.training_time import Workload
from pnas.execution.base import MayStart, always
from pnas.objectives import Facts, make_objectives
from pnas.records import ChildJob, ChildResult, Journal, Status
from pnas.search import SearchSpec
from pnas.search.objective_source import ObjectiveSource
from pnas.search.pacing import TrainingForecast
from pnas.state_space import Cell, StateSpace

SPACE = StateSpace(B=2, operators=["3x3 conv", "3x3 dconv", "identity"])
WORKLOAD = Workload((8, 8, 1), 10, 256, 1041, epochs=25, batchsize=64, validations=5)
STARTING = 8.0


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
    """Trains one child after the other, each in ``slowness`` times the predicted time."""

    clock: FakeTime
    slowness: float = 1.0
    kill_after: int | None = None
    trained: list[str] = field(default_factory=list)
    late: bool = False

    def run(
        self, jobs: Sequence[ChildJob], may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        prior = TrainingForecast(SPACE, PNASNetworkSpec(), WORKLOAD, None, workers=1)
        for index, job in enumerate(jobs):
            if not may_start(job):
                return
            if self.kill_after is not None and len(self.trained) == self.kill_after:
                raise Kill
            if not self.clock.seconds:
                self.clock.seconds = STARTING
            seconds = self.slowness * prior.seconds(job.cell)
            self.clock.seconds += seconds
            self.trained.append(f"{job.cell} {job.seed}")
            yield index, result_of(job, seconds)

    def close(self) -> None:
        pass


def result_of(job: ChildJob, seconds: float) -> ChildResult:
    noise = (job.seed % 100) / 10_000
    reward = 0.8 + 0.02 * str(job.cell).count("3x3 conv") + noise
    losses = [1.0] * WORKLOAD.epochs
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

    def facts(cell: Cell) -> Facts:
        return Facts(cell, params=2 * len(cell) + 9 * str(cell).count("3x3 conv"))

    return ObjectiveSource(make_objectives(spec.objectives), before=facts, after=facts)


RunSearch = Callable[..., Searched]


def full_sized(cells: Sequence[Cell]) -> int:
    return sum(len(cell) == SPACE.B for cell in cells)
