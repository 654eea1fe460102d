"""How fast each strategy finds the front of two objectives, with values from a table.

    python experiments/benchmarks/pareto_efficiency.py experiments/tables/digits.yaml --cost madds
    python experiments/benchmarks/pareto_efficiency.py nasbench201.npz --cost params --seeds 10

Every strategy runs with the same budget and seeds. After each child the hypervolume of all cells
trained so far is a share of that of the whole table. Both are judged by the mean reward of each
cell, of which a search sees one training, and over one reference point: the table's median reward
and its highest cost. Results are kept in --cache as they come, so that the same command continues.
"""

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from common import make_parser, mean_interval, print_machine, print_table, results_of_seeds

from pnas.objectives import REWARD, Facts, make_objectives
from pnas.predictors import named_spec
from pnas.records import ChildJob
from pnas.runs.child_identity import identify
from pnas.search import Strategy, StrategyContext, make_search_spec, make_strategy
from pnas.search.front_selection import FrontSelection
from pnas.search.objective_source import ObjectiveSource
from pnas.search.selection import Selection
from pnas.search.strategies.front_of_history import FrontOfHistory
from pnas.search.strategies.refined import Refined
from pnas.seeds import derive_seed
from pnas.state_space import Cell
from pnas.tables import Table, TableRunnerFactory, load_table

MARKS = (20, 30, 40, 60, 80, 100)
"""Numbers of children at which strategies are compared."""

SHARES = (0.9, 0.95)
"""Shares of the table's hypervolume that a search should reach."""


@dataclass(frozen=True)
class Contender:
    """A strategy in the comparison.

    Attributes:
        search: Its settings.
        K: Children of each stage but the first; None to divide what the budget leaves after stage 1
            among the later stages.
        has_cost: Whether it optimises the cost too, or the reward alone.
        is_scalarised: Whether candidates are chosen by random scalarisations.
    """

    search: dict[str, Any]
    K: int | None = 10
    has_cost: bool = True
    is_scalarised: bool = False


REFINED = {"kind": "refined", "start": "mixed", "refine": 5}
NSGA2 = {"kind": "evolution", "population": 20, "sample": 2}
CONTENDERS = {
    "random": Contender({"kind": "random", "batch": 1}),
    "evolution, NSGA-II": Contender({**NSGA2, "batch": 1}),
    "evolution, NSGA-II, generations of 20": Contender({**NSGA2, "batch": 20}),
    "random scalarisation, gp": Contender(REFINED, is_scalarised=True),
    "progressive, EHVI, gp": Contender({"kind": "progressive"}, K=None),
    "refined, EHVI, gp": Contender(REFINED),
    "refined, EHVI, gp, uncertainty 0.3": Contender({**REFINED, "uncertainty": 0.3}),
    "refined, reward alone, gp": Contender(REFINED, has_cost=False),
}


def main() -> None:
    args = parse_arguments()
    if args.list:
        print("\n".join(CONTENDERS))
        return

    names = args.strategies or list(CONTENDERS)
    results = {name: run_all(args, name) for name in names}
    judge = judge_of(args.table, args.cost)
    print(f"{args.table}: {len(judge.front)} cells on the front of reward and {args.cost}")
    print(f"reference: {judge.reference}; hypervolume of the table: {judge.total:.4f}\n")
    show_shares(results, [mark for mark in MARKS if mark <= args.budget])
    show_targets(results, args.budget)
    print_machine("numpy", "scipy", "moocore")


# -- searches --------------------------------------------------------------------------------------


class Judge:
    """The true front of a table, and the share of its hypervolume that some cells have.

    Attributes:
        reference: Reference point by objective.
        front: Values of the table's front.
        total: Its hypervolume.
    """

    def __init__(self, table: Table, cost: str) -> None:
        self._objectives = make_objectives([REWARD, cost])
        values = []
        for row in table.rows.values():
            known = {"params": row.params, "madds": row.flops}[cost]
            values.append({REWARD: row.mean, cost: float(known or 0)})
        self.reference = {
            REWARD: statistics.median(each[REWARD] for each in values),
            cost: max(each[cost] for each in values),
        }
        points = self._objectives.points(values)
        self.front = np.unique(points, axis=0)
        from pnas.objectives.dominance import non_dominated

        self.front = self.front[non_dominated(self.front)]
        self.total = self._objectives.hypervolume(values, self.reference)

    def share(self, values: Sequence[dict[str, float]]) -> float:
        """Return the share of the table's hypervolume that ``values`` have."""
        return self._objectives.hypervolume(values, self.reference) / self.total


def run_all(args: argparse.Namespace, name: str) -> list[list[float]]:
    """Return the curve of every seed, from the cache where it is there."""
    path = args.cache / f"{Path(args.table).stem}-{args.cost}-{args.budget}-{name}.json"
    job = partial(search, args.table, args.cost, args.budget, name)
    return results_of_seeds(path, range(args.seeds), job, name, args.processes)


def search(path: str, cost: str, budget: int, name: str, seed: int) -> list[float]:
    """Run one search in the table; the share of its hypervolume after each child."""
    table = load_cached(path)
    judge = judge_of(path, cost)
    strategy = _make_strategy(CONTENDERS[name], table, cost, budget, seed)
    answer = TableRunnerFactory(table)
    curve: list[float] = []
    found: list[dict[str, float]] = []
    while len(curve) < budget:
        proposal = strategy.ask()
        if proposal is None:
            break
        rewards: list[float | None] = []
        for cell in proposal.cells[: budget - len(curve)]:
            _, child_seed = identify(table.space, seed, cell)
            rewards.append(answer.answer(ChildJob(cell, child_seed)).reward)
            found.append(_true_values(table, cost, cell))
            curve.append(judge.share(found))
        rewards += [None] * (len(proposal.cells) - len(rewards))
        strategy.tell(rewards)
    return curve


