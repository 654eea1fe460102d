"""How long the commands take that train nothing: help, refusals, `task=rank`, plans.

    .venv/bin/python experiments/benchmarks/commands.py

Each command in a process of its own, taken in turn, by the clock and in processor seconds;
`task=rank` reads a CSV of 1,000 cells. The goal is 1.5 s each. Takes under a minute.
"""

import csv
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from common import (
    RUN,
    SMALL_OPERATORS,
    Timing,
    clock,
    command_environment,
    make_parser,
    print_machine,
    print_table,
    spread,
)

CELLS = 1000
COMMANDS = {
    "--help": ["--help"],
    "wrong value, refused while composing": ["trainer.epochs=abc"],
    "wrong value, refused by its rule": ["state_space.B=0"],
    "wrong key": ["trainer.epoch=3"],
    "task=rank of 1,000 cells": ["name=ranked", "task=rank", "task.files=[cells.csv]"],
    "plan_only=true": ["name=planned", "plan_only=true"],
}


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="runs of each command")
    repeats = parser.parse_args().repeats

    timings: dict[str, list[Timing]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        write_cells(Path(folder) / "cells.csv")
        for _ in range(repeats):
            for name, arguments in COMMANDS.items():
                timings[name].append(time_command(arguments, Path(folder)))

    rows = []
    for name, runs in timings.items():
        wall = spread([timing.wall for timing in runs])
        cpu = spread([timing.cpu for timing in runs])
        rows.append((name, wall, cpu))
    print_table(("command", "s by the clock", "processor s"), rows)
    print_machine("hydra-core", "numpy", "matplotlib")


def write_cells(path: Path) -> None:
    """Write a score file of 1,000 cells of 3 blocks."""
    rng = random.Random(0)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("rank", "score", "blocks", "cell"))
        for rank in range(1, CELLS + 1):
            cell = ", ".join(_random_block(rng) for _ in range(3))
            writer.writerow((rank, f"{1 - rank / (2 * CELLS):.6f}", 3, cell))


def _random_block(rng: random.Random) -> str:
    source = rng.choice((-2, -1))
    first = rng.choice(SMALL_OPERATORS)
    second = rng.choice(SMALL_OPERATORS)
    return f"({source}, {first}, -1, {second})"


def time_command(arguments: list[str], folder: Path) -> Timing:
    """Run one command; its processor seconds are those of the subprocess."""
    before = os.times()
    with clock() as timing:
        subprocess.run(
            [sys.executable, str(RUN), *arguments],
            cwd=folder,
            env=command_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    after = os.times()
    user = after.children_user - before.children_user
    system = after.children_system - before.children_system
    return Timing(wall=timing.wall, cpu=user + system)


if __name__ == "__main__":
    main()
