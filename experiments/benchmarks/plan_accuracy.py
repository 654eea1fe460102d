"""How close are predictions of a child's training time?

    .venv/bin/python experiments/benchmarks/plan_accuracy.py
    .venv/bin/python experiments/benchmarks/plan_accuracy.py --calibrate

Trains children of 1 to 5 blocks on digits and on random 28x28 and 32x32 images, each kind in a
process of its own with one thread, and prints CPU seconds beside what the model of
`pnas.children.training_time` says: with its constants, as before a search, and fitted to the
children of the same kind that were trained before, as within a search. Takes about three minutes on
an idle core. ``--calibrate`` prints the constants that fit all of these children best.
"""

import json
import math
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
from common import (
    SMALL_OPERATORS,
    WARM_UP_CELL,
    call_in_new_process,
    clock,
    make_parser,
    print_machine,
    print_table,
)

from pnas import Cell, NetworkManager, load_dataset
from pnas.children import PNASNetworkSpec, SearchTrainerSpec
from pnas.children.training_time import (
    MeasuredTraining,
    NetworkWork,
    Workload,
    network_work,
    prior_model,
)
from pnas.children.training_time.time_model import PRIOR, terms_of
from pnas.data import Dataset, dataset_from_arrays
from pnas.search.pacing.forecast import sample_cells
from pnas.state_space import StateSpace

KINDS = ("digits", "28x28x1", "32x32x3", "32x32x3, N=2 F=24")
_PRIOR_WEIGHT = 0.3


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=KINDS)
    parser.add_argument("--calibrate", action="store_true", help="print constants that fit best")
    options = parser.parse_args()

    rows: list[tuple[str, ...]] = []
    by_clock: list[tuple[str, ...]] = []
    measured: list[dict[str, Any]] = []
    for kind in options.kinds:
        answer = call_in_new_process("plan_accuracy.measure", kind)
        children = json.loads(answer.splitlines()[-1])
        rows += compare(kind, children, "cpu")
        by_clock += compare(kind, children, "wall")
        measured += children
    print_table(
        ("data", "blocks", "measured, s", "constants, s", "ratio", "fitted, s", "ratio"), rows
    )
    for unit, compared in (("processor seconds", rows), ("seconds by the clock", by_clock)):
        for name, column in (("constants", 4), ("fitted", 6)):
            ratios = [float(row[column]) for row in compared if row[column]]
            print(f"{unit}, {name}: {spread_of(ratios)}")
    if options.calibrate:
        print_constants(measured)
    print_machine("tensorflow", "keras", "numpy")


def setup(kind: str) -> tuple[Dataset, PNASNetworkSpec, SearchTrainerSpec, StateSpace, list[int]]:
    """Return the data, network, trainer and space of ``kind``, and the sizes of its cells."""
    small = StateSpace(B=5, operators=list(SMALL_OPERATORS))
    network = PNASNetworkSpec(filters=8, repeats=1)
    if kind == "digits":
        return load_dataset("digits"), network, SearchTrainerSpec(), small, [1, 1, 2, 2, 3, 3, 3, 5]
    if kind == "28x28x1":
        trainer = SearchTrainerSpec(epochs=4, batchsize=64)
        return random_images(28, 1, 1024, 512), network, trainer, small, [1, 2, 3, 3, 3, 5]
    if kind == "32x32x3":
        trainer = SearchTrainerSpec(epochs=3, batchsize=128)
        network = PNASNetworkSpec(filters=16, repeats=1)
        return random_images(32, 3, 512, 128), network, trainer, StateSpace(B=5), [1, 2, 3, 5]
    trainer = SearchTrainerSpec(epochs=2, batchsize=64)
    network = PNASNetworkSpec(filters=24, repeats=2)
    return random_images(32, 3, 256, 128), network, trainer, StateSpace(B=5), [1, 2, 3]


