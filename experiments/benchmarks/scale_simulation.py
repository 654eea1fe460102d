"""The paper's search on 1 to 256 workers, by simulation: real loop, strategy and journal.

    .venv/bin/python experiments/benchmarks/scale_simulation.py [--journal JOURNAL ...]

1,160 children (136, then 4 x K=256) go through `SearchLoop` and an executor with a virtual clock
that fulfils the executors' contract and never sleeps. A child's duration is lognormal; its median
grows with the blocks of its cell as measured (see MEDIANS, or fitted to the journals given), and
the child of 3 blocks takes --minutes. Learning and scoring take the seconds that they take here.
Three ways to use the workers:

- as asked: children start in the order of the strategy;
- longest first: children that are expected to take long (multiply-adds are known beforehand)
  start first;
- filled: idle workers train the next best predicted children of the stage until its last child
  ends.
  They are dropped then, and nothing reads them in this search, so its result is the same; the
  column counts what they finished, data for a later search with a larger K.

Rewards depend on the cell alone, and the best child must come out the same in every simulation.
Takes under a minute; writes a plot.
"""

import heapq
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import clock, make_parser, print_machine, print_table, progress

from pnas.execution import MayStart, always
from pnas.predictors import named_spec
from pnas.records import ChildJob, ChildResult, Journal, Status, best_child
from pnas.search import (
    ProgressiveSpec,
    Proposal,
    SearchLoop,
    Strategy,
    StrategyContext,
    make_strategy,
)
from pnas.search.training_setup import TrainingSetup
from pnas.seeds import derive_seed
from pnas.state_space import Cell, StateSpace

B = 5
K = 256
WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
MEDIANS = {1: 1.6, 2: 2.0, 3: 2.9, 4: 4.1, 5: 5.4}
"""Seconds of a quickstart child by its blocks (child_breakdown.py; 4 interpolated).

Only their ratios are used.
"""

# Standard deviations of log durations within a size: what multiply-adds predict, and the rest
# (machine, data, chance).
KNOWN_SIGMA = 0.25
UNKNOWN_SIGMA = 0.15


def main() -> None:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--journal", type=Path, nargs="*", default=[], help="searches to fit durations to")
    add("--minutes", type=float, default=6.0, help="minutes of the median child of 3 blocks")
    add("--plot", type=Path, default=Path("outputs/benchmarks/scale_simulation.png"))
    add("--K", type=int, default=K, help="children of each stage but the first")
    add("--workers", type=int, nargs="*", default=list(WORKERS))
    arguments = parser.parse_args()

    medians = MEDIANS
    known = KNOWN_SIGMA
    if arguments.journal:
        medians, sigma = fit_durations(arguments.journal)
        known = max(sigma**2 - UNKNOWN_SIGMA**2, 0) ** 0.5
    durations = Durations(medians, arguments.minutes, known, UNKNOWN_SIGMA)
    show_durations(medians, arguments.minutes, known)

    rows = simulate_all(StateSpace(B), arguments.K, durations, arguments.workers)
    show(rows)
    plot(rows, arguments.plot)
    print_machine("numpy", "tensorflow")


# -- durations -------------------------------------------------------------------------------------


class Durations:
    """Seconds of each child, sampled once from its cell: the same in every simulation."""

    def __init__(
        self, medians: dict[int, float], minutes: float, known: float, unknown: float
    ) -> None:
        self._medians = medians
        self._scale = 60 * minutes / medians[3]
        self._known = known
        self._unknown = unknown

    def expected(self, cell: Cell) -> float:
        """Return the seconds that are expected of ``cell`` before it is trained."""
        median = self._scale * self._medians[len(cell)]
        return median * float(np.exp(self._known * _normal(cell, "known")))

    def __call__(self, cell: Cell) -> float:
        """Return the seconds that ``cell`` takes."""
        return self.expected(cell) * float(np.exp(self._unknown * _normal(cell, "unknown")))


def _normal(cell: Cell, name: str) -> float:
    """Return a standard normal number that belongs to the cell."""
    seed = derive_seed(0, name, str(cell))
    return float(np.random.default_rng(seed).normal())


