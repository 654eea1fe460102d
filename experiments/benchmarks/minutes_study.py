"""Does a search end in the time asked for, and with cells of full size?

    .venv/bin/python experiments/benchmarks/minutes_study.py
    .venv/bin/python experiments/benchmarks/minutes_study.py --data fashion --fashion FILE.npz
    .venv/bin/python experiments/benchmarks/minutes_study.py --data digits --minutes 2 \
        --overrides search.rungs=[0.2,1]

Runs ``minutes=M`` on the digits of the quickstart, on 2,000 images of Fashion-MNIST (an ``.npz``
file with x_train and y_train) and on a folder of small images that it makes, and prints the seconds
asked for and taken, by the search and by the whole command, the short trainings of
``search.rungs``, the cells that were trained whole, those of full size among them, the further
trainings of the confirmation, and the winner. Takes as long as the minutes that are asked for;
other load of the machine makes searches find less, not take longer.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from common import RUN, command_environment, make_parser, print_machine, print_table, progress
from PIL import Image

from pnas.records import Journal
from pnas.records.cell_trainings import is_short
from pnas.search.search_parts import is_first_training

CLASSES = 4
IMAGES_PER_CLASS = 100


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--data", nargs="*", default=["digits", "fashion", "folder"])
    parser.add_argument("--minutes", type=float, nargs="*", default=[1, 2, 5])
    parser.add_argument("--fashion", type=Path, help=".npz file of Fashion-MNIST")
    parser.add_argument("--side", type=int, default=64, help="pixels of the images of the folder")
    parser.add_argument("--overrides", nargs="*", default=[], help="of every command")
    options = parser.parse_args()

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in options.data:
            data = data_overrides(name, Path(folder), options.fashion, options.side)
            for minutes in options.minutes:
                progress(f"{name}: minutes={minutes:g}")
                overrides = [*data, *options.overrides]
                rows.append(search(name, minutes, Path(folder), overrides))
    print_table(
        (
            "data",
            "asked, s",
            "search, s",
            "command, s",
            "short",
            "cells",
            "full size",
            "confirmation",
            "winner",
            "its reward",
            "its test",
        ),
        rows,
    )
    print_machine("tensorflow", "keras")


def data_overrides(name: str, folder: Path, fashion: Path | None, side: int) -> list[str]:
    """Return the overrides that choose the data ``name``."""
    if name == "digits":
        return []
    if name == "fashion":
        if fashion is None:
            sys.exit("--fashion must name the .npz file of Fashion-MNIST")
        sizes = ["data.train_size=2000", "data.val_size=2000", "data.test_size=2000"]
        return ["data=npz", f"data.path={fashion}", *sizes, "trainer.epochs=8"]
    path = folder / "images"
    if not path.exists():
        make_folder(path, side)
    return ["data=image_folder", f"data.path={path}", "trainer.epochs=8"]


def make_folder(path: Path, side: int) -> None:
    """Write a folder of images of stripes, whose direction is the class, under noise."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:side, :side] / side
    for label in range(CLASSES):
        directory = path / f"stripes_{label}"
        directory.mkdir(parents=True)
        angle = np.pi * label / CLASSES
        for index in range(IMAGES_PER_CLASS):
            phase = rng.uniform(0, 2 * np.pi)
            waves = np.sin(30 * (x * np.cos(angle) + y * np.sin(angle)) + phase)
            noisy = 128 + 40 * waves[..., None] + rng.normal(0, 80, (side, side, 3))
            pixels = noisy.clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(directory / f"{index:03d}.png")


def search(name: str, minutes: float, folder: Path, overrides: Sequence[str]) -> tuple[object, ...]:
    """Run one search; return its row of the table."""
    run = f"{name}_{minutes:g}".replace(".", "_")
    command = [sys.executable, str(RUN), f"name={run}", f"minutes={minutes}", "tracking=none"]
    began = time.monotonic()
    done = subprocess.run(
        [*command, *overrides],
        cwd=folder,
        env=command_environment(TF_CPP_MIN_LOG_LEVEL="3"),
        capture_output=True,
        text=True,
    )
    seconds = time.monotonic() - began
    if done.returncode:
        sys.exit(f"{run}: exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    progress(f"  {seconds:.0f} s, load {os.getloadavg()[0]:.1f}")
    return row_of(name, 60 * minutes, seconds, folder / "outputs" / run)


def row_of(name: str, asked: float, command: float, run_dir: Path) -> tuple[object, ...]:
    summary = json.loads((run_dir / "summary.json").read_text())
    with Journal(run_dir / "journal.sqlite") as journal:
        ended = [child for child in journal.children() if child.ended_at is not None]
        B = journal.meta("config")["state_space"]["B"]
    short = [child for child in ended if is_short(child)]
    whole = [child for child in ended if not is_short(child)]
    first = [child for child in whole if is_first_training(child)]
    full = sum(len(child.cell) == B for child in first)
    winner = summary["winner"] or {}
    best = summary["best"] or {}
    reward = winner.get("mean", best.get("reward"))
    test = winner.get("test_accuracy", best.get("test_accuracy"))
    return (
        name,
        f"{asked:.0f}",
        f"{summary['search_seconds']:.0f}",
        f"{command:.0f}",
        len(short),
        len(first),
        full,
        len(whole) - len(first),
        winner.get("cell", f"{best.get('cell')} (not confirmed)"),
        "" if reward is None else f"{reward:.4f}",
        "" if test is None else f"{test:.4f}",
    )


if __name__ == "__main__":
    main()
