"""One child, as a search trains it, against `compile`, `fit` and `evaluate` of the same Keras model.

    .venv/bin/python experiments/benchmarks/child_training.py

Cells of 1, 2 and 5 blocks in the default network, trainer and data: same initial weights, batches, schedule
and number of steps, one thread, validated once at the end. Both sides build a new model for every child, as a
search must. Each side runs in a process of its own; seconds are CPU seconds, which other programs on the
machine hardly change. Takes 3-10 minutes.
"""

import argparse
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version

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
    """The same model by Keras's own means, standard layers included."""
    import keras

    from pnas.children import keras_layers
    from pnas.children.training import epoch_batches

    keras_layers.FastConv2D = keras.layers.Conv2D
    keras_layers.FastSeparableConv2D = keras.layers.SeparableConv2D
    keras_layers.FusedBatchNormalization = keras.layers.BatchNormalization
    data, trainer = manager.dataset, manager.trainer
    batches = epoch_batches(len(data.x_train), trainer, seed)
    order, steps = batches.ravel(), batches.shape[0] * batches.shape[1]
    model = manager.build(cell, seed)
    schedule = keras.optimizers.schedules.CosineDecay(trainer.learning_rate, steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(schedule), loss, metrics=["accuracy"])
    model.fit(data.x_train[order], data.y_train[order], trainer.batchsize, verbose=0, shuffle=False)
    return float(model.evaluate(data.x_val, data.y_val, batch_size=512, verbose=0)[1])


def measure(train: Callable[[Cell, int, NetworkManager], float], blocks: int, repeats: int) -> list[Measured]:
    """Train children of ``blocks`` blocks, after one that warms the process up."""
    manager, cell = make_manager(), Cell.parse(CELLS[blocks])
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


def show(values: list[float], digits: int) -> str:
    spread = f" +- {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{digits}f}{spread}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    print(f"{'blocks':>6} {'ours, s':>14} {'compile+fit, s':>16} {'ratio':>6} {'our reward':>18} {'theirs':>18}")
    for blocks in CELLS:
        our_seconds, our_rewards = map(list, zip(*in_new_process(ours, blocks, repeats), strict=True))
        seconds, rewards = map(list, zip(*in_new_process(plain, blocks, repeats), strict=True))
        ratio = statistics.mean(seconds) / statistics.mean(our_seconds)
        times = f"{show(our_seconds, 2):>14} {show(seconds, 2):>16} {ratio:6.1f}"
        print(f"{blocks:6} {times} {show(our_rewards, 4):>18} {show(rewards, 4):>18}", flush=True)
    versions = ", ".join(f"{name} {version(name)}" for name in ("tensorflow", "keras", "numpy"))
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python", end=" ")
    print(f"{platform.python_version()}, {versions}; mean +- sd of {repeats} seeds")


if __name__ == "__main__":
    main()
