"""One child, as a search trains it, against `compile`, `fit` and `evaluate` of the same Keras model.

    .venv/bin/python experiments/benchmarks/child_training.py

Cells of 1, 2 and 5 blocks in the default network, trainer and data: same initial weights, batches, schedule
and number of steps, one thread, validated once at the end. Both sides build a new model for every child, as a
search must. Each side runs in a process of its own; seconds are CPU seconds, which other programs on the
machine hardly change. Takes 3-10 minutes.
"""

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable

from common import mean_sd, print_machine, print_table
from plain_keras import train_plainly

from pnas.children import NetworkManager, NetworkSpec, TrainerSpec
from pnas.data import load_dataset
from pnas.state_space import Cell

CELLS = {
    1: "(-2, 3x3 dconv, -1, 3x3 maxpool)",
    2: "(-2, 3x3 dconv, -1, 3x3 maxpool), (-1, 5x5 dconv, 0, identity)",
    5: (
        "(-2, 5x5 dconv, -2, 3x3 maxpool), (-1, 7x7 dconv, -1, 3x3 maxpool), (-1, 5x5 dconv, -1, 3x3 dconv), "
        "(2, 3x3 dconv, -1, 3x3 maxpool), (-2, 3x3 dconv, -1, identity)"
    ),
}
Measured = tuple[float, float]
"""CPU seconds, and validation accuracy."""


def make_manager() -> NetworkManager:
    trainer = TrainerSpec(validate_every=TrainerSpec().epochs)
    return NetworkManager(load_dataset("digits"), network=NetworkSpec(), trainer=trainer)


def ours(cell: Cell, seed: int, manager: NetworkManager) -> float:
    """The child as a search trains it."""
    return float(manager.evaluate(cell, seed).reward or 0)


def plain(cell: Cell, seed: int, manager: NetworkManager) -> float:
    """The same model by Keras's own means, standard layers included, on one thread as well."""
    return train_plainly(cell, seed, manager.dataset, manager.network, manager.trainer)


def measure(
    train: Callable[[Cell, int, NetworkManager], float], blocks: int, repeats: int
) -> list[Measured]:
    """Train children of ``blocks`` blocks, after one that warms the process up."""
    manager = make_manager()
    cell = Cell.parse(CELLS[blocks])
    train(Cell.parse("(-1, identity, -1, identity)"), 0, manager)
    results = []
    for seed in range(repeats):
        start = time.process_time()
        accuracy = train(cell, seed, manager)
        results.append((time.process_time() - start, accuracy))
    return results


def in_new_process(*arguments: object) -> list[Measured]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, arguments)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    rows = []
    for blocks in CELLS:
        our_seconds, our_rewards = map(
            list, zip(*in_new_process(ours, blocks, repeats), strict=True)
        )
        seconds, rewards = map(list, zip(*in_new_process(plain, blocks, repeats), strict=True))
        ratio = f"{statistics.mean(seconds) / statistics.mean(our_seconds):.1f}"
        row = (
            blocks,
            mean_sd(our_seconds),
            mean_sd(seconds),
            ratio,
            mean_sd(our_rewards, 4),
            mean_sd(rewards, 4),
        )
        rows.append(row)
    print_table(
        ("blocks", "ours, processor s", "compile + fit", "ratio", "our reward", "theirs"), rows
    )
    print(f"mean +- sd of {repeats} seeds")
    print_machine("tensorflow", "keras", "numpy")


if __name__ == "__main__":
    main()
