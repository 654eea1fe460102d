"""What it is worth to train the best cells of a search again, on a table with a known truth.

    python experiments/benchmarks/confirmation.py experiments/tables/digits.yaml --seeds 50

The table must have several trainings of each cell. Its cells are given an expected reward, their
mean in the table drawn towards the mean of all by the noise that is left in it, and a search meets
that reward plus Gaussian noise of the table's size: a world in which a cell can be trained as often
as one likes, and in which the best cell is known. Searches are run by the package's own code, with
equal budgets of trainings with and without confirmation, and judged by the expected reward of the
cell that they name. Results are kept in --cache, so that the same command continues. Also prints
how often a stated probability of being the best finalist was right.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from common import make_parser, print_machine, print_table, results_of_seeds
from known_truth import World, make_world

from pnas.execution import SerialExecutor
from pnas.predictors import named_spec
from pnas.records import Journal, best_child
from pnas.records.cell_trainings import group_by_cell
from pnas.runs.child_identity import identify
from pnas.search import StrategyContext, make_search_spec
from pnas.search.search_run import WINNER, SearchRun
from pnas.search.training_setup import TrainingSetup

SHARE = 0.2
STRATEGIES: dict[str, dict[str, Any]] = {
    "random": {"kind": "random", "batch": 8},
    "evolution": {"kind": "evolution", "batch": 8},
    "refined, beam": {"kind": "refined", "start": "beam"},
    "refined, sample": {"kind": "refined", "start": "sample"},
    "refined, mixed": {"kind": "refined", "start": "mixed"},
}
BINS = (0.0, 0.3, 0.5, 0.7, 0.9, 1.01)
Outcome = dict[str, Any]


def search(path: str, name: str, budget: int, share: float, seed: int) -> Outcome:
    """Run one search; return what it named, and how good that is."""
    world = make_world(path)
    settings = {**STRATEGIES[name], "max_children": budget, "confirm": share}
    # Cross-validation only reports, and takes longer than all else here.
    controller = replace(named_spec("gp"), K=5, cross_validate=0)
    context = StrategyContext(make_search_spec(settings), world.space, controller, seed)
    with (
        tempfile.TemporaryDirectory(dir="/dev/shm") as home,
        Journal(Path(home) / "journal.sqlite", create=True) as journal,
    ):
        run = SearchRun(
            context=context,
            training=TrainingSetup(SerialExecutor(world)),
            journal=journal,
            identify=partial(identify, world.space, seed),
        )
        run.run()
        return _outcome(world, journal)


def _outcome(world: World, journal: Journal) -> Outcome:
    children = [child for child in journal.children() if child.reward is not None]
    best = best_child(children)
    assert best is not None
    best_key = best.key.partition("-")[0]
    winner = journal.meta(WINNER)
    if winner is None:
        return {"named": world.drawn[best_key], "trainings": len(children)}

    finalists = [each.key for each in group_by_cell(children) if len(each.children) > 1]
    highest = max(world.drawn[key] for key in finalists)
    return {
        "named": world.drawn[winner["key"]],
        "best": world.drawn[best_key],
        "optimism": best.reward - world.drawn[best_key],
        "stated_optimism": journal.meta("optimism"),
        "probability": winner["probability_best"],
        "right": world.drawn[winner["key"]] == highest,
        "expected_error": winner["expected"] - world.drawn[winner["key"]],
        "trainings": len(children),
    }


def run_all(args: Any, name: str, budget: int, share: float) -> list[Outcome]:
    """Return the outcome of every seed, from the cache where it is there."""
    path = args.cache / f"{Path(args.table).stem}-{name}-{budget}-{share}.json"
    job = partial(search, args.table, name, budget, share)
    label = f"{name}, {budget}, confirm={share}"
    return results_of_seeds(path, range(args.seeds), job, label, args.processes)


def interval(values: Sequence[float]) -> str:
    """Return ``mean [95 % interval]`` of differences, in points of accuracy."""
    points = 100 * np.asarray(values)
    error = 1.96 * points.std(ddof=1) / len(points) ** 0.5
    return f"{points.mean():+.2f} [{points.mean() - error:+.2f}, {points.mean() + error:+.2f}]"


def main() -> None:
    args = parse_arguments()
    world = make_world(args.table)
    print(f"best expected reward {world.best_judged:.4f}, noise {world.noise:.4f}\n")
    rows = []
    confirmed: list[Outcome] = []
    for budget in args.budgets:
        for name in args.strategies:
            without = run_all(args, name, budget, 0.0)
            with_share = run_all(args, name, budget, args.share)
            confirmed.extend(with_share)
            gains = [a["named"] - b["named"] for a, b in zip(with_share, without, strict=True)]
            rows.append(
                [
                    f"{name}, {budget}",
                    f"{100 * np.mean([each['named'] for each in without]):.2f}",
                    f"{100 * np.mean([each['named'] for each in with_share]):.2f}",
                    interval(gains),
                    interval([each["optimism"] for each in with_share]),
                    interval([each["stated_optimism"] for each in with_share]),
                    interval([each["expected_error"] for each in with_share]),
                ]
            )
    columns = ["search, trainings", "highest reward", "winner", "gain"]
    columns += ["best reward too high by", "stated", "winner expected too high by"]
    print_table(columns, rows)
    show_calibration(confirmed)
    print_machine("numpy", "scipy")


def show_calibration(outcomes: Sequence[Outcome]) -> None:
    """Print how often the winner was the best finalist, by its stated probability."""
    rows = []
    for low, high in pairwise(BINS):
        inside = [each for each in outcomes if low <= each["probability"] < high]
        if inside:
            stated = np.mean([each["probability"] for each in inside])
            right = np.mean([each["right"] for each in inside])
            rows.append(
                [f"{low:.1f} to {min(high, 1):.1f}", len(inside), f"{stated:.2f}", f"{right:.2f}"]
            )
    print_table(["stated probability", "searches", "mean stated", "right"], rows)


def parse_arguments() -> Any:
    parser = make_parser(__doc__)
    parser.add_argument("table", help="file of the table, as trainer.table")
    parser.add_argument("--seeds", type=int, default=50, help="searches of each kind (50)")
    parser.add_argument("--budgets", type=int, nargs="+", default=[60, 130], metavar="N")
    parser.add_argument("--share", type=float, default=SHARE, help="search.confirm (0.2)")
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES), metavar="NAME")
    parser.add_argument("--processes", type=int, default=2, help="searches at a time (2)")
    parser.add_argument("--cache", type=Path, default=Path("outputs/confirmation"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