def fit_durations(paths: Sequence[Path]) -> tuple[dict[int, float], float]:
    """Fit durations to finished searches.

    Returns:
        Median seconds by blocks, with sizes that are missing on the line through the others; and
        the standard deviation of log seconds within a size.
    """
    seconds: dict[int, list[float]] = {}
    for path in paths:
        with Journal(path) as journal:
            for child in journal.children():
                if child.status is Status.OK and child.seconds:
                    seconds.setdefault(child.b, []).append(child.seconds)

    medians = {b: statistics.median(values) for b, values in seconds.items()}
    residuals = []
    for b, values in seconds.items():
        residuals += np.log(np.array(values) / medians[b]).tolist()
    slope, base = np.polyfit(list(medians), list(medians.values()), 1)
    fitted = {b: medians.get(b, float(base + slope * b)) for b in range(1, B + 1)}
    return fitted, float(np.std(residuals))


def show_durations(medians: dict[int, float], minutes: float, known: float) -> None:
    ratios = ", ".join(f"{medians[b] / medians[3]:.2f}" for b in sorted(medians))
    sigma = (known**2 + UNKNOWN_SIGMA**2) ** 0.5
    print(f"durations: median {minutes:g} min at 3 blocks, relative to it {ratios}")
    print(f"for 1 to 5 blocks, log-sd within a size {sigma:.2f}\n")


# -- the simulated executor ------------------------------------------------------------------------


class SimulatedExecutor:
    """Trains children on some workers in virtual time.

    Attributes:
        now: The virtual clock, in seconds.
        busy: Worker-seconds spent on children.
        training: Seconds during which a stage was being trained.
        extras: Children finished by workers that would have been idle.
    """

    def __init__(
        self,
        workers: int,
        duration: Callable[[Cell], float],
        expected: Callable[[Cell], float] | None = None,
        fill: bool = False,
    ) -> None:
        """Make an executor.

        Args:
            workers: Number of workers.
            duration: Seconds that a cell takes.
            expected: Seconds that are expected of it; children then start longest first. None to
                start them in the order in which they are asked for.
            fill: Whether idle workers train further children.
        """
        self._workers = workers
        self._duration = duration
        self._expected = expected
        self._fill = fill
        self.now = 0.0
        self.busy = 0.0
        self.training = 0.0
        self.extras = 0

    def run(self, jobs: Sequence[ChildJob], may_start: MayStart = always) -> Iterator[Any]:
        began = self.now
        free_at = [self.now] * self._workers
        ends: list[tuple[float, int, float]] = []
        for index in self._start_order(jobs):
            if not may_start(jobs[index]):
                continue
            start = heapq.heappop(free_at)
            seconds = self._duration(jobs[index].cell)
            heapq.heappush(free_at, start + seconds)
            ends.append((start + seconds, index, seconds))

        last = max((end for end, _, _ in ends), default=began)
        self.training += last - began
        self.busy += sum(seconds for _, _, seconds in ends)
        if self._fill and jobs:
            self._count_extras(jobs, free_at, last)
        for end, index, seconds in sorted(ends):
            self.now = end
            yield index, make_result(jobs[index], seconds)

    def _start_order(self, jobs: Sequence[ChildJob]) -> list[int]:
        order = list(range(len(jobs)))
        expected = self._expected
        if expected is not None:
            order.sort(key=lambda index: -expected(jobs[index].cell))
        return order

    def _count_extras(self, jobs: Sequence[ChildJob], free_at: list[float], last: float) -> None:
        """Count the children that idle workers finish before the last child of the stage ends."""
        rng = np.random.default_rng(0)
        seconds = [self._duration(job.cell) for job in jobs]
        for idle_from in free_at:
            end = idle_from + rng.choice(seconds)
            while end <= last:
                self.extras += 1
                end += rng.choice(seconds)

    def close(self) -> None:
        """Do nothing: there is nothing to stop."""


def make_result(job: ChildJob, seconds: float) -> ChildResult:
    reward = 0.9 + 0.1 * derive_seed(0, "reward", str(job.cell)) / 2**31
    return ChildResult(job.cell, job.seed, Status.OK, reward, {}, 1, 1, seconds)


# -- strategies ------------------------------------------------------------------------------------


class Recording:
    """A strategy that keeps what another one proposed, and the seconds of asking and telling."""

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy
        self.proposals: list[Proposal | None] = []
        self.seconds = 0.0

    def ask(self) -> Proposal | None:
        with clock() as timing:
            proposal = self._strategy.ask()
        self.proposals.append(proposal)
        self.seconds += timing.wall
        return proposal

    def tell(self, rewards: Sequence[float | None]) -> dict[str, Any] | None:
        with clock() as timing:
            told = self._strategy.tell(rewards)
        self.seconds += timing.wall
        return told

    def is_over(self) -> bool:
        return False


