"""How long the commands take that train nothing: help, refusals, `task=rank`, plans.

    .venv/bin/python experiments/benchmarks/commands.py

Each command in a process of its own, taken in turn, by the clock and in processor seconds; `task=rank` reads a
CSV of 1,000 cells. The goal is 1.5 s each. Takes under a minute.
"""

import csv
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import print_machine, print_table, spread

RUN = Path(__file__).parents[2] / "run.py"
REPEATS = 5
COMMANDS = {
    "--help": ["--help"],
    "wrong value, refused while composing": ["trainer.epochs=abc"],
    "wrong value, refused by its rule": ["state_space.B=0"],
    "wrong key": ["trainer.epoch=3"],
    "task=rank of 1,000 cells": ["name=ranked", "task=rank", "task.files=[cells.csv]"],
    "plan_only=true": ["name=planned", "plan_only=true"],
}


def write_cells(path: Path) -> None:
    """A score file of 1,000 cells."""
    rng = random.Random(0)
    operators = ("3x3 conv", "3x3 dconv", "3x3 maxpool", "identity")
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("rank", "score", "blocks", "cell"))
        for rank in range(1, 1001):
            blocks = [
                f"({rng.choice((-2, -1))}, {rng.choice(operators)}, -1, {rng.choice(operators)})"
                for _ in "123"
            ]
            writer.writerow((rank, f"{1 - rank / 2000:.6f}", 3, ", ".join(blocks)))


def seconds(arguments: list[str], directory: Path) -> tuple[float, float]:
    """By the clock, and processor seconds of the command."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{RUN.parent}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
    }
    before = os.times()
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, str(RUN), *arguments], cwd=directory, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wall = time.perf_counter() - start
    after = os.times()
    return (
        wall,
        after.children_user + after.children_system - before.children_user - before.children_system,
    )


def main() -> None:
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as directory:
        write_cells(Path(directory) / "cells.csv")
        for _ in range(REPEATS):
            for name, arguments in COMMANDS.items():
                found[name].append(seconds(arguments, Path(directory)))
    rows = [
        (name, *[spread(column) for column in zip(*runs, strict=True)])
        for name, runs in found.items()
    ]
    print_table(("command", "s by the clock", "processor s"), rows)
    print_machine("hydra-core", "numpy", "matplotlib")


if __name__ == "__main__":
    main()