def random_images(side: int, channels: int, train: int, val: int) -> Dataset:
    """Return images whose content does not change the time."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (train + val, side, side, channels), dtype=np.uint8)
    labels = np.arange(train + val) % 10
    return dataset_from_arrays(images, labels, train_size=train, val_size=val, test_size=0)


def measure(kind: str) -> None:
    """Train the children of ``kind`` and print what they took as JSON."""
    data, network, trainer, space, sizes = setup(kind)
    manager = NetworkManager(data, network=network, trainer=trainer)
    manager.evaluate(Cell.parse(WARM_UP_CELL))
    children = []
    for index, b in enumerate(sizes):
        cell = sample_cells(space, b, len(sizes), seed=7)[index]
        with clock() as timing:
            manager.evaluate(cell)
        work = network_work(cell, network, data.image_shape, data.num_classes)
        seconds = {"cpu": timing.cpu, "wall": timing.wall}
        children.append({"b": b, "work": work, "load": workload(data, trainer), **seconds})
    print(json.dumps(children))


def workload(data: Dataset, trainer: SearchTrainerSpec) -> dict[str, Any]:
    """Return the arguments of the `Workload` of a search on ``data``."""
    return {
        "image_shape": data.image_shape,
        "num_classes": data.num_classes,
        "train_examples": len(data.x_train),
        "val_examples": len(data.x_val),
        "epochs": trainer.epochs,
        "batchsize": trainer.batchsize,
        "validations": sum(trainer.is_validated(epoch) for epoch in range(trainer.epochs)),
    }


def compare(kind: str, children: Sequence[dict[str, Any]], unit: str) -> list[tuple[str, ...]]:
    """Return one row a child; the first one has none before it to learn from.

    Args:
        kind: What they were trained on.
        children: The children, in the order in which they were trained.
        unit: ``cpu`` for processor seconds, ``wall`` for those of the clock.
    """
    rows = []
    known: list[MeasuredTraining] = []
    for child in children:
        work = NetworkWork(*child["work"])
        prior = prior_model(Workload(**child["load"]))
        seconds = prior.seconds(work)
        figures = [f"{child[unit]:.2f}", f"{seconds:.2f}", f"{seconds / child[unit]:.2f}"]
        fitted = ["", ""]
        if known:
            learned = prior.fit(known).seconds(work)
            fitted = [f"{learned:.2f}", f"{learned / child[unit]:.2f}"]
        rows.append((kind, str(child["b"]), *figures, *fitted))
        known.append(MeasuredTraining(work, prior.workload.epochs, child[unit]))
    return rows


def spread_of(ratios: Sequence[float]) -> str:
    """Return bias and spread of predicted over measured times."""
    errors = [math.log(ratio) for ratio in ratios]
    bias = math.exp(statistics.median(errors))
    size = math.exp(math.sqrt(statistics.fmean(error**2 for error in errors)))
    return f"median ratio {bias:.2f}, typical factor of error {size:.2f} ({len(ratios)} children)"


def print_constants(children: Sequence[dict[str, Any]]) -> None:
    """Print the constants that fit ``children`` best, weakly held to those that there are."""
    from scipy.optimize import nnls

    rows = []
    for child in children:
        rows.append(terms_of(NetworkWork(*child["work"]), Workload(**child["load"]), None))
    terms = np.array(rows)
    seconds = np.array([child["cpu"] for child in children])
    present = np.array(list(PRIOR.values()))
    speed = np.median(seconds / (terms @ present))
    relative = np.concatenate(
        [terms * present / seconds[:, None], _PRIOR_WEIGHT * np.eye(len(present))]
    )
    target = np.concatenate([np.ones(len(seconds)), np.full(len(present), _PRIOR_WEIGHT * speed)])
    factors, _ = nnls(relative, target)
    for name, constant in zip(PRIOR, factors * present, strict=True):
        print(f'    "{name}": {constant:.2g},')


if __name__ == "__main__":
    main()
