"""What an early stop saves, and what it costs: searches by a table with learning curves.

    python run.py task=tabulate name=curves \
        state_space.B=2 state_space.operators='[3x3 conv,3x3 maxpool,identity]' \
        state_space.input_lookback_depth=-1 task.repeats=3
    python experiments/benchmarks/early_stop_study.py outputs/curves/table.yaml --seeds 100

Each search is the package's own: strategy, rule, expected rewards, budget and confirmation. It
names a cell, which is judged by the mean of its trainings in the table: each training that a search
asks for is one of them, so that this is what another one can be expected to have. With one seed the
trainings of a cell are the same with an early stop and without, so that differences are paired. A
budget is one of epochs, in whole trainings: an early stop trains more cells for it. Results are
kept in --cache, so that the same command continues.
"""

import argparse
import math
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from common import (
    make_parser,
    mean_interval,
    paired_interval,
    print_machine,
    print_table,
    results_of_seeds,
)

from pnas.execution import SerialExecutor
from pnas.predictors import named_spec
from pnas.records import ChildRecord, Journal, Status
from pnas.records.cell_trainings import epochs_of, is_repeated
from pnas.runs.child_identity import identify
from pnas.search import StrategyContext, make_search_spec
from pnas.search.early_stop.learned_rule import learn_rule
from pnas.search.search_run import WINNER, SearchRun
from pnas.search.training_setup import TrainingSetup
from pnas.state_space import Cell
from pnas.tables import Table, TableRunnerFactory, load_table

STRATEGIES: dict[str, dict[str, Any]] = {
    "random": {"kind": "random", "batch": 8},
    "evolution": {"kind": "evolution", "population": 16, "batch": 8},
    "mixed": {"kind": "refined", "start": "mixed", "first_full": 8, "refine": 4},
}
PROBABILITIES = (0.0, 0.02, 0.05, 0.1, 0.2)

KNOWN = (10, 20, 40)
"""Numbers of whole trainings that rules are learned from."""

SPLITS = 40
"""Random choices of them."""

Outcome = dict[str, float]


def main() -> None:
    args = parse_arguments()
    best = max(row.mean for row in load(args.table).rows.values())
    cells = len(load(args.table).rows)
    print(f"{args.table}: {cells} cells, best mean {best:.4f}\n")
    show_calibration(load(args.table), [each for each in args.probabilities if each])
    for name in args.strategies:
        for budget in args.budgets:
            results = {each: run_all(args, name, budget, each) for each in args.probabilities}
            print(f"{name}, {budget} trainings: regret of the named cell in points\n")
            show(best, results)
    print_machine("numpy", "scipy")


def run_all(args: argparse.Namespace, name: str, budget: int, probability: float) -> list[Outcome]:
    """Return the outcome of each seed, from the cache where it is there."""
    table = Path(args.table)
    digest = load(args.table).fingerprint
    settings = f"{budget}-{args.confirm}-{name}-{probability}"
    path = args.cache / f"early-stop-{table.parent.name}-{digest}-{settings}.json"
    job = partial(run_one, args.table, name, probability, budget, args.confirm)
    label = f"{name}, {budget}, {probability:g}"
    return results_of_seeds(path, range(args.seeds), job, label, args.processes)


def run_one(
    path: str, name: str, probability: float, budget: int, confirm: float, seed: int
) -> Outcome:
    """Search once; return what was named, and what it took.

    Args:
        path: File of the table.
        name: Name in `STRATEGIES`.
        probability: ``search.early_stop``.
        budget: Number of trainings, of which stopped ones count their share.
        confirm: Share of the trainings that confirms the best cells.
        seed: Seed of the search.
    """
    table = load(path)
    epochs = table.epochs or 1.0
    options = {"max_children": budget, "confirm": confirm, "early_stop": probability}
    spec = make_search_spec({**STRATEGIES[name], **options})
    # Cross-validation only reports, and takes longer than all else here.
    controller = replace(named_spec("gp"), K=8, cross_validate=0)
    context = StrategyContext(spec, table.space, controller, seed)
    factory = TableRunnerFactory(table, shows_curves=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        Journal(Path(folder) / "journal.sqlite", create=True) as journal,
    ):
        journal.relax_durability()
        run = SearchRun(
            context=context,
            training=TrainingSetup(SerialExecutor(factory)),
            journal=journal,
            identify=partial(identify, table.space, seed),
            epochs=epochs,
        )
        run.run()
        return outcome_of(table, journal)


def outcome_of(table: Table, journal: Journal) -> Outcome:
    """Return the mean reward of the cell that the search of ``journal`` named, and its cost."""
    ended = [child for child in journal.children() if child.ended_at is not None]
    searched = [child for child in ended if not is_repeated(child)]
    stopped = [child for child in searched if child.status is Status.STOPPED]
    winner = journal.meta(WINNER)
    named = _best(searched) if winner is None else _cell_of(searched, winner["key"])
    return {
        "mean": table.row(named).mean,
        "epochs": sum(epochs_of(child.metrics) for child in ended),
        "cells": float(len(searched)),
        "stopped": float(len(stopped)),
    }


