"""Searches that await nothing beside those of stages: workers that train, and cells that are found.

    .venv/bin/python experiments/benchmarks/asynchronous_searches.py idle
    .venv/bin/python experiments/benchmarks/asynchronous_searches.py quality TABLE --seeds 30

``idle`` runs the real loops, strategies and journals on up to 1,000 workers with a virtual clock.
Durations are lognormal, as in `scale_simulation.py`, and a search trains ten children a worker, at
least 1,160. A stage of the synchronous search has as many children as there are workers, the
longest of which are started first. What a search computes takes the processor seconds that it takes
here. Two figures: the share of the workers' time that they train until the last child is started,
and until it ends; from the one to the other a budget leaves workers idle in any search. A search
with a predictor takes 15 minutes of processor, the others two.

``quality`` searches a world of known truth (`known_truth.py`) with equal numbers of trainings, a
fifth of them for confirmation, and judges the winner. Durations of children are those of the table
where it has them. Prints the regret in points, and the asynchronous search's less that of the
synchronous one, paired over seeds: below 0 it is the better one. Results are kept in --cache, so
that the same command continues. 30 seeds take 20 minutes of processor.
"""

import argparse
import math
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from common import (
    make_parser,
    paired_interval,
    print_machine,
    print_table,
    progress,
    results_of_seeds,
)
from known_truth import World, make_world
from virtual_workers import VirtualWorkers

from pnas.predictors import named_spec
from pnas.records import ChildJob, ChildResult, Journal, Status
from pnas.runs.child_identity import identify
from pnas.search import StrategyContext, make_search_spec
from pnas.search.search_run import SearchRun
from pnas.search.training_setup import TrainingSetup
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace, StateSpace

WORKERS = (1, 8, 32, 64, 128, 256, 512, 1000)
CHILDREN_OF_A_WORKER = 10
LEAST_CHILDREN = 1160
MEDIAN_SECONDS = 360.0
KNOWN_SIGMA = 0.25
UNKNOWN_SIGMA = 0.15
"""Standard deviations of log durations: what multiply-adds predict, and the rest."""

STAGE_KEY = {"random": "batch", "evolution": "batch", "refined": "refine"}


def main() -> None:
    parser = make_parser(__doc__)
    parts = parser.add_subparsers(dest="part", required=True)
    idle = parts.add_parser("idle")
    idle.add_argument("--workers", type=int, nargs="*", default=list(WORKERS))
    idle.add_argument("--kinds", nargs="*", default=["random", "evolution"])
    idle.add_argument("--children", type=int, help="trainings of each search")
    quality = parts.add_parser("quality")
    quality.add_argument("table")
    quality.add_argument("--noise", type=float, default=0.0)
    quality.add_argument("--reward", help="column of the reward")
    quality.add_argument("--seeds", type=int, default=30)
    quality.add_argument("--workers", type=int, nargs="*", default=[8, 32])
    quality.add_argument("--budgets", type=int, nargs="*", default=[60, 130])
    quality.add_argument("--kinds", nargs="*", default=["evolution", "mixed"])
    quality.add_argument("--processes", type=int, default=1)
    quality.add_argument("--cache", type=Path, default=Path("outputs/benchmarks/asynchronous"))
    arguments = parser.parse_args()
    if arguments.part == "idle":
        show_idle(arguments)
    else:
        show_quality(arguments)
    print_machine("numpy")


def settings_of(kind: str, workers: int, children: int, is_asynchronous: bool) -> dict[str, Any]:
    """Return the settings of a search whose stages suit ``workers`` workers."""
    settings: dict[str, Any] = {"kind": kind, "max_children": children}
    if kind == "mixed":
        settings = {"kind": "refined", "start": "mixed", "max_children": children}
    settings[STAGE_KEY[settings["kind"]]] = workers
    settings["asynchronous"] = is_asynchronous
    return settings


def search(
    settings: dict[str, Any],
    space: SlotSpace,
    workers: VirtualWorkers,
    seed: int,
    cost: Callable[[Cell], float] | None = None,
) -> dict[str, Any] | None:
    """Run one search to its end; return the winner, if it has one."""
    # Cross-validation only reports, and takes longer than all else here.
    controller = replace(named_spec("gp"), K=8, cross_validate=0)
    with (
        tempfile.TemporaryDirectory() as home,
        Journal(Path(home) / "journal.sqlite", create=True) as journal,
    ):
        journal.relax_durability()
        run = SearchRun(
            context=StrategyContext(make_search_spec(settings), space, controller, seed),
            training=TrainingSetup(workers, cost=cost),
            journal=journal,
            identify=partial(identify, space, seed),
        )
        run.run()
        winner: dict[str, Any] | None = journal.meta("winner")
        return winner


# -- workers that train ----------------------------------------------------------------------------


def expected_seconds(cell: Cell) -> float:
    """Return the seconds that are expected of ``cell`` before it is trained."""
    return MEDIAN_SECONDS * math.exp(KNOWN_SIGMA * _normal(cell, "known"))


