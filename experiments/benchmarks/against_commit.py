"""How long commands take here and at an earlier commit, in turn.

    .venv/bin/python experiments/benchmarks/against_commit.py --base 49b9fd5 --repeats 3

Checks out ``--base`` into a temporary directory and types the same commands there and in this
working tree, one after the other, so that both meet the same machine. Prints median, lowest and
highest wall-clock time of each, and the ratio of each pair. Takes about two minutes a repeat.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from common import Timing, interleaved, print_machine, print_table, progress, spread
from same_results import ROOT, checked_out

SHORT_CHILD = ("search=random", "search.max_children=1", "trainer.epochs=1", "tracking=none")

BY_TABLE = ("trainer=tabular", f"trainer.table={ROOT}/experiments/tables/digits.yaml")

COMMANDS: dict[str, tuple[str, ...]] = {
    "--help": ("--help",),
    "a refused command": ("trainer.epochs=none",),
    "a plan on digits": ("plan_only=true",),
    "one short child, serial": (*SHORT_CHILD, "executor=serial"),
    "one short child, local": (*SHORT_CHILD, "executor=local"),
    "60 trainings by a table": (*BY_TABLE, "state_space.B=2", "tracking=none"),
    "the beam on digits, 52 children": ("search=progressive", "tracking=none"),
}


def type_command(tree: Path, words: tuple[str, ...]) -> None:
    """Run one command by the code in ``tree``, in an empty directory."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "CUDA_VISIBLE_DEVICES": "-1"}
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(
            [sys.executable, str(tree / "run.py"), *words],
            cwd=directory,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def compare(base: Path, words: tuple[str, ...], repeats: int) -> tuple[list[float], list[float]]:
    """Return the seconds of each repeat at ``base`` and here."""
    works = {"base": partial(type_command, base, words), "here": partial(type_command, ROOT, words)}
    timings = interleaved(works, repeats)
    return _seconds(timings["base"]), _seconds(timings["here"])


def _seconds(timings: list[Timing]) -> list[float]:
    return [timing.wall for timing in timings]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", required=True, help="commit to compare with")
    parser.add_argument("--repeats", type=int, default=3, help="pairs of each command (3)")
    parser.add_argument("--commands", nargs="+", choices=list(COMMANDS), default=list(COMMANDS))
    arguments = parser.parse_args()

    rows = []
    with checked_out(arguments.base) as base:
        for name in arguments.commands:
            progress(name)
            then, now = compare(base, COMMANDS[name], arguments.repeats)
            ratios = [new / old for old, new in zip(then, now, strict=True)]
            rows.append([name, spread(then), spread(now), spread(ratios)])
    print_table(["command", f"{arguments.base}, s", "here, s", "ratio"], rows)
    print_machine("hydra-core", "tensorflow")


if __name__ == "__main__":
    main()
