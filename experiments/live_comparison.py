"""Search strategies compared by searches that train: equal budgets, several seeds, winners
retrained.

    python experiments/live_comparison.py                     # digits, 60 children, 3 seeds
    python experiments/live_comparison.py data=fashion_mnist data.path=fashion_mnist.npz \\
        data.train_size=600
    python experiments/live_comparison.py --minutes 6 --strategies mixed mixed_rungs \\
        --baseline mixed executor=serial

Arguments of the form key=value go to every search. Each search is a run of `run.py` of its own, in
a directory of --outputs named after strategy and seed; the same command continues. Budgets are
trainings (--children) or, with --minutes, seconds: with one worker on a core of its own these are
processor time. Each winner is then trained again with seeds that no search used, because the reward
of a winner is the highest of many noisy ones and so biased upwards; --again 0 leaves that to a
later command. Differences to the baseline, random search by default, are paired by seed. With
random search among the strategies, what the winners gained over a random cell is printed too: their
mean reward less that of the cells that random search of the same seed drew.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "experiments" / "benchmarks"))

from common import mean_sd, paired_interval, print_machine, print_table, progress  # noqa: E402
from hydra import compose, initialize_config_dir  # noqa: E402

from pnas.config.schema import read_settings, register_schema  # noqa: E402
from pnas.records import JournalReader  # noqa: E402
from pnas.records.cell_trainings import is_repeated  # noqa: E402
from pnas.records.run_directory import JOURNAL  # noqa: E402
from pnas.state_space import Cell, build_space  # noqa: E402

STRATEGIES: dict[str, tuple[str, ...]] = {
    "random": ("search=random", "search.batch=4"),
    "progressive_random": ("search=progressive_random",),
    "evolution": ("search=evolution", "search.population=10", "search.sample=4", "search.batch=4"),
    "progressive": ("search=progressive", "controller=gp"),
    "progressive_lstm": ("search=progressive", "controller=lstm"),
    "refined": ("search=refined", "controller=gp"),
    "mixed": ("search=mixed", "controller=gp"),
    "mixed_rungs": ("search=mixed", "controller=gp", "search.rungs=[0.25,1]"),
    "random_confirmed": ("search=random", "search.batch=4", "search.confirm=0.2"),
    "evolution_confirmed": (
        "search=evolution",
        "search.population=10",
        "search.sample=4",
        "search.batch=4",
        "search.confirm=0.2",
    ),
    "progressive_confirmed": ("search=progressive", "controller=gp", "search.confirm=0.2"),
    "refined_sample": ("search=refined", "controller=gp", "search.first=8", "controller.K=5"),
}

BEAM_SHARE = {
    "progressive_random": 1.0,
    "progressive": 1.0,
    "progressive_lstm": 1.0,
    "progressive_confirmed": 1.0,
    "refined": 1 / 3,
}
"""Share of what stage 1 and a confirmation leave that the beam gets; refinement gets the rest."""

CONFIRMED_SHARE = 0.2
"""Share of the budget of a beam that ends with a confirmation."""

FIRST_FRESH_SEED = 1000
"""Winners are trained again with seeds from here on, which no search uses."""


class Outcome(NamedTuple):
    """One search and its winner.

    Attributes:
        children: Number of children trained.
        reward: Reward that the search shows for its winner.
        test_accuracy: Accuracy of the winner on the test part; None without one.
        retrained: Rewards of the winner, trained again with fresh seeds.
        drawn: Mean reward of the first trainings of its cells.
    """

    children: int
    reward: float
    test_accuracy: float | None
    retrained: list[float]
    drawn: float


RANDOM = ("random", "random_confirmed")
"""Strategies whose cells are drawn at random."""


def main() -> None:
    arguments = command_line()
    outcomes: dict[str, list[Outcome]] = {strategy: [] for strategy in arguments.strategies}
    # Seed by seed, so that an interrupted comparison has whole pairs.
    for seed in range(arguments.seeds):
        for strategy in arguments.strategies:
            outcomes[strategy].append(outcome_of(arguments, strategy, seed))

    typed = " ".join(arguments.overrides)
    print(f"{arguments.seeds} seeds, budget of {budget(arguments)}, {typed}: mean +- sd\n")
    header = (
        "strategy",
        "children",
        "reward of the winner",
        "its test accuracy",
        f"retrained, {arguments.again} seeds each",
        f"retrained less {arguments.baseline}'s [95 %]",
    )
    print_table(header, [row_of(strategy, arguments.baseline, outcomes) for strategy in outcomes])
    drawing = [strategy for strategy in RANDOM if outcomes.get(strategy)]
    if drawing and arguments.again and arguments.seeds > 1:
        print_gains(outcomes, outcomes[drawing[0]])
    print_machine("tensorflow", "keras")


def budget(arguments: argparse.Namespace) -> str:
    """Return the budget of a search in words."""
    if arguments.minutes:
        return f"{arguments.minutes:g} minutes"
    return f"{arguments.children} children"


def row_of(strategy: str, baseline: str, outcomes: dict[str, list[Outcome]]) -> list[str]:
    """Return one row of the table."""
    own = outcomes[strategy]
    tests = [found.test_accuracy for found in own if found.test_accuracy is not None]
    retrained = [reward for found in own for reward in found.retrained]
    return [
        strategy,
        mean_sd([found.children for found in own], 0),
        mean_sd([found.reward for found in own], 4),
        mean_sd(tests, 4) if tests else "none",
        mean_sd(retrained, 4) if retrained else "not yet",
        difference_to_baseline(strategy, baseline, outcomes),
    ]


def difference_to_baseline(strategy: str, baseline: str, outcomes: dict[str, list[Outcome]]) -> str:
    """Return the mean difference of the winners' retrained rewards to the baseline's, with
    interval.
    """
    if strategy == baseline or not outcomes.get(baseline):
        return ""
    differences = []
    for own, other in zip(outcomes[strategy], outcomes[baseline], strict=True):
        if own.retrained and other.retrained:
            differences.append(mean(own.retrained) - mean(other.retrained))
    if len(differences) < 2:
        return ""
    middle, low, high = paired_interval(differences)
    return f"{middle:+.4f} [{low:+.4f}, {high:+.4f}]"


def print_gains(outcomes: dict[str, list[Outcome]], drawing: Sequence[Outcome]) -> None:
    """Print by how many points the winners are better than a random cell."""
    drawn = [search.drawn for search in drawing]
    print(
        f"a random cell: {mean_sd(drawn, 4)} (mean of a search, its deviation between searches)\n"
    )
    rows = []
    for strategy, own in outcomes.items():
        gains = [
            100 * (mean(search.retrained) - random_cell)
            for search, random_cell in zip(own, drawn, strict=True)
        ]
        middle, low, high = paired_interval(gains)
        rows.append([strategy, f"{middle:+.2f} [{low:+.2f}, {high:+.2f}]"])
    print_table(("winners of", "points over a random cell [95 %]"), rows)


def outcome_of(arguments: argparse.Namespace, strategy: str, seed: int) -> Outcome:
    """Run the search as far as it was not run before, and train its winner again."""
    name = f"{strategy}_{seed}"
    run_dir = arguments.outputs / name
    command = [
        f"name={name}",
        f"seed={seed}",
        f"hydra.run.dir={run_dir}",
        *budget_overrides(arguments),
        *STRATEGIES[strategy],
    ]
    if strategy in BEAM_SHARE and not arguments.minutes:
        command.append(f"controller.K={beam_width(arguments, strategy)}")
    run([*command, *arguments.overrides])

    summary: dict[str, Any] = json.loads((run_dir / "summary.json").read_text())
    # Searches of earlier versions name the child of the highest reward.
    winner = summary.get("winner") or summary["best"]
    return Outcome(
        children=summary["children_trained"],
        reward=winner.get("mean", winner.get("reward")),
        test_accuracy=winner.get("test_accuracy"),
        retrained=retrain(run_dir, winner["cell"], arguments.again),
        drawn=mean_of_first_trainings(run_dir),
    )


def mean_of_first_trainings(run_dir: Path) -> float:
    """Return the mean reward of the cells of a search, without their further trainings."""
    with JournalReader(run_dir / JOURNAL) as journal:
        children = journal.children()
    firsts = [child for child in children if not is_repeated(child) and child.reward is not None]
    return mean(child.reward for child in firsts)


def budget_overrides(arguments: argparse.Namespace) -> list[str]:
    """Return the overrides that limit a search."""
    if arguments.minutes:
        return [f"minutes={arguments.minutes:g}"]
    # Strategies with one seed train many of the same cells with the same seeds.
    cache = f"cache.path={arguments.outputs / 'children.sqlite'}"
    return [f"search.max_children={arguments.children}", cache]


def beam_width(arguments: argparse.Namespace, strategy: str) -> int:
    """Return K of a beam that starts with all cells of one block and spends its share."""
    register_schema()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        spec = read_settings(compose("config", ["name=plan", *arguments.overrides])).state_space
    children = arguments.children
    if strategy.endswith("_confirmed"):
        children -= int(CONFIRMED_SHARE * children)
    after_stage_1 = children - build_space(spec).num_cells(1)
    later_stages = max(1, spec.B - 1)
    return max(2, int(BEAM_SHARE[strategy] * after_stage_1 / later_stages))


def retrain(run_dir: Path, cell: str, trainings: int) -> list[float]:
    """Return rewards of ``cell`` with fresh seeds; they are kept beside the search."""
    path = run_dir / "retrained.json"
    known: dict[str, float] = json.loads(path.read_text()) if path.is_file() else {}
    manager = None
    rewards = []
    for seed in range(FIRST_FRESH_SEED, FIRST_FRESH_SEED + trainings):
        key = f"{cell}/{seed}"
        if key not in known:
            manager = manager or manager_of(run_dir)
            known[key] = manager.evaluate(Cell.parse(cell), seed).reward
            path.write_text(json.dumps(known))
        rewards.append(known[key])
    return rewards


def manager_of(run_dir: Path) -> Any:
    """Return a NetworkManager with the settings of the search in ``run_dir``."""
    from pnas.children import NetworkManager
    from pnas.data import load_dataset
    from pnas.runs.run_source import stored_settings

    settings = stored_settings(run_dir)
    dataset = load_dataset(settings.data)
    return NetworkManager(dataset, network=settings.child, trainer=settings.trainer)


def run(overrides: Sequence[str]) -> None:
    """Run one search by the command line."""
    progress(" ".join(overrides))
    command = [sys.executable, str(ROOT / "run.py"), "tracking=none", *overrides]
    subprocess.run(command, check=True, stdout=sys.stderr)


def command_line() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--strategies", nargs="*", choices=list(STRATEGIES), default=list(STRATEGIES)
    )
    parser.add_argument("--seeds", type=int, default=3, help="searches of each strategy")
    parser.add_argument("--children", type=int, default=60, help="budget of each search")
    parser.add_argument("--minutes", type=float, help="limit of each search in place of children")
    parser.add_argument("--baseline", choices=list(STRATEGIES), default="random")
    parser.add_argument("--again", type=int, default=3, help="trainings of each winner afterwards")
    parser.add_argument("--outputs", type=Path, default=Path("outputs/live"))
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="for every search")
    return parser.parse_args()


if __name__ == "__main__":
    main()