def seconds_of(job: ChildJob) -> float:
    """Return the seconds that a child takes."""
    return expected_seconds(job.cell) * math.exp(UNKNOWN_SIGMA * _normal(job.cell, "unknown"))


def _normal(cell: Cell, name: str) -> float:
    seed = derive_seed(0, name, str(cell))
    return float(np.random.default_rng(seed).normal())


def train(job: ChildJob) -> ChildResult:
    """Return a result whose reward depends on the cell alone."""
    reward = 0.9 + 0.1 * derive_seed(0, "reward", str(job.cell)) / 2**31
    return ChildResult(job.cell, job.seed, Status.OK, reward, {}, 1, 1, 1.0)


def show_idle(arguments: argparse.Namespace) -> None:
    """Print the share of the workers' time that they train."""
    for kind in arguments.kinds:
        rows = []
        for workers in arguments.workers:
            count = arguments.children or max(LEAST_CHILDREN, CHILDREN_OF_A_WORKER * workers)
            progress(f"{kind}, {workers} workers, {count} children")
            rows.append(idle_row(kind, workers, count))
        print(f"{kind}\n")
        header = (
            "workers",
            "trainings",
            "in stages: busy",
            "to the end",
            "hours",
            "asynchronous: busy",
            "to the end",
            "hours",
        )
        print_table(header, rows)


def idle_row(kind: str, workers: int, children: int) -> tuple[str, ...]:
    """Return the figures of one number of workers, in stages and asynchronous."""
    row = [f"{workers:,}", f"{children:,}"]
    for is_asynchronous in (False, True):
        executor = VirtualWorkers(train, workers, seconds_of)
        settings = settings_of(kind, workers, children, is_asynchronous)
        settings.update({"refine_pool": 2000} if kind == "mixed" else {})
        search(settings, StateSpace(5), executor, seed=0, cost=expected_seconds)
        busy = (f"{executor.busy_until_last_start:.1%}", f"{executor.busy:.1%}")
        row += [*busy, f"{executor.now / 3600:.2f}"]
    return tuple(row)


# -- cells that are found --------------------------------------------------------------------------


@dataclass(frozen=True)
class Contest:
    """One strategy, in stages and asynchronous, on the same world with the same seeds."""

    table: str
    reward: str | None
    noise: float
    kind: str
    workers: int
    budget: int

    def __call__(self, seed: int) -> list[float]:
        """Return the regret in points, of the search in stages and of the asynchronous one."""
        world = make_world(self.table, self.reward, noise=self.noise)
        return [self._regret(world, seed, is_asynchronous) for is_asynchronous in (False, True)]

    def _regret(self, world: World, seed: int, is_asynchronous: bool) -> float:
        executor = VirtualWorkers(world(), self.workers, partial(_seconds, world), False)
        settings = settings_of(self.kind, self.workers, self.budget, is_asynchronous)
        settings["confirm"] = 0.2
        winner = search(settings, world.space, executor, seed)
        assert winner is not None
        cell = Cell.parse(winner["cell"])
        return 100 * (world.best_judged - world.judged(cell))


def _seconds(world: World, job: ChildJob) -> float:
    """Return the seconds that the table gives, and where it has none, seconds made of the cell."""
    stated = world.table.row(job.cell).seconds
    return stated or math.exp(0.3 * _normal(job.cell, "seconds"))


def show_quality(arguments: argparse.Namespace) -> None:
    """Print regrets and their paired differences."""
    rows = []
    for kind in arguments.kinds:
        for workers in arguments.workers:
            for budget in arguments.budgets:
                rows.append(quality_row(arguments, kind, workers, budget))
    header = ("strategy", "workers", "trainings", "in stages", "asynchronous", "difference")
    print_table(header, rows)


def quality_row(
    arguments: argparse.Namespace, kind: str, workers: int, budget: int
) -> tuple[str, ...]:
    """Return one row of the table."""
    contest = Contest(arguments.table, arguments.reward, arguments.noise, kind, workers, budget)
    name = f"{Path(arguments.table).stem}-{arguments.reward}-{arguments.noise}"
    path = arguments.cache / f"{name}-{kind}-{workers}-{budget}.json"
    label = f"{kind}, {workers} workers, {budget} trainings"
    regrets = results_of_seeds(
        path, range(arguments.seeds), contest, label, processes=arguments.processes
    )
    in_stages = [each[0] for each in regrets]
    asynchronous = [each[1] for each in regrets]
    differences = [each[1] - each[0] for each in regrets]
    mean, low, _ = paired_interval(differences)
    return (
        kind,
        f"{workers}",
        f"{budget}",
        f"{statistics.mean(in_stages):.2f}",
        f"{statistics.mean(asynchronous):.2f}",
        f"{mean:+.2f} ± {mean - low:.2f}",
    )


if __name__ == "__main__":
    main()
