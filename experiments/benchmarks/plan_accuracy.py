"""How close is the plan's estimate of a child's time?

    .venv/bin/python experiments/benchmarks/plan_accuracy.py

Trains children of 1, 2, 3 and 5 blocks on digits, and of 1 and 5 blocks on random 32x32 images, in
one process with one thread, and prints CPU seconds beside what
`pnas.search.search_plan.child_seconds` says. Takes about a minute on an idle core.
"""

import numpy as np
from common import WARM_UP_CELL, clock, make_parser, print_machine, print_table

from pnas import Cell, NetworkManager, load_dataset
from pnas.children import PNASNetworkSpec, SearchTrainerSpec
from pnas.data import Dataset, dataset_from_arrays
from pnas.search.search_plan import Workload, child_seconds

BLOCKS = (
    "(-2, 3x3 dconv, -1, 3x3 maxpool)",
    "(0, 3x3 conv, -1, identity)",
    "(-2, 3x3 conv, 1, 3x3 dconv)",
    "(2, 5x5 dconv, -1, 3x3 maxpool)",
    "(-1, 3x3 conv, 0, 3x3 dconv)",
)
IMAGES = 1000


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1, 2, 3, 5], help="blocks, digits")
    sizes = parser.parse_args().sizes

    rows = compare("digits, F=8 N=1", NetworkManager(load_dataset("digits")), sizes)
    trainer = SearchTrainerSpec(epochs=4, batchsize=128)
    images = random_images()
    for filters in (8, 16):
        network = PNASNetworkSpec(filters=filters, repeats=1)
        manager = NetworkManager(images, network=network, trainer=trainer)
        rows += compare(f"32x32x3, F={filters} N=1", manager, [1, 5])
    print_table(("data", "blocks", "estimated, s", "measured, s", "ratio"), rows)
    print_machine("tensorflow", "keras", "numpy")


def random_images() -> Dataset:
    """Return 1,000 images of CIFAR's shape; their content does not change the time."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (IMAGES, 32, 32, 3), dtype=np.uint8)
    labels = np.arange(IMAGES) % 10
    return dataset_from_arrays(images, labels, train_size=512, val_size=128, test_size=0)


def compare(name: str, manager: NetworkManager, sizes: list[int]) -> list[tuple[str, ...]]:
    """Return one row a size: estimated and measured seconds."""
    data = manager.dataset
    work = Workload(
        data.image_shape,
        data.num_classes,
        len(data.x_train),
        len(data.x_val),
        manager.trainer.epochs,
        manager.trainer.batchsize,
    )
    manager.evaluate(Cell.parse(WARM_UP_CELL))

    rows = []
    for b in sizes:
        cell = Cell.parse(", ".join(BLOCKS[:b]))
        with clock() as timing:
            manager.evaluate(cell)
        estimate = child_seconds(b, manager.count(cell), manager.network, work)
        ratio = estimate / timing.cpu
        rows.append((name, str(b), f"{estimate:.1f}", f"{timing.cpu:.1f}", f"{ratio:.2f}"))
    return rows


if __name__ == "__main__":
    main()