class Replaying:
    """The recorded strategy again: it proposes the same, since no reward depends on the workers."""

    def __init__(self, recording: Recording) -> None:
        self._proposals = iter(recording.proposals)

    def ask(self) -> Proposal | None:
        return next(self._proposals)

    def tell(self, rewards: Sequence[float | None]) -> dict[str, Any] | None:
        return None

    def is_over(self) -> bool:
        return False


# -- simulations -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figures:
    """Figures of one simulation.

    Attributes:
        hours: Hours by the virtual clock, with learning and scoring.
        speed_up: Against one worker.
        idle: Share of the workers' time that they wait for a stage to end.
        extras: Children finished by workers that would have been idle.
        learning: Share of learning and scoring.
    """

    hours: float
    speed_up: float
    idle: float
    extras: int
    learning: float


@dataclass(frozen=True)
class Row:
    """One number of workers, with children in the order asked for and longest first."""

    workers: int
    asked: Figures
    longest_first: Figures


def simulate_all(
    space: StateSpace, K: int, durations: Durations, workers: Sequence[int]
) -> list[Row]:
    progress("the search with its real predictor, once")
    spec = named_spec("gp").with_K(K)
    context = StrategyContext(ProgressiveSpec(), space, spec, seed=0)
    recording = Recording(make_strategy(context))
    best = simulate(recording, SimulatedExecutor(1, durations))

    rows = []
    for count in workers:
        in_order = SimulatedExecutor(count, durations, fill=True)
        longest_first = SimulatedExecutor(count, durations, durations.expected)
        for executor in (in_order, longest_first):
            assert simulate(Replaying(recording), executor) == best
        asked = read_figures(in_order, count, recording.seconds)
        longest = read_figures(longest_first, count, recording.seconds)
        rows.append(Row(count, asked, longest))
    return rows


def simulate(strategy: Any, executor: SimulatedExecutor) -> Cell:
    """Run the search; return the best cell that it found."""

    def identify(cell: Cell, repeat: int) -> tuple[str, int]:
        return str(cell), derive_seed(0, "child", str(cell))

    with (
        tempfile.TemporaryDirectory() as home,
        Journal(Path(home) / "journal.sqlite", create=True) as journal,
    ):
        loop = SearchLoop(
            make_strategy=lambda history: strategy,
            training=TrainingSetup(executor),
            journal=journal,
            identify=identify,
        )
        loop.run()
        best = best_child(journal.children())
    assert best is not None
    return best.cell


def read_figures(executor: SimulatedExecutor, workers: int, learning: float) -> Figures:
    elapsed = executor.training + learning
    return Figures(
        hours=elapsed / 3600,
        speed_up=(executor.busy + learning) / elapsed,
        idle=1 - executor.busy / (workers * executor.training),
        extras=executor.extras,
        learning=learning / elapsed,
    )


# -- report ----------------------------------------------------------------------------------------


def show(rows: list[Row]) -> None:
    header = (
        "workers",
        "hours",
        "speed-up",
        "idle at the barrier",
        "extra children",
        "longest first: hours",
        "speed-up",
        "idle",
        "learning and scoring",
    )
    cells = []
    for row in rows:
        asked = row.asked
        longest = row.longest_first
        cells.append(
            (
                f"{row.workers}",
                f"{asked.hours:.2f}",
                f"{asked.speed_up:.1f}",
                f"{asked.idle:.1%}",
                f"{asked.extras}",
                f"{longest.hours:.2f}",
                f"{longest.speed_up:.1f}",
                f"{longest.idle:.1%}",
                f"{asked.learning:.2%}",
            )
        )
    print_table(header, cells)
    print("A stage cannot be shorter than its longest child, and the next one cannot begin before:")
    print("with as many workers as children the search takes the sum of the stages' longest")
    print("children, plus learning and scoring.\n")


def plot(rows: list[Row], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure((7, 4), layout="constrained")
    axes = figure.subplots()
    workers = [row.workers for row in rows]
    axes.plot(workers, workers, color="0.7", label="ideal")
    axes.plot(workers, [row.asked.speed_up for row in rows], "o-", label="as asked")
    axes.plot(workers, [row.longest_first.speed_up for row in rows], "s-", label="longest first")
    axes.set(xscale="log", yscale="log", xlabel="workers", ylabel="speed-up")
    axes.set_title("The paper's search, simulated")
    axes.set_xticks(workers, [f"{count}" for count in workers])
    axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    print(f"plot: {path}")


if __name__ == "__main__":
    main()
