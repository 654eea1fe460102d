"""What short trainings first are worth: the winner's accuracy against the epochs that are spent.

    python experiments/benchmarks/fidelity_study.py nasbench201.npz --rungs 0.06 1 --noise 0.003
    python experiments/benchmarks/fidelity_study.py experiments/tables/digits.yaml --rungs 0.08 1
    python experiments/benchmarks/fidelity_study.py nasbench201.npz --rungs 0.06 1 --shuffled

Every search is the package's own, from its first stage to its winner (a fifth of the budget
confirms), in a world of known truth (`known_truth.py`) made of a table with short trainings. The
budget is in whole trainings; a short one counts as its share of their epochs. With ``--shuffled`` a
short training shows that of another cell, so that it tells nothing: the search has to notice.

Prints the regret of the winner in points, and how much better a search with rungs is than the same
search without, paired over seeds: at the same budget, and with a third of it. Results are kept in
--cache, so that the same command continues.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from common import make_parser, paired_interval, print_machine, print_table, results_of_seeds
from known_truth import World, make_world

from pnas.execution import SerialExecutor
from pnas.predictors import named_spec
from pnas.records import Journal, best_child
from pnas.runs.child_identity import identify
from pnas.search import StrategyContext, make_search_spec
from pnas.search.search_run import WINNER, SearchRun
from pnas.search.training_setup import TrainingSetup
from pnas.state_space import Cell

BUDGETS = (10, 20, 40, 60)
CONFIRM = 0.2
STRATEGIES: dict[str, dict[str, Any]] = {
    "random": {"kind": "random"},
    "evolution": {"kind": "evolution"},
    "mixed (the default)": {"kind": "refined", "start": "mixed"},
}

Regrets = dict[str, float]


@dataclass(frozen=True)
class Study:
    """One table, and the short trainings that are studied on it.

    Attributes:
        table: File of the table.
        rungs: Shares of the epochs, as ``search.rungs``.
        noise: Noise of a table of one training a cell.
        short_noise: Noise of its short trainings.
        shuffled: Whether short trainings tell nothing.
    """

    table: str
    rungs: tuple[float, ...]
    noise: float
    short_noise: float
    shuffled: bool

    def world(self) -> World:
        """Return the world of the table."""
        world = make_world(self.table, noise=self.noise)
        return replace(world, short_noise=self.short_noise, shuffled=self.shuffled)


def regrets(study: Study, strategy: str, has_rungs: bool, seed: int) -> Regrets:
    """Return the regret of the winner by the budget, as text; nothing where it is too small."""
    world = study.world()
    found = {}
    for budget in BUDGETS:
        rungs = list(study.rungs) if has_rungs else []
        values = {**STRATEGIES[strategy], "max_children": budget, "confirm": CONFIRM}
        named = _named(world, {**values, "rungs": rungs}, seed)
        if named is not None:
            found[str(budget)] = world.best_judged - world.judged(named)
    return found


def _named(world: World, values: dict[str, Any], seed: int) -> Cell | None:
    """Return the cell that a search names; None where its budget has no room for it."""
    spec = make_search_spec(values)
    epochs = world.table.epochs or 1.0
    space = world.space
    if not spec.rungs and spec.first_children(space) > spec.max_children * (1 - spec.confirm):
        return None
    # Cross-validation only reports, and takes longer than all else here.
    controller = replace(named_spec("gp"), K=8, cross_validate=0)
    with (
        TemporaryDirectory() as folder,
        Journal(Path(folder) / "journal.sqlite", create=True) as journal,
    ):
        journal.relax_durability()
        run = SearchRun(
            context=StrategyContext(spec, space, controller, seed),
            training=TrainingSetup(SerialExecutor(world)),
            journal=journal,
            identify=partial(identify, space, seed),
            epochs=epochs,
        )
        run.run()
        winner = journal.meta(WINNER)
        best = best_child(journal.children())
    if winner is not None:
        return Cell.parse(winner["cell"])
    return None if best is None else best.cell


# -- all seeds -------------------------------------------------------------------------------------


def main() -> None:
    args = _parser().parse_args()
    study = Study(
        args.table, tuple(args.rungs), args.noise, args.short_noise, shuffled=args.shuffled
    )
    world = study.world()
    kind = ", shuffled" if args.shuffled else ""
    print(f"{args.table}{kind}: best {world.best_judged:.4f}, noise {world.noise:.4f}\n")
    results: dict[tuple[str, bool], list[Regrets]] = {}
    for strategy in args.strategies:
        for has_rungs in (False, True):
            results[strategy, has_rungs] = _of_seeds(args, study, strategy, has_rungs)
    _show_regrets(results)
    _show_differences(results)
    print_machine("numpy", "scipy")


def _of_seeds(
    args: argparse.Namespace, study: Study, strategy: str, has_rungs: bool
) -> list[Regrets]:
    parts = [Path(study.table).stem, *map(str, study.rungs if has_rungs else ())]
    parts += [str(study.noise), strategy.split()[0]]
    if has_rungs and study.shuffled:
        parts.append("shuffled")
    path = args.cache / f"{'-'.join(parts)}.json"
    job = partial(regrets, study, strategy, has_rungs)
    return results_of_seeds(path, range(args.seeds), job, path.stem, args.processes)


def _show_regrets(results: dict[tuple[str, bool], list[Regrets]]) -> None:
    print("Regret of the winner, points: mean [95 % interval over seeds]\n")
    rows = []
    for (strategy, has_rungs), searches in results.items():
        row = [_label(strategy, has_rungs), str(len(searches))]
        for budget in map(str, BUDGETS):
            row.append(_interval([100 * each[budget] for each in searches if budget in each]))
        rows.append(row)
    print_table(["strategy", "seeds", *(f"{budget} trainings" for budget in BUDGETS)], rows)


def _show_differences(results: dict[tuple[str, bool], list[Regrets]]) -> None:
    print("Better with rungs than without, points, paired over seeds\n")
    rows = []
    for strategy in dict.fromkeys(name for name, _ in results):
        plain = results[strategy, False]
        with_rungs = results[strategy, True]
        row = [strategy]
        for mine, its in [(budget, budget) for budget in BUDGETS] + [(20, 60)]:
            differences = []
            for former, latter in zip(plain, with_rungs, strict=True):
                if str(its) in former and str(mine) in latter:
                    differences.append(100 * (former[str(its)] - latter[str(mine)]))
            row.append(_interval(differences, sign="+"))
        rows.append(row)
    titles = [f"{budget} trainings" for budget in BUDGETS]
    print_table(["strategy", *titles, "20 with against 60 without"], rows)


def _label(strategy: str, has_rungs: bool) -> str:
    return f"{strategy}, rungs" if has_rungs else strategy


def _interval(values: Sequence[float], sign: str = "") -> str:
    if len(values) < 2:
        return "no room"
    mean, low, high = paired_interval(values)
    return f"{mean:{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]"


def _parser() -> argparse.ArgumentParser:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("table", help="file of the table, as trainer.table")
    add("--rungs", type=float, nargs="+", required=True, help="shares, as search.rungs")
    add("--seeds", type=int, default=100, help="searches of each strategy (100)")
    add("--noise", type=float, default=0.0, help="noise, of a table of one training a cell (0)")
    add("--short-noise", type=float, default=0.006, help="noise of its short trainings (0.006)")
    add("--shuffled", action="store_true", help="short trainings tell nothing")
    add("--strategies", nargs="+", choices=list(STRATEGIES), default=list(STRATEGIES))
    add("--processes", type=int, default=2, help="searches at a time (2)")
    add("--cache", type=Path, default=Path("outputs/fidelity_study"), help="finished searches")
    return parser


if __name__ == "__main__":
    main()
