"""What each strategy names after so many trainings, with and without confirmation.

    python experiments/benchmarks/confirmed_searches.py experiments/tables/digits.yaml --seeds 100
    python experiments/benchmarks/confirmed_searches.py nasbench201.npz --noise 0.003

Rewards are those of a world of known truth (`known_truth.py`), and the cell that is named is judged
by its expected reward, or by the table's test column. Prints the regret of every strategy in
points, and its difference from random search with confirmation, or from another --baseline, paired
over seeds. Results are kept in --cache, so that the same command continues. A table of a space of
an extension is read with PNAS_EXTENSIONS=docs/examples/my_graph_space.py.

A strategy that does not know its budget does the same in the first n trainings whatever the budget
is. So one search of the largest budget is run, and what a search of n trainings would have named is
read off its first n children, or, with confirmation, off its first (1 - confirm) n children and a
confirmation of what is left. Strategies, confirmation and decision are the package's own.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from common import (
    make_parser,
    paired_interval,
    print_machine,
    print_table,
    results_of_seeds,
)
from known_truth import World, make_world

from pnas.predictors import named_spec
from pnas.runs.child_identity import identify
from pnas.search import StrategyContext, make_search_spec, make_strategy
from pnas.search.confirmation import decide_winner
from pnas.search.confirmation.finalists import rank_by_posterior
from pnas.search.confirmation.further_trainings import SearchedCell
from pnas.search.confirmation.strategy import Confirmation
from pnas.state_space import Cell


@dataclass(frozen=True)
class Entrant:
    """A strategy in the comparison.

    Attributes:
        search: Its settings.
        K: Children of each growing stage but the first; None to divide what the budget leaves
            after stage 1 among them.
    """

    search: dict[str, Any]
    K: int | None = 8


ENTRANTS = {
    "random": Entrant({"kind": "random"}),
    "evolution": Entrant({"kind": "evolution"}),
    "progressive": Entrant({"kind": "progressive"}, K=None),
    "refined, beam": Entrant({"kind": "refined", "start": "beam"}),
    "refined, sample": Entrant({"kind": "refined", "start": "sample"}, K=5),
    "refined, mixed": Entrant({"kind": "refined", "start": "mixed"}),
    "refined, mixed, no uncertainty": Entrant(
        {"kind": "refined", "start": "mixed", "uncertainty": 0.0}
    ),
}


@dataclass
class Trained:
    """A cell and its trainings.

    Attributes:
        cell: The cell.
        key: Its key.
        rewards: The rewards of its trainings.
    """

    cell: Cell
    key: str
    rewards: list[float] = field(default_factory=list)
    params: int | None = None
    flops: int | None = None
    seconds: float | None = None

    @property
    def attempts(self) -> int:
        """The number of its trainings."""
        return len(self.rewards)

    @property
    def mean(self) -> float:
        """The mean of its rewards."""
        return sum(self.rewards) / len(self.rewards)


Outcome = dict[str, Any]


def outcomes(
    world: World, name: str, budgets: Sequence[int], share: float, seed: int
) -> dict[str, Outcome]:
    """Return what one search names at each budget, with and without confirmation.

    Args:
        world: World that is searched.
        name: Name in `ENTRANTS`.
        budgets: Numbers of trainings.
        share: Share of the trainings for confirmation.
        seed: Seed of the search.

    Returns:
        By budget as text: the judged accuracy of the cell of the highest reward (``highest``), that
        of the winner (``winner``), the winner's stated probability, and whether it is the best of
        the finalists (``right``).
    """
    entrant = ENTRANTS[name]
    results: dict[str, Outcome] = {}
    whole: list[Trained] = []
    if not _knows_budget(entrant):
        context = _context(world, entrant, max(budgets), seed)
        whole = _search(world, context, max(budgets))
    for budget in budgets:
        searching = round(budget * (1 - share))
        children = whole[:budget]
        fewer = whole[:searching]
        context = _context(world, entrant, budget, seed)
        if _knows_budget(entrant):
            children = _search(world, context, budget)
            context = _context(world, entrant, searching, seed)
            fewer = _search(world, context, searching)
        outcome: Outcome = {}
        if children:
            highest = max(children, key=lambda each: each.rewards[0])
            outcome["highest"] = world.judged(highest.cell)
        if fewer and world.noise:
            outcome.update(_confirm(world, context, fewer, budget - len(fewer)))
        results[str(budget)] = outcome
    return results


def _knows_budget(entrant: Entrant) -> bool:
    return entrant.K is None


def _context(world: World, entrant: Entrant, budget: int, seed: int) -> StrategyContext:
    space = world.space
    K = entrant.K
    if K is None:
        later_stages = max(space.B - 1, 1)
        K = max(1, -(-(budget - space.num_cells(1)) // later_stages))
    # Cross-validation only reports, and takes longer than all else here.
    controller = replace(named_spec("gp"), K=K, cross_validate=0)
    spec = make_search_spec({**entrant.search, "max_children": budget})
    return StrategyContext(spec, space, controller, seed)


def _search(world: World, context: StrategyContext, budget: int) -> list[Trained]:
    """Return the cells of one search in the order of their training; none without room."""
    if context.spec.first_children(world.space) > budget:
        return []
    strategy = make_strategy(context)
    children: list[Trained] = []
    while len(children) < budget:
        proposal = strategy.ask()
        if proposal is None:
            break
        rewards: list[float | None] = []
        for cell in proposal.cells[: budget - len(children)]:
            key, child_seed = identify(world.space, context.seed, cell)
            reward = world.reward(cell, child_seed)
            children.append(Trained(cell, key, [reward]))
            rewards.append(reward)
        rewards += [None] * (len(proposal.cells) - len(rewards))
        if len(children) < budget:
            strategy.tell(rewards)
    return children


def _confirm(
    world: World, context: StrategyContext, children: Sequence[Trained], trainings: int
) -> Outcome:
    """Train the most promising cells again; return what is named then, and how sure that is."""
    searched = [replace(each, rewards=list(each.rewards)) for each in children]
    ranked: Sequence[Any] = rank_by_posterior(context, searched, 1)  # type: ignore[arg-type]
    by_cell = {each.cell: each for each in searched}
    confirmation = Confirmation(
        searched=[SearchedCell(each.cell, list(each.rewards)) for each in ranked],
        trainings=trainings,
        confidence=context.spec.confidence,
        seed=context.seed,
    )
    while (proposal := confirmation.ask()) is not None:
        rewards = []
        for cell, repeat in zip(proposal.cells, proposal.repeats or (), strict=True):
            _, child_seed = identify(world.space, context.seed, cell, repeat)
            rewards.append(world.reward(cell, child_seed))
            by_cell[cell].rewards.append(rewards[-1])
        confirmation.tell(rewards)
    winner = decide_winner(
        searched,  # type: ignore[arg-type]
        confidence=context.spec.confidence,
        tie_break="reward",
        seed=context.seed,
    )
    if winner is None:
        return {}
    finalists = [each for each in searched if len(each.rewards) > 1]
    highest = max(world.expected(each.cell) for each in finalists)
    named = next(each for each in searched if each.key == winner["key"])
    return {
        "winner": world.judged(named.cell),
        "probability": winner["probability_best"],
        "right": world.expected(named.cell) == highest,
        "trainings": sum(len(each.rewards) for each in searched),
        "expected_error": winner["expected"] - world.expected(named.cell),
    }


# -- all seeds -------------------------------------------------------------------------------------

BUDGETS = (40, 60, 80, 130)
Outcomes = list[dict[str, Outcome]]


def run_all(args: argparse.Namespace, name: str) -> Outcomes:
    """Return the outcomes of every seed, from the cache where they are there."""
    table = Path(args.table).stem
    path = args.cache / f"{table}-{args.reward}-{args.test}-{args.noise}-{args.confirm}-{name}.json"
    world = (args.table, args.reward, args.test, args.noise)
    job = partial(_run_one, world, name, args.confirm)
    return results_of_seeds(path, range(args.seeds), job, name, args.processes)


def _run_one(world: tuple[Any, ...], name: str, share: float, seed: int) -> dict[str, Outcome]:
    return outcomes(make_world(*world), name, BUDGETS, share, seed)


def named(outcome: Outcome, confirmed: bool) -> float | None:
    """Return the judged accuracy of what is named; None where the budget had no room.

    Without noise nothing can be confirmed: the whole budget goes to the search.
    """
    if confirmed:
        return outcome.get("winner")
    return outcome.get("highest")


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--baseline", default="random", help="what others are compared to (random)")
    args = parser.parse_args()
    if args.baseline not in args.strategies:
        parser.error(f"--baseline must be one of the strategies. Received: {args.baseline}")
    world = make_world(args.table, args.reward, args.test, args.noise)
    print(f"{args.table}: best judged {world.best_judged:.4f}, noise {world.noise:.4f}\n")
    results = {name: run_all(args, name) for name in args.strategies}
    kinds = (False, True) if world.noise else (False,)
    show_regrets(results, world.best_judged, kinds)
    show_differences(results, kinds, args.baseline)
    print_machine("numpy", "scipy")


def show_regrets(results: dict[str, Outcomes], best: float, kinds: Sequence[bool]) -> None:
    """Print the mean regret of what is named, in points, with its interval."""
    print("Regret of the cell that is named, points: mean [95 % interval over seeds]\n")
    rows = []
    for name, searches in results.items():
        for confirmed in kinds:
            row = [_label(name, confirmed), str(len(searches))]
            for budget in map(str, BUDGETS):
                found = [named(search[budget], confirmed) for search in searches]
                row.append(_interval([100 * (best - each) for each in found if each is not None]))
            rows.append(row)
    print_table(["strategy", "seeds", *(f"{budget} trainings" for budget in BUDGETS)], rows)


def show_differences(results: dict[str, Outcomes], kinds: Sequence[bool], baseline: str) -> None:
    """Print how much better each strategy is than the ``baseline``, paired over seeds."""
    compared = (baseline, kinds[-1])
    print(f"Better than {_label(*compared)} by so many points, paired over seeds\n")
    rows = []
    for name, searches in results.items():
        for confirmed in kinds:
            if (name, confirmed) == compared:
                continue
            row = [_label(name, confirmed)]
            for budget in map(str, BUDGETS):
                differences = []
                for search, other in zip(searches, results[baseline], strict=True):
                    mine = named(search[budget], confirmed)
                    its = named(other[budget], kinds[-1])
                    if mine is not None and its is not None:
                        differences.append(100 * (mine - its))
                row.append(_interval(differences, sign="+"))
            rows.append(row)
    print_table(["strategy", *(f"{budget} trainings" for budget in BUDGETS)], rows)


def _label(name: str, confirmed: bool) -> str:
    return f"{name}, confirmed" if confirmed else name


def _interval(values: Sequence[float], sign: str = "") -> str:
    if len(values) < 2:
        return "no room"
    mean, low, high = paired_interval(values)
    return f"{mean:{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]"


def argument_parser(description: str | None) -> argparse.ArgumentParser:
    """Return the parser of this command line, for others that look at the same searches."""
    parser = make_parser(description)
    add = parser.add_argument
    add("table", help="file of the table, as trainer.table")
    add("--seeds", type=int, default=100, help="searches of each strategy (100)")
    add("--confirm", type=float, default=0.2, help="share of the trainings, search.confirm (0.2)")
    add("--noise", type=float, default=0.0, help="noise, of a table of one training a cell (0)")
    add("--reward", help="column of the reward")
    add("--test", help="column that judges")
    add("--strategies", nargs="+", choices=list(ENTRANTS), default=list(ENTRANTS), metavar="NAME")
    add("--processes", type=int, default=2, help="searches at a time (2)")
    add("--cache", type=Path, default=Path("outputs/confirmed_searches"), help="finished searches")
    return parser


if __name__ == "__main__":
    main()
