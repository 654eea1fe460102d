"""What each search strategy finds for how many children, with rewards from a table in place of training.

    python experiments/benchmarks/search_efficiency.py nasbench201.npz --seeds 100 --plot docs/images/efficiency.png

Every strategy runs with the same budget and seeds. The best cell so far is the one of highest reward; it is judged by
the table's test column. Results are kept in --cache as they come, so that the same command continues. A strategy that
nothing random enters (a beam over a space whose first stage is all its cells, with a deterministic predictor) does the
same with every seed: it runs once, and has no spread.
"""

import argparse
import json
import statistics
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from common import print_machine, print_table, progress

from pnas.predictors import ControllerSpec
from pnas.records import ChildJob
from pnas.runs.child_identity import identify
from pnas.search import StrategyContext, make_search_spec, make_strategy
from pnas.tables import Table, TableRunnerFactory, load_table

MARKS = (30, 50, 60, 80, 100, 130)
SHARES = (0.01, 0.001)
CURVES = ("reward", "mean", "judged", "trained")


@dataclass(frozen=True)
class Contender:
    """A strategy in the comparison: its settings, predictor and K; ``is_random``: whether it draws anything itself.

    K None divides what the budget leaves after stage 1 among the later stages.
    """

    search: dict[str, Any]
    predictor: str = "gp"
    K: int | None = 10
    is_random: bool = True


REFINED = {"kind": "refined", "uncertainty": 1.0, "refine": 5}
CONTENDERS = {
    "random": Contender({"kind": "random", "batch": 1}),
    "progressive random": Contender({"kind": "progressive_random"}, K=None),
    "evolution": Contender({"kind": "evolution", "batch": 1}),
    "evolution, batches of 8": Contender({"kind": "evolution", "batch": 8}),
    "progressive, mlp ensemble": Contender({}, "mlp_ensemble", K=None),
    "progressive, gp": Contender({}, K=None, is_random=False),
    "progressive, gp, uncertainty": Contender({"uncertainty": 1.0}, K=None, is_random=False),
    "progressive, gp, explore": Contender({"explore": 0.25}, K=None, is_random=False),
    "refined, gp": Contender(REFINED, is_random=False),
    "refined, gp, no uncertainty": Contender({**REFINED, "uncertainty": 0.0}, is_random=False),
    "refined, gp, probe": Contender({**REFINED, "probe": 5}),
    "refined, gp, a sample first": Contender({**REFINED, "first": 8}, K=5, is_random=False),
    "refined, mlp ensemble": Contender({**REFINED, "refine": 10}, "mlp_ensemble"),
}


def main() -> None:
    args = arguments()
    if args.list:
        print("\n".join(CONTENDERS))
        return
    names = args.strategies or list(CONTENDERS)
    results = {name: run_all(args, name) for name in names}
    table = load_table(args.table, args.reward, args.test)
    best_mean, best_test = (max(values) for values in zip(*truths(table), strict=True))
    print(f"{args.table}: best reward {best_mean:.4f}, best judged {best_test:.4f}\n")
    show_curves(results, best_test, [mark for mark in MARKS if mark <= args.budget])
    print(
        "Children until the cell of highest reward is among the best by mean reward: mean [interval]; share\n"
    )
    show_targets(results, table, args.budget, "mean")
    print(
        "Children until one of the best has been trained, known for it or not: mean [interval]; share\n"
    )
    show_targets(results, table, args.budget, "trained")
    if args.plot:
        plot(results, best_test, Path(args.table).stem, args.plot)
    print_machine("numpy", "scipy")


def run_all(args: argparse.Namespace, name: str) -> list[dict[str, list[float]]]:
    """The curves of every seed, from the cache where they are there."""
    seeds = range(
        args.seeds if is_random(loaded(args.table, args.reward, args.test), CONTENDERS[name]) else 1
    )
    path = (
        args.cache / f"{Path(args.table).stem}-{args.reward}-{args.test}-{args.budget}-{name}.json"
    )
    known: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    known = {
        seed: curves for seed, curves in known.items() if set(curves) == set(CURVES)
    }  # others are of old times
    missing = [seed for seed in seeds if str(seed) not in known]
    job = partial(search, args.table, args.reward, args.test, args.budget, name)
    args.cache.mkdir(parents=True, exist_ok=True)
    for batch in (missing[first : first + 10] for first in range(0, len(missing), 10)):
        progress(f"{name}: seeds {batch[0]} to {batch[-1]}")
        with ProcessPoolExecutor(args.processes) as pool:
            known |= dict(zip(map(str, batch), pool.map(job, batch), strict=True))
        path.write_text(json.dumps(known))
    return [known[str(seed)] for seed in seeds]


def is_random(table: Table, contender: Contender) -> bool:
    """Whether two seeds do not do the same."""
    is_noisy = any(len(row.rewards) > 1 for row in table.rows.values())
    is_sampled = contender.search.get("first", table.space.num_cells(1)) < table.space.num_cells(1)
    return is_noisy or contender.is_random or is_sampled


