"""How close is the plan's estimate of a child's time?

    .venv/bin/python experiments/benchmarks/plan_accuracy.py

Trains children of 1, 2, 3 and 5 blocks on digits, and of 1 and 5 blocks on random 32x32 images, in one process with one
thread, and prints CPU seconds beside what `pnas.search.search_plan.child_seconds` says. Takes about a minute on an idle core.
"""

import os
import platform
import time
from importlib.metadata import version

import numpy as np

from pnas import Cell, NetworkManager, load_dataset
from pnas.children import NetworkSpec, TrainerSpec
from pnas.data import Dataset, dataset_from_arrays
from pnas.search.search_plan import Workload, child_seconds

BLOCKS = (
    "(-2, 3x3 dconv, -1, 3x3 maxpool)",
    "(0, 3x3 conv, -1, identity)",
    "(-2, 3x3 conv, 1, 3x3 dconv)",
)
BLOCKS += ("(2, 5x5 dconv, -1, 3x3 maxpool)", "(-1, 3x3 conv, 0, 3x3 dconv)")


def random_images() -> Dataset:
    """1,000 images of CIFAR's shape; their content does not change the time."""
    images = np.random.default_rng(0).integers(0, 255, (1000, 32, 32, 3), dtype=np.uint8)
    return dataset_from_arrays(
        images, np.arange(1000) % 10, train_size=512, val_size=128, test_size=0
    )


def compare(name: str, manager: NetworkManager, sizes: tuple[int, ...]) -> None:
    """One line a size: estimated and measured seconds."""
    data = manager.dataset
    trainer = manager.trainer
    examples = (len(data.x_train), len(data.x_val))
    work = Workload(
        data.image_shape, data.num_classes, *examples, trainer.epochs, trainer.batchsize
    )
    manager.evaluate(Cell.parse("(-1, identity, -1, identity)"))  # warms the process up
    for b in sizes:
        cell = Cell.parse(", ".join(BLOCKS[:b]))
        started = time.process_time()
        manager.evaluate(cell)
        measured = time.process_time() - started
        estimate = child_seconds(b, manager.count(cell), manager.network, work)
        print(f"{name:<22} {b:>6} {estimate:>12.1f} {measured:>12.1f} {estimate / measured:>7.2f}")


def main() -> None:
    print(f"{'data':<22} {'blocks':>6} {'estimated, s':>12} {'measured, s':>12} {'ratio':>7}")
    compare("digits, F=8 N=1", NetworkManager(load_dataset("digits")), (1, 2, 3, 5))
    trainer = TrainerSpec(epochs=4, batchsize=128)
    for filters, repeats in ((8, 1), (16, 1)):
        network = NetworkSpec(filters=filters, repeats=repeats)
        manager = NetworkManager(random_images(), network=network, trainer=trainer)
        compare(f"32x32x3, F={filters} N={repeats}", manager, (1, 5))
    packages = ", ".join(f"{name} {version(name)}" for name in ("tensorflow", "keras", "numpy"))
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}"
    )


if __name__ == "__main__":
    main()
