"""What each search strategy finds for how many children, with rewards from a table.

    python experiments/benchmarks/search_efficiency.py nasbench201.npz --seeds 100 --plot plot.png

Every strategy runs with the same budget and seeds. The best cell so far is the one of highest
reward; it is judged by the table's test column. In a table without one, whose cells were trained
several times, it is judged by the mean of the trainings that this search was not shown, and regret
is that to the highest expected reward of a cell (`known_truth.py`), which is not seen by anyone.
Cells are then among the best by their unseen trainings, too. Results are kept in --cache as they
come, so that the same command continues. A strategy that nothing random enters (a beam over a space
whose first stage is all its cells, with a deterministic predictor) does the same with every seed:
it runs once, and has no interval.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from common import (
    all_cells,
    make_parser,
    mean_interval,
    print_machine,
    print_table,
    results_of_seeds,
)
from known_truth import make_world

from pnas.predictors import named_spec
from pnas.records import ChildJob
from pnas.runs.child_identity import identify
from pnas.search import StrategyContext, make_search_spec, make_strategy
from pnas.state_space import Cell, SlotSpace
from pnas.tables import Table, TableRunnerFactory, load_table

MARKS = (30, 50, 60, 80, 100, 130)
"""Numbers of children at which strategies are compared."""

SHARES = (0.01, 0.001)
"""Shares of the best cells that a search should meet."""

CURVES = ("reward", "standing", "judged", "trained")
Curves = dict[str, list[float]]
"""After each child: reward, standing and judged accuracy of the best cell (see `_Judge`).

``trained`` is the highest standing of all cells trained, whether the search knows it or not.
``limits``, of another length, are the standings that `SHARES` of all cells reach, and the highest.
"""


@dataclass(frozen=True)
class Contender:
    """A strategy in the comparison.

    Attributes:
        search: Its settings.
        predictor: Its predictor.
        K: Children of each stage but the first; None to divide what the budget leaves after stage 1
            among the later stages.
        is_random: Whether it samples anything itself.
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
    args = parse_arguments()
    if args.list:
        print("\n".join(CONTENDERS))
        return

    names = args.strategies or list(CONTENDERS)
    results = {name: run_all(args, name) for name in names}
    table = load_cached(args.table, args.reward, args.test)
    best_mean = max(row.mean for row in table.rows.values())
    best_judged = make_world(args.table, args.reward, args.test).best_judged
    print(f"{args.table}: best mean reward {best_mean:.4f}, best judged {best_judged:.4f}\n")

    marks = [mark for mark in MARKS if mark <= args.budget]
    show_regrets(results, best_judged, marks)
    print("Children until the cell of highest reward is among the best:")
    print("mean [interval]; share\n")
    show_targets(results, args.budget, "standing")
    print("Children until one of the best has been trained, known for it or not:")
    print("mean [interval]; share\n")
    show_targets(results, args.budget, "trained")
    if args.plot:
        plot(results, best_judged, Path(args.table).stem, args.plot)
    print_machine("numpy", "scipy")


# -- searches --------------------------------------------------------------------------------------


def run_all(args: argparse.Namespace, name: str) -> list[Curves]:
    """Return the curves of every seed, from the cache where they are there."""
    table = load_cached(args.table, args.reward, args.test)
    seeds = range(args.seeds if depends_on_seed(table, CONTENDERS[name]) else 1)
    settings = f"{args.reward}-{args.test}-{args.budget}"
    path = args.cache / f"{Path(args.table).stem}-unseen-{settings}-{name}.json"
    job = partial(search, args.table, args.reward, args.test, args.budget, name)
    return results_of_seeds(path, seeds, job, name, args.processes)


def depends_on_seed(table: Table, contender: Contender) -> bool:
    """Whether two seeds do different things."""
    is_noisy = has_several_trainings(table)
    all_first = table.space.num_cells(1)
    is_sampled = contender.search.get("first", all_first) < all_first
    return is_noisy or contender.is_random or is_sampled