def search(
    path: str, reward: str | None, test: str | None, budget: int, name: str, seed: int
) -> dict[str, list[float]]:
    """One search, after each child: reward, mean reward over trainings and judged accuracy of the best cell.

    ``trained`` is the highest mean reward of all cells trained, whether the search knows it or not.
    """
    table = loaded(path, reward, test)
    contender = CONTENDERS[name]
    space = table.space
    settings = {**contender.search, "max_children": budget}
    if "first" in settings:
        settings["first"] = min(settings["first"], space.num_cells(1))
    spec = make_search_spec(settings)
    K = contender.K or -(-(budget - space.num_cells(1)) // max(space.B - 1, 1))
    # Cross-validation only reports, and takes longer than all else here.
    controller = replace(ControllerSpec.named(contender.predictor), K=K, cross_validate=0)
    strategy = make_strategy(StrategyContext(spec, space, controller, seed))
    answer = TableRunnerFactory(table)
    curves: dict[str, list[float]] = {name: [] for name in CURVES}
    best = highest = -1.0
    while len(curves["reward"]) < budget and (proposal := strategy.ask()) is not None:
        rewards: list[float | None] = []
        for cell in proposal.cells[: budget - len(curves["reward"])]:
            row = table.row(cell)
            child = identify(space, seed, cell)[1]
            shown = answer.answer(ChildJob(cell, child)).reward or 0.0
            rewards.append(shown)
            if shown > best:
                best = shown
                found = (shown, row.mean, row.mean if row.test is None else row.test)
            highest = max(highest, row.mean)
            for curve, value in zip(curves.values(), (*found, highest), strict=True):
                curve.append(value)
        strategy.tell([*rewards, *[None] * (len(proposal.cells) - len(rewards))])
    return curves


@cache
def loaded(path: str, reward: str | None, test: str | None) -> Table:
    return load_table(path, reward, test)


def truths(table: Table) -> list[tuple[float, float]]:
    """(mean reward, judged accuracy) of every cell."""
    return [(row.mean, row.mean if row.test is None else row.test) for row in table.rows.values()]


def show_curves(results: dict[str, Any], best: float, marks: Sequence[int]) -> None:
    print(
        "Regret of the best cell found, points of judged accuracy: mean [95 % interval over seeds]\n"
    )
    rows = []
    for name, curves in results.items():
        regrets = [[100 * (best - at(curve["judged"], mark)) for curve in curves] for mark in marks]
        rows.append([name, len(curves), *(interval(regret) for regret in regrets)])
    print_table(["strategy", "seeds", *(f"{mark} children" for mark in marks)], rows)


def show_targets(results: dict[str, Any], table: Table, budget: int, curve: str) -> None:
    rewards = sorted((mean for mean, _ in truths(table)), reverse=True)
    limits = [rewards[max(0, int(share * len(rewards)) - 1)] for share in SHARES] + [rewards[0]]
    rows = []
    for name, curves in results.items():
        cells = []
        for limit in limits:
            hits = [reached(seed[curve], limit, budget) for seed in curves]
            share = sum(hit <= budget for hit in hits) / len(hits)
            cells.append(f"{interval(hits, 0)}; {share:.0%}")
        rows.append([name, *cells])
    print_table(["strategy", *(f"top {share:.1%}" for share in SHARES), "the best"], rows)


def reached(curve: Sequence[float], limit: float, budget: int) -> int:
    """Children until ``limit``; one more than the budget if it never came."""
    return next((i for i, value in enumerate(curve, start=1) if value >= limit), budget + 1)


def at(curve: Sequence[float], children: int) -> float:
    return curve[min(children, len(curve)) - 1]


def interval(values: Sequence[float], digits: int = 2) -> str:
    """Mean and a bootstrap interval of it."""
    if len(values) < 2:
        return f"{values[0]:.{digits}f}"
    means = np.random.default_rng(0).choice(values, (2000, len(values))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{statistics.mean(values):.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def plot(results: dict[str, Any], best: float, title: str, path: Path) -> None:
    """Mean regret by children, with the interval of the mean."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5), dpi=80)
    for name, curves in results.items():
        longest = max(len(curve["judged"]) for curve in curves)
        regrets = np.array(
            [[100 * (best - at(c["judged"], i)) for i in range(1, longest + 1)] for c in curves]
        )
        mean = regrets.mean(axis=0)
        error = 1.96 * regrets.std(axis=0) / np.sqrt(len(regrets))
        (line,) = axes.plot(range(1, longest + 1), mean, label=name, linewidth=1.2)
        axes.fill_between(
            range(1, longest + 1), mean - error, mean + error, alpha=0.15, color=line.get_color()
        )
    axes.set_title(title, loc="left", fontsize=9)
    lowest = min(line.get_ydata().min() for line in axes.get_lines())
    axes.set(xlabel="children trained", ylabel="regret, points of judged accuracy")
    axes.set_yscale("symlog", linthresh=0.1)
    axes.set_yticks([0, 0.1, 0.3, 0.5, 1, 2, 5, 10], minor=False)
    axes.set_ylim((0, 20) if lowest < 0.1 else (lowest / 1.3, 3))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.legend(fontsize=6)
    figure.tight_layout()
    figure.savefig(path)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", nargs="?", help="file of the table, as trainer.table")
    parser.add_argument("--seeds", type=int, default=100, help="searches of each strategy (100)")
    parser.add_argument("--budget", type=int, default=130, help="children of each search (130)")
    parser.add_argument(
        "--strategies", nargs="*", choices=list(CONTENDERS), metavar="NAME", help="some of --list"
    )
    parser.add_argument("--reward", help="column of the reward")
    parser.add_argument("--test", help="column that judges")
    parser.add_argument("--processes", type=int, default=2, help="searches at a time (2)")
    parser.add_argument(
        "--cache", type=Path, default=Path("outputs/search_efficiency"), help="finished searches"
    )
    parser.add_argument("--plot", type=Path, help="PNG to draw")
    parser.add_argument("--list", action="store_true", help="print the strategies")
    args = parser.parse_args()
    if args.table is None and not args.list:
        parser.error("a table is needed")
    return args


if __name__ == "__main__":
    main()
