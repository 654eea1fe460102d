"""The paper's search on 1 to 256 workers, by simulation: the real loop, strategy and journal, simulated children.

    .venv/bin/python experiments/benchmarks/scale_simulation.py [--journal outputs/quickstart/journal.sqlite ...]

1,160 children (136, then 4 x K=256) go through `SearchLoop` and an executor with a virtual clock that fulfils the
executors' contract and never sleeps. A child's duration is lognormal; its median grows with the blocks of its cell
as measured (see MEDIANS, or fitted to the journals given), and the child of 3 blocks takes --minutes. Learning and
scoring take the seconds that they take here. Three ways to use the workers:

- as asked: children start in the order of the strategy;
- longest first: children that are expected to take long (multiply-adds are known beforehand) start first;
- filled: idle workers train the next best predicted children of the stage until its last child ends. They are
  dropped then, and nothing reads them in this search, so its result is the same; the column counts what they
  finished, data for a later search with a larger K.

Rewards depend on the cell alone, and the best child must come out the same in every simulation. Takes under a
minute; writes a plot.
"""

import argparse
import heapq
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common import print_machine, print_table, progress

from pnas.execution import MayStart, always
from pnas.predictors import ControllerSpec
from pnas.records import ChildJob, ChildResult, Journal, Status, best_child
from pnas.search import (
    ProgressiveSpec,
    Proposal,
    SearchLoop,
    Strategy,
    StrategyContext,
    make_strategy,
)
from pnas.seeds import derive_seed
from pnas.state_space import Cell, StateSpace

B = 5
K = 256
WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
MEDIANS = {1: 1.6, 2: 2.0, 3: 2.9, 4: 4.1, 5: 5.4}
"""Seconds of a quickstart child by its blocks (child_breakdown.py; 4 interpolated): only their ratios are used."""
KNOWN_SIGMA = 0.25
UNKNOWN_SIGMA = 0.15
"""Of log durations within a size: what multiply-adds foretell, and the rest (machine, data, chance)."""


class SimulatedExecutor:
    """Trains children on ``workers`` in virtual time.

    Attributes:
        now: the virtual clock, seconds.
        busy: worker-seconds spent on children.
        training: seconds during which a stage was being trained.
        extras: children finished by workers that would have been idle.
    """

    def __init__(
        self,
        workers: int,
        duration: Callable[[Cell], float],
        expected: Callable[[Cell], float] | None = None,
        fill: bool = False,
    ) -> None:
        self._workers = workers
        self._duration = duration
        self._expected = expected
        self._fill = fill
        self.now = self.busy = self.training = 0.0
        self.extras = 0

    def run(self, jobs: Sequence[ChildJob], may_start: MayStart = always) -> Iterator[Any]:
        order = sorted(
            range(len(jobs)), key=lambda i: -self._expected(jobs[i].cell) if self._expected else i
        )
        began = self.now
        free = [self.now] * self._workers
        ends: list[tuple[float, int, float]] = []
        for index in order:
            if may_start(jobs[index]):
                start = heapq.heappop(free)
                seconds = self._duration(jobs[index].cell)
                heapq.heappush(free, start + seconds)
                ends.append((start + seconds, index, seconds))
        last = max((end for end, _, _ in ends), default=began)
        self._count(began, last, free, jobs, sum(seconds for _, _, seconds in ends))
        for end, index, seconds in sorted(ends):
            self.now = end
            yield index, _result(jobs[index], seconds)

    def _count(
        self, began: float, last: float, free: list[float], jobs: Sequence[ChildJob], busy: float
    ) -> None:
        self.training += last - began
        self.busy += busy
        if self._fill and jobs:
            rng = np.random.default_rng(0)
            seconds = [self._duration(job.cell) for job in jobs]
            for idle_from in free:
                while (idle_from := idle_from + rng.choice(seconds)) <= last:
                    self.extras += 1

    def close(self) -> None:
        """Nothing to stop."""


def _result(job: ChildJob, seconds: float) -> ChildResult:
    reward = 0.9 + 0.1 * derive_seed(0, "reward", str(job.cell)) / 2**31
    return ChildResult(job.cell, job.seed, Status.OK, reward, {}, 1, 1, seconds)


class Durations:
    """Seconds of each child, drawn once from its cell: the same in every simulation."""

    def __init__(
        self, medians: dict[int, float], minutes: float, known: float, unknown: float
    ) -> None:
        self._medians = medians
        self._scale = 60 * minutes / medians[3]
        self._known = known
        self._unknown = unknown

    def expected(self, cell: Cell) -> float:
        return (
            self._scale
            * self._medians[len(cell)]
            * float(np.exp(self._known * self._draw(cell, "known")))
        )

    def __call__(self, cell: Cell) -> float:
        return self.expected(cell) * float(np.exp(self._unknown * self._draw(cell, "unknown")))

    @staticmethod
    def _draw(cell: Cell, name: str) -> float:
        return float(np.random.default_rng(derive_seed(0, name, str(cell))).normal())


class Recording:
    """A strategy that remembers what another proposed, and what asking and telling took."""

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy
        self.proposals: list[Proposal | None] = []
        self.seconds: list[float] = []

    def ask(self) -> Proposal | None:
        return self._timed(self._strategy.ask, self.proposals)

    def tell(self, rewards: Sequence[float | None]) -> dict[str, Any] | None:
        return self._timed(lambda: self._strategy.tell(rewards), [])

    def _timed(self, work: Callable[[], Any], kept: list[Any]) -> Any:
        start = time.perf_counter()
        kept.append(result := work())
        self.seconds.append(time.perf_counter() - start)
        return result

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