def search(
    path: str, reward: str | None, test: str | None, budget: int, name: str, seed: int
) -> Curves:
    """Run one search in the table."""
    table = load_cached(path, reward, test)
    strategy = _make_strategy(CONTENDERS[name], table.space, budget, seed)
    progress_of_search = _Progress(table, seed)
    while progress_of_search.children < budget:
        proposal = strategy.ask()
        if proposal is None:
            break
        remaining = budget - progress_of_search.children
        rewards: list[float | None] = []
        for cell in proposal.cells[:remaining]:
            rewards.append(progress_of_search.train(cell))
        rewards += [None] * (len(proposal.cells) - len(rewards))
        strategy.tell(rewards)
    return progress_of_search.curves


def _make_strategy(contender: Contender, space: SlotSpace, budget: int, seed: int) -> Any:
    settings = {**contender.search, "max_children": budget}
    all_first = space.num_cells(1)
    if "first" in settings:
        settings["first"] = min(settings["first"], all_first)

    K = contender.K
    if K is None:
        later_stages = max(space.B - 1, 1)
        K = -(-(budget - all_first) // later_stages)
    # Cross-validation only reports, and takes longer than all else here.
    controller = replace(named_spec(contender.predictor), K=K, cross_validate=0)
    context = StrategyContext(make_search_spec(settings), space, controller, seed)
    return make_strategy(context)


class _Progress:
    """The curves of one search, as its children are trained.

    Attributes:
        curves: See `Curves`.
    """

    def __init__(self, table: Table, seed: int) -> None:
        self._judge = _Judge(table, seed)
        self._best_cell: Cell | None = None
        self._best_reward = -1.0
        self._highest_standing = -1.0
        self.curves: Curves = {name: [] for name in CURVES}
        self.curves["limits"] = limits_of(table, seed)

    @property
    def children(self) -> int:
        """Number of children trained."""
        return len(self.curves["reward"])

    def train(self, cell: Cell) -> float:
        """Look one child up, append to the curves, and return its reward."""
        reward = self._judge.reward(cell)
        if self._best_cell is None or reward > self._best_reward:
            self._best_reward = reward
            self._best_cell = cell
        self._highest_standing = max(self._highest_standing, self._judge.standing(cell))

        self.curves["reward"].append(self._best_reward)
        self.curves["standing"].append(self._judge.standing(self._best_cell))
        self.curves["judged"].append(self._judge.accuracy(self._best_cell))
        self.curves["trained"].append(self._highest_standing)
        return reward


class _Judge:
    """What one search is shown of a cell, and what it is judged by."""

    def __init__(self, table: Table, seed: int) -> None:
        self._table = table
        self._seed = seed
        self._runner = TableRunnerFactory(table)

    def reward(self, cell: Cell) -> float:
        """Return the reward that the search is shown."""
        return self._runner.answer(ChildJob(cell, self._child_seed(cell))).reward or 0.0

    def accuracy(self, cell: Cell) -> float:
        """Return the test accuracy, or else the mean of the trainings that were not shown."""
        judged = self._runner.judge(cell, self._child_seed(cell))
        return self._table.row(cell).mean if judged is None else judged

    def standing(self, cell: Cell) -> float:
        """Return what ranks cells: the reward of a cell trained once, or else as `accuracy`."""
        row = self._table.row(cell)
        return row.mean if len(row.rewards) == 1 else self.accuracy(cell)

    def _child_seed(self, cell: Cell) -> int:
        return identify(self._table.space, self._seed, cell)[1]


def limits_of(table: Table, seed: int) -> list[float]:
    """Return the standings that `SHARES` of all cells reach in this search, and the highest."""
    if has_several_trainings(table):
        judge = _Judge(table, seed)
        standings = [judge.standing(cell) for cell in all_cells(table.space)]
    else:
        standings = [row.mean for row in table.rows.values()]
    standings.sort(reverse=True)
    counts = [max(1, int(share * len(standings))) for share in SHARES]
    return [standings[count - 1] for count in (*counts, 1)]


def has_several_trainings(table: Table) -> bool:
    """Whether some cell was trained more than once, so that a reward is luck in part."""
    return any(len(row.rewards) > 1 for row in table.rows.values())


@cache
def load_cached(path: str, reward: str | None, test: str | None) -> Table:
    return load_table(path, reward, test)


# -- report ----------------------------------------------------------------------------------------


def show_regrets(
    results: dict[str, list[Curves]], best_judged: float, marks: Sequence[int]
) -> None:
    print("Regret of the best cell found, points of judged accuracy:")
    print("mean [95 % interval over seeds]\n")
    rows = []
    for name, searches in results.items():
        row = [name, str(len(searches))]
        for mark in marks:
            regrets = [regret(curves, best_judged, mark) for curves in searches]
            row.append(mean_interval(regrets))
        rows.append(row)
    print_table(["strategy", "seeds", *(f"{mark} children" for mark in marks)], rows)


def show_targets(results: dict[str, list[Curves]], budget: int, curve: str) -> None:
    """Print the children until ``curve`` reaches each share of the best, and the best."""
    rows = []
    for name, searches in results.items():
        row = [name]
        for number in range(len(SHARES) + 1):
            hits = []
            for curves in searches:
                limit = curves["limits"][number]
                hits.append(children_until(curves[curve], limit, budget))
            reached = sum(hit <= budget for hit in hits) / len(hits)
            row.append(f"{mean_interval(hits, 0)}; {reached:.0%}")
        rows.append(row)
    print_table(["strategy", *(f"top {share:.1%}" for share in SHARES), "the best"], rows)


def children_until(curve: Sequence[float], limit: float, budget: int) -> int:
    """Return the children until ``limit``; one more than the budget if it was not reached."""
    for children, value in enumerate(curve, start=1):
        if value >= limit:
            return children
    return budget + 1


def regret(curves: Curves, best_judged: float, children: int) -> float:
    """Return the regret after some children, in points of accuracy."""
    curve = curves["judged"]
    last = min(children, len(curve)) - 1
    return 100 * (best_judged - curve[last])


def plot(results: dict[str, list[Curves]], best_judged: float, title: str, path: Path) -> None:
    """Draw mean regret by children, with the interval of the mean."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5), dpi=80)
    for name, searches in results.items():
        longest = max(len(curves["judged"]) for curves in searches)
        children = range(1, longest + 1)
        regrets = np.empty((len(searches), longest))
        for row, curves in zip(regrets, searches, strict=True):
            row[:] = [regret(curves, best_judged, count) for count in children]
        mean = regrets.mean(axis=0)
        error = 1.96 * regrets.std(axis=0) / np.sqrt(len(regrets))
        (line,) = axes.plot(children, mean, label=name, linewidth=1.2)
        color = line.get_color()
        axes.fill_between(children, mean - error, mean + error, alpha=0.15, color=color)

    axes.set_title(title, loc="left", fontsize=9)
    axes.set(xlabel="children trained", ylabel="regret, points of judged accuracy")
    _scale_regret(axes)
    axes.legend(fontsize=6)
    figure.tight_layout()
    figure.savefig(path)


def _scale_regret(axes: Any) -> None:
    lowest = min(line.get_ydata().min() for line in axes.get_lines())
    axes.set_yscale("symlog", linthresh=0.1)
    axes.set_yticks([0, 0.1, 0.3, 0.5, 1, 2, 5, 10], minor=False)
    axes.set_ylim((0, 20) if lowest < 0.1 else (lowest / 1.3, 3))
    axes.yaxis.set_major_formatter("{x:g}")


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("table", nargs="?", help="file of the table, as trainer.table")
    add("--seeds", type=int, default=100, help="searches of each strategy (100)")
    add("--budget", type=int, default=130, help="children of each search (130)")
    add(
        "--strategies",
        nargs="*",
        choices=list(CONTENDERS),
        metavar="NAME",
        help="some of --list",
    )
    add("--reward", help="column of the reward")
    add("--test", help="column that judges")
    add("--processes", type=int, default=2, help="searches at a time (2)")
    add("--cache", type=Path, default=Path("outputs/search_efficiency"), help="finished searches")
    add("--plot", type=Path, help="PNG to draw")
    add("--list", action="store_true", help="print the strategies")
    args = parser.parse_args()
    if args.table is None and not args.list:
        parser.error("a table is needed")
    return args


if __name__ == "__main__":
    main()
