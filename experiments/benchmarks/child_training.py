"""One child, as a search trains it, against `compile`, `fit` and `evaluate` of the same model.

    .venv/bin/python experiments/benchmarks/child_training.py

Cells of 1, 2 and 5 blocks in the default network, trainer and data: same initial weights, batches,
schedule and number of steps, one thread, validated once at the end. Both sides build a new model
for every child, as a search must. Each side runs in a process of its own; seconds are CPU seconds,
which other programs on the machine hardly change. Takes 3-10 minutes.
"""

import multiprocessing
import statistics
from collections.abc import Callable

from common import (
    CELL_OF_1,
    WARM_UP_CELL,
    clock,
    make_parser,
    mean_sd,
    print_machine,
    print_table,
)
from plain_keras import train_plainly

from pnas.children import NetworkManager, PNASNetworkSpec, SearchTrainerSpec
from pnas.data import load_dataset
from pnas.state_space import Cell
from pnas.state_space.named_cells import PRESETS

CELLS = {
    1: Cell.parse(CELL_OF_1),
    2: Cell.parse(f"{CELL_OF_1}, (-1, 5x5 dconv, 0, identity)"),
    5: PRESETS["pnasnet5"],
}
Measured = tuple[float, float]
"""CPU seconds, and validation accuracy."""

Train = Callable[[Cell, int, NetworkManager], float]


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="seeds of each child")
    repeats = parser.parse_args().repeats

    rows = [compare(blocks, repeats) for blocks in CELLS]
    header = ("blocks", "ours, processor s", "compile + fit", "ratio", "our reward", "theirs")
    print_table(header, rows)
    print(f"mean +- sd of {repeats} seeds")
    print_machine("tensorflow", "keras", "numpy")


def compare(blocks: int, repeats: int) -> tuple[object, ...]:
    """Return the row of the child with ``blocks`` blocks."""
    ours = measure_in_new_process(train_as_a_search, blocks, repeats)
    keras = measure_in_new_process(train_by_keras, blocks, repeats)
    our_seconds = [seconds for seconds, _ in ours]
    keras_seconds = [seconds for seconds, _ in keras]
    ratio = statistics.mean(keras_seconds) / statistics.mean(our_seconds)
    return (
        blocks,
        mean_sd(our_seconds),
        mean_sd(keras_seconds),
        f"{ratio:.1f}",
        mean_sd([reward for _, reward in ours], 4),
        mean_sd([reward for _, reward in keras], 4),
    )


def measure_in_new_process(train: Train, blocks: int, repeats: int) -> list[Measured]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (train, blocks, repeats))


def measure(train: Train, blocks: int, repeats: int) -> list[Measured]:
    """Train children of ``blocks`` blocks, after one that warms the process up."""
    trainer = SearchTrainerSpec(validate_every=SearchTrainerSpec().epochs)
    manager = NetworkManager(load_dataset("digits"), network=PNASNetworkSpec(), trainer=trainer)
    train(Cell.parse(WARM_UP_CELL), 0, manager)

    results = []
    for seed in range(repeats):
        manager.child_trainer.forget_children()
        with clock() as timing:
            accuracy = train(CELLS[blocks], seed, manager)
        results.append((timing.cpu, accuracy))
    return results


def train_as_a_search(cell: Cell, seed: int, manager: NetworkManager) -> float:
    return float(manager.evaluate(cell, seed).reward or 0)


def train_by_keras(cell: Cell, seed: int, manager: NetworkManager) -> float:
    """Train the same model by Keras's own means and layers, on one thread as well."""
    return train_plainly(cell, seed, manager.dataset, manager.network, manager.trainer)


if __name__ == "__main__":
    main()