def simulate(space: StateSpace, strategy: Any, executor: SimulatedExecutor) -> Cell:
    """Run the search; the best cell it found."""

    def identify(cell: Cell, repeat: int) -> tuple[str, int]:
        return str(cell), derive_seed(0, "child", str(cell))

    with (
        tempfile.TemporaryDirectory() as home,
        Journal(Path(home) / "journal.sqlite", create=True) as journal,
    ):
        loop = SearchLoop(
            make_strategy=lambda history: strategy,
            executor=executor,
            journal=journal,
            identify=identify,
        )
        loop.run()
        best = best_child(journal.children())
    assert best is not None
    return best.cell


def record(space: StateSpace, K: int, durations: Durations) -> tuple[Recording, Cell]:
    """The search with the default predictor, once."""
    spec = ControllerSpec.named("gp")
    context = StrategyContext(ProgressiveSpec(), space, spec.with_K(K), seed=0)
    recording = Recording(make_strategy(context))
    return recording, simulate(space, recording, SimulatedExecutor(1, durations))


def fitted(paths: Sequence[Path]) -> tuple[dict[int, float], float]:
    """Median seconds by blocks, sizes that are missing on the line through the others; log-sd within a size."""
    seconds: dict[int, list[float]] = {}
    for path in paths:
        with Journal(path) as journal:
            for child in journal.children():
                if child.status is Status.OK and child.seconds:
                    seconds.setdefault(child.b, []).append(child.seconds)
    medians = {b: statistics.median(values) for b, values in seconds.items()}
    slope, base = np.polyfit(list(medians), list(medians.values()), 1)
    residuals = [np.log(value / medians[b]) for b, values in seconds.items() for value in values]
    return {b: medians.get(b, float(base + slope * b)) for b in range(1, B + 1)}, float(
        np.std(residuals)
    )


def run_all(
    space: StateSpace, K: int, durations: Durations, workers: Sequence[int]
) -> list[dict[str, float]]:
    """One row of figures for each number of workers."""
    progress("the search with its real predictor, once")
    recording, best = record(space, K, durations)
    learning = sum(recording.seconds)
    rows = []
    for count in workers:
        executors = {
            "asked": SimulatedExecutor(count, durations, fill=True),
            "longest": SimulatedExecutor(count, durations, durations.expected),
        }
        for executor in executors.values():
            assert simulate(space, Replaying(recording), executor) == best
        asked = executors["asked"]
        longest = executors["longest"]
        rows.append(
            {
                "workers": count,
                "hours": (asked.training + learning) / 3600,
                "speed-up": (asked.busy + learning) / (asked.training + learning),
                "idle": 1 - asked.busy / (count * asked.training),
                "extras": asked.extras,
                "hours, longest first": (longest.training + learning) / 3600,
                "speed-up, longest first": (longest.busy + learning)
                / (longest.training + learning),
                "idle, longest first": 1 - longest.busy / (count * longest.training),
                "learning": learning / (asked.training + learning),
            }
        )
    return rows


def show(rows: list[dict[str, float]]) -> None:
    header = ("workers", "hours", "speed-up", "idle at the barrier", "extra children", "longest first: hours",
              "speed-up", "idle", "learning and scoring")  # fmt: skip
    formats = (
        "{:.0f}",
        "{:.2f}",
        "{:.1f}",
        "{:.1%}",
        "{:.0f}",
        "{:.2f}",
        "{:.1f}",
        "{:.1%}",
        "{:.2%}",
    )
    cells = [
        [f.format(value) for f, value in zip(formats, row.values(), strict=True)] for row in rows
    ]
    print_table(header, cells)


def plot(rows: list[dict[str, float]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure((7, 4), layout="constrained")
    axes = figure.subplots()
    workers = [row["workers"] for row in rows]
    axes.plot(workers, workers, color="0.7", label="ideal")
    axes.plot(workers, [row["speed-up"] for row in rows], "o-", label="as asked")
    axes.plot(
        workers, [row["speed-up, longest first"] for row in rows], "s-", label="longest first"
    )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="workers",
        ylabel="speed-up",
        title="The paper's search, simulated",
    )
    axes.set_xticks(workers, [f"{count:.0f}" for count in workers])
    axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    print(f"plot: {path}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--journal", type=Path, nargs="*", default=[], help="measured searches to fit durations to"
    )
    parser.add_argument(
        "--minutes", type=float, default=6.0, help="of the median child of 3 blocks"
    )
    parser.add_argument(
        "--plot", type=Path, default=Path("outputs/benchmarks/scale_simulation.png")
    )
    arguments = parser.parse_args()
    medians = MEDIANS
    known = KNOWN_SIGMA
    if arguments.journal:
        medians, sigma = fitted(arguments.journal)
        known = max(sigma**2 - UNKNOWN_SIGMA**2, 0) ** 0.5
    shown = ", ".join(f"{medians[b] / medians[3]:.2f}" for b in sorted(medians))
    print(
        f"durations: median {arguments.minutes:g} min at 3 blocks, relative to it {shown} for 1 to 5 blocks,"
    )
    print(f"log-sd within a size {(known**2 + UNKNOWN_SIGMA**2) ** 0.5:.2f}\n")
    rows = run_all(
        StateSpace(B), K, Durations(medians, arguments.minutes, known, UNKNOWN_SIGMA), WORKERS
    )
    show(rows)
    print(
        "A stage cannot be shorter than its longest child, and the next one cannot begin before: with as many"
    )
    print(
        "workers as children the search takes the sum of the stages' longest children, plus learning and scoring.\n"
    )
    plot(rows, arguments.plot)
    print_machine("numpy", "tensorflow")


if __name__ == "__main__":
    main()