def _true_values(table: Table, cost: str, cell: Cell) -> dict[str, float]:
    row = table.row(cell)
    known = {"params": row.params, "madds": row.flops}[cost]
    return {REWARD: row.mean, cost: float(known or 0)}


def _make_strategy(
    contender: Contender, table: Table, cost: str, budget: int, seed: int
) -> Strategy:
    space = table.space
    names = [REWARD, cost] if contender.has_cost else [REWARD]
    settings = {**contender.search, "max_children": budget, "objectives": names}
    K = contender.K
    if K is None:
        K = -(-(budget - space.num_cells(1)) // max(space.B - 1, 1))

    def facts(cell: Cell) -> Facts:
        row = table.row(cell)
        return Facts(cell, params=row.params, madds=row.flops, seconds=row.seconds)

    source = ObjectiveSource(make_objectives(names), before=facts, after=facts)
    context = StrategyContext(
        make_search_spec(settings),
        space,
        # Cross-validation only reports, and takes longer than all else here.
        replace(named_spec("gp"), K=K, cross_validate=0),
        seed,
        objectives=source if contender.has_cost else None,
    )
    strategy = make_strategy(context)
    if contender.is_scalarised:
        assert isinstance(strategy, Refined)
        strategy._front = _ScalarisedFront(context)
    return strategy


class _ScalarisedFront(FrontOfHistory):
    """Chooses by random scalarisations in place of hypervolume improvement."""

    def __init__(self, context: StrategyContext) -> None:
        super().__init__(context)
        self._seed = context.seed

    def select(self, selection: Selection, stages: Any) -> Selection:
        chosen = super().select(selection, stages)
        assert isinstance(chosen, FrontSelection)
        settings = vars(chosen)
        return _ScalarisedSelection(**settings, seed=self._seed)


@dataclass(frozen=True, kw_only=True)
class _ScalarisedSelection(FrontSelection):
    """Each child is the best by its own random weights (Knowles, ParEGO, 2006).

    The augmented Tchebycheff value of the gains, scaled to [0, 1] over the candidates; a predicted
    gain is the one that is exceeded with probability 0.16, the mean plus one standard deviation.
    """

    seed: int

    def _order(self, space: Any, tokens: Any, gains: Any, front: Any) -> list[int]:
        gains = np.stack([np.quantile(each, 0.84, axis=1) for each in gains], axis=1)
        lowest = gains.min(axis=0)
        scaled = (gains - lowest) / np.maximum(np.ptp(gains, axis=0), 1e-12)
        generator = np.random.default_rng(derive_seed(self.seed, "weights", self.stage))
        chosen: list[int] = []
        left = np.ones(len(tokens), bool)
        for _ in range(min(self.K or len(tokens), len(tokens))):
            weights = generator.dirichlet(np.ones(gains.shape[1]))
            shortfall = weights * (1 - scaled)
            value = -shortfall.max(axis=1) - 0.05 * shortfall.sum(axis=1)
            best = int(np.argmax(np.where(left, value, -np.inf)))
            left[best] = False
            chosen.append(best)
        return [*chosen, *np.flatnonzero(left).tolist()]


@cache
def load_cached(path: str) -> Table:
    return load_table(path)


@cache
def judge_of(path: str, cost: str) -> Judge:
    return Judge(load_cached(path), cost)


# -- report ----------------------------------------------------------------------------------------


def show_shares(results: dict[str, list[list[float]]], marks: Sequence[int]) -> None:
    print("Share of the table's hypervolume, %: mean [95 % interval over seeds]\n")
    rows = []
    for name, curves in results.items():
        row = [name, str(len(curves))]
        for mark in marks:
            shares = [100 * curve[min(mark, len(curve)) - 1] for curve in curves]
            row.append(mean_interval(shares, 1))
        rows.append(row)
    print_table(["strategy", "seeds", *(f"{mark} children" for mark in marks)], rows)


def show_targets(results: dict[str, list[list[float]]], budget: int) -> None:
    print("Children until a share of the table's hypervolume is reached (one more than the budget")
    print("where it was not): mean [interval]; share of the searches that reached it\n")
    rows = []
    for name, curves in results.items():
        row = [name]
        for share in SHARES:
            hits = [children_until(curve, share, budget) for curve in curves]
            reached = sum(hit <= budget for hit in hits) / len(hits)
            row.append(f"{mean_interval(hits, 1)}; {reached:.0%}")
        rows.append(row)
    print_table(["strategy", *(f"{share:.0%}" for share in SHARES)], rows)


def children_until(curve: Sequence[float], share: float, budget: int) -> int:
    """Return the children until ``share``; one more than the budget if it was not reached."""
    for children, value in enumerate(curve, start=1):
        if value >= share:
            return children
    return budget + 1


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("table", nargs="?", help="file of the table, as trainer.table")
    add("--cost", choices=("params", "madds"), default="madds", help="the second objective")
    add("--seeds", type=int, default=20, help="searches of each strategy (20)")
    add("--budget", type=int, default=100, help="children of each search (100)")
    add("--strategies", nargs="*", choices=list(CONTENDERS), metavar="NAME", help="some of --list")
    add("--processes", type=int, default=2, help="searches at a time (2)")
    add("--cache", type=Path, default=Path("outputs/pareto_efficiency"), help="finished searches")
    add("--list", action="store_true", help="print the strategies")
    args = parser.parse_args()
    if args.table is None and not args.list:
        parser.error("a table is needed")
    return args


if __name__ == "__main__":
    main()