def show(best: float, results: Mapping[float, Sequence[Outcome]]) -> None:
    """Print a table of one strategy and budget, a row a probability."""
    rows = []
    without = results.get(0.0)
    for probability, outcomes in results.items():
        regrets = [100 * (best - each["mean"]) for each in outcomes]
        row = [
            f"{probability:g}",
            mean_interval(regrets),
            "" if without is None or probability == 0 else _paired(without, outcomes),
            f"{_mean(outcomes, 'epochs'):.0f}",
            f"{_mean(outcomes, 'cells'):.1f}",
            f"{_mean(outcomes, 'stopped'):.1f}",
        ]
        rows.append(row)
    header = ("early_stop", "regret", "less than without", "epochs", "cells", "stopped")
    print_table(header, rows)
    print()


def _paired(without: Sequence[Outcome], outcomes: Sequence[Outcome]) -> str:
    """Return by how many points the regret is lower than without an early stop."""
    gains = []
    for before, after in zip(without, outcomes, strict=True):
        gains.append(100 * (after["mean"] - before["mean"]))
    mean, low, high = paired_interval(gains)
    return f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]"


def _mean(outcomes: Sequence[Outcome], name: str) -> float:
    return statistics.mean(each[name] for each in outcomes)


def _best(children: Sequence[ChildRecord]) -> Cell:
    rewarded = [child for child in children if child.reward is not None]
    return max(rewarded, key=lambda child: child.reward or 0.0).cell


def _cell_of(children: Sequence[ChildRecord], key: str) -> Cell:
    return next(child.cell for child in children if child.key == key)


# -- what the rule promises, and what it keeps -----------------------------------------------------


def show_calibration(table: Table, probabilities: Sequence[float]) -> None:
    """Print how many of those that a rule stops would have become one of the best.

    A rule is learned from random cells, and judges the others by a training of each.
    """
    children = _trainings_of(table)
    rows = []
    for known in KNOWN:
        for probability in probabilities:
            stopped, missed, reaching = _judge(children, known, probability)
            others = SPLITS * (len(children) - known)
            rows.append(
                [
                    str(known),
                    f"{probability:g}",
                    f"{len(stopped) / others:.2f}",
                    f"{statistics.mean(stopped):.1f}",
                    f"{missed / len(stopped):.3f}",
                    f"{missed / reaching:.2f}",
                ]
            )
    print(f"Rules learned from random cells, {SPLITS} times:\n")
    header = ("known", "early_stop", "stopped", "after epochs", "of them good", "of the good")
    print_table(header, rows)
    print()


def _judge(
    children: Sequence[ChildRecord], known: int, probability: float
) -> tuple[list[int], int, int]:
    """Return when trainings were stopped, how many of them were good, and how many are good."""
    generator = np.random.default_rng(0)
    stopped: list[int] = []
    missed = 0
    reaching = 0
    for _ in range(SPLITS):
        shuffled = [children[i] for i in generator.permutation(len(children))]
        rule = learn_rule(shuffled[:known], probability)
        assert rule is not None
        best = sorted((child.reward or 0.0 for child in shuffled[:known]), reverse=True)
        goal = best[max(3, math.ceil(known / 10)) - 1]
        for child in shuffled[known:]:
            is_good = (child.reward or 0.0) >= goal
            epoch = rule.stop_epoch(child.metrics)
            reaching += is_good
            if epoch is not None:
                stopped.append(epoch)
                missed += is_good
    return stopped, missed, reaching


def _trainings_of(table: Table) -> list[ChildRecord]:
    """Return the first training of each cell of ``table`` as a search would have recorded it."""
    children = []
    for number, (text, row) in enumerate(table.rows.items()):
        child = ChildRecord(
            id=number,
            b=1,
            position=number,
            cell=Cell.parse(text),
            key=f"c{number}",
            seed=number,
            predicted=None,
            status=Status.OK,
            reward=row.rewards[0],
            params=row.params,
            flops=row.flops,
            seconds=row.seconds,
            error=None,
            metrics=row.curves[0].as_metrics(),
        )
        children.append(child)
    return children


@cache
def load(path: str) -> Table:
    """Return the table at ``path``, read once a process."""
    table = load_table(path)
    if not table.has_curves:
        raise SystemExit(f"{path} has no learning curves")
    return table


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("table", help="YAML file of a table with learning curves")
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES), choices=STRATEGIES)
    parser.add_argument("--probabilities", nargs="+", type=float, default=list(PROBABILITIES))
    parser.add_argument("--seeds", type=int, default=100)
    budgets = parser.add_argument("--budgets", nargs="+", type=int, default=[30, 60])
    budgets.help = "trainings of a search"
    parser.add_argument("--confirm", type=float, default=0.2)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=Path("outputs/early_stop_study"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
