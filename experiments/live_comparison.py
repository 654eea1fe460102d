"""Search strategies compared by searches that train: the same budget, several seeds, winners trained again.

    python experiments/live_comparison.py                                       # digits, 60 children, 3 seeds
    python experiments/live_comparison.py data=fashion_mnist data.path=fashion_mnist.npz data.train_size=600

Arguments of the form key=value go to every search. Each search is a run of `run.py` of its own, named after strategy
and seed in --outputs; the same command continues. Each winner is then trained again with seeds that no search used:
its reward in the search is the best of many, and so too good.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "experiments" / "benchmarks"))

from common import mean_sd, print_machine, print_table, progress  # noqa: E402
from hydra import compose, initialize_config_dir  # noqa: E402

from pnas.config.schema import read_settings, register_schema  # noqa: E402
from pnas.state_space.registry import build_space  # noqa: E402

STRATEGIES = {
    "random": ("search=random", "search.batch=4"),
    "progressive_random": ("search=progressive_random",),
    "evolution": ("search=evolution", "search.population=10", "search.sample=4", "search.batch=4"),
    "progressive": ("search=progressive", "controller=gp"),
    "progressive_lstm": ("search=progressive", "controller=lstm"),
    "refined": ("search=refined", "controller=gp"),
    "refined_sample": ("search=refined", "controller=gp", "search.first=8", "controller.K=5"),
}
BEAMS = {"progressive_random": 1.0, "progressive": 1.0, "progressive_lstm": 1.0, "refined": 1 / 3}
"""Share of what stage 1 leaves of the budget that goes to the two stages after it; the rest is for refinement."""
FRESH = 1000
"""Seeds of retrained winners begin here."""


def main() -> None:
    args, overrides = arguments()
    rows = []
    for strategy in args.strategies:
        found = [summary(args, strategy, seed, overrides) for seed in range(args.seeds)]
        again = [reward for run in found for reward in retrained(args, run, overrides)]
        rewards = [run["best"]["reward"] for run in found]
        tests = [
            run["best"]["test_accuracy"]
            for run in found
            if run["best"]["test_accuracy"] is not None
        ]
        trained = [run["children_trained"] for run in found]
        shown = [mean_sd(values, 4) if values else "none" for values in (rewards, tests, again)]
        rows.append([strategy, mean_sd(trained, 0), *shown])
    header = [
        "strategy",
        "children",
        "best reward",
        "its test accuracy",
        f"winners again, {args.again} seeds each",
    ]
    print(
        f"{args.seeds} seeds, budget of {args.children} children, {' '.join(overrides)}: mean +- sd\n"
    )
    print_table(header, rows)
    print_machine("tensorflow", "keras")


def summary(args: argparse.Namespace, strategy: str, seed: int, overrides: Sequence[str]) -> dict:
    """Of the search, which is run as far as it was not yet."""
    name = f"{strategy}_{seed}"
    run_dir = args.outputs / name
    settings = (
        [f"controller.K={children_per_stage(args, strategy, overrides)}"]
        if strategy in BEAMS
        else []
    )
    command = [
        f"name={name}",
        f"seed={seed}",
        f"hydra.run.dir={run_dir}",
        f"search.max_children={args.children}",
    ]
    # Strategies of one seed train many of the same cells, by the same seeds.
    shared = f"cache.path={args.outputs / 'children.sqlite'}"
    run([*command, shared, *STRATEGIES[strategy], *settings, *overrides])
    return json.loads((run_dir / "summary.json").read_text())


def children_per_stage(args: argparse.Namespace, strategy: str, overrides: Sequence[str]) -> int:
    """K of a beam that begins with all cells of one block of the space."""
    register_schema()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        spec = read_settings(compose("config", ["name=plan", *overrides])).state_space
    left = BEAMS[strategy] * (args.children - build_space(spec).num_cells(1))
    return max(2, int(left / max(1, spec.B - 1)))


def retrained(args: argparse.Namespace, found: dict, overrides: Sequence[str]) -> list[float]:
    """Rewards of the winner, trained with fresh seeds; kept beside its search."""
    path = args.outputs / found["name"] / "retrained.json"
    known: dict[str, float] = json.loads(path.read_text()) if path.is_file() else {}
    missing = [
        seed
        for seed in range(FRESH, FRESH + args.again)
        if f"{found['best']['cell']}/{seed}" not in known
    ]
    if missing:
        manager = manager_of(args.outputs / found["name"])
        from pnas.state_space import Cell

        for seed in missing:
            result = manager.evaluate(Cell.parse(found["best"]["cell"]), seed)
            known[f"{found['best']['cell']}/{seed}"] = result.reward
            path.write_text(json.dumps(known))
    seeds = range(FRESH, FRESH + args.again)
    return [known[f"{found['best']['cell']}/{seed}"] for seed in seeds]


def manager_of(run_dir: Path):
    """A manager with the settings of the search in ``run_dir``."""
    from pnas.children import NetworkManager
    from pnas.data import load_dataset
    from pnas.runs.run_source import stored_settings

    settings = stored_settings(run_dir)
    return NetworkManager(
        load_dataset(settings.data), network=settings.child, trainer=settings.trainer
    )


def run(overrides: Sequence[str]) -> None:
    progress(" ".join(overrides))
    subprocess.run(
        [sys.executable, str(ROOT / "run.py"), "tracking=none", *overrides],
        check=True,
        stdout=sys.stderr,
    )


def arguments() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--strategies", nargs="*", choices=list(STRATEGIES), default=list(STRATEGIES), help="which"
    )
    parser.add_argument("--seeds", type=int, default=3, help="searches of each strategy (3)")
    parser.add_argument("--children", type=int, default=60, help="budget of each search (60)")
    parser.add_argument(
        "--again", type=int, default=3, help="trainings of each winner afterwards (3)"
    )
    parser.add_argument(
        "--outputs", type=Path, default=Path("outputs/live"), help="where run directories lie"
    )
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="for every search")
    args = parser.parse_args()
    return args, args.overrides


if __name__ == "__main__":
    main()
