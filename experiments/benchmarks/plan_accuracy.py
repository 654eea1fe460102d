"""How close are predictions of a child's training time?

    .venv/bin/python experiments/benchmarks/plan_accuracy.py
    .venv/bin/python experiments/benchmarks/plan_accuracy.py --calibrate

Trains children of 1 to 5 blocks on digits and on random 28x28 and 32x32 images, each kind in a
process of its own with one thread, and prints CPU seconds beside what the model of
`pnas.children.training_time` says: with its constants, as before a search, and fitted to the
trainings of the same kind before each, as within a search. Every other child is trained whole at
once; the others are trained briefly first, as by ``search.rungs``, and then whole by the network
that was built already. Takes about three minutes on an idle core. ``--calibrate`` prints the
constants that fit all of these trainings best.
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
    progress,
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

FIGURES = (
    ("processor seconds", "constants"),
    ("processor seconds", "fitted"),
    ("clock", "constants"),
    ("clock", "fitted"),
)
_CONSTANTS = 5
_FITTED = 7
"""Columns of the ratios of predicted and measured times."""

SHORT_SHARE = 0.2
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
        progress(kind)
        answer = call_in_new_process("plan_accuracy.measure", kind)
        children = json.loads(answer.splitlines()[-1])
        rows += compare(kind, children, "cpu")
        by_clock += compare(kind, children, "wall")
        measured += children
    print_table(
        (
            "data",
            "blocks",
            "training",
            "measured, s",
            "constants, s",
            "ratio",
            "fitted, s",
            "ratio",
        ),
        rows,
    )
    print_table(
        ("data", "training", "trainings", *(f"{unit}: {name}" for unit, name in FIGURES)),
        [*summaries(rows, by_clock, 0), *summaries(rows, by_clock, 2)],
    )
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
        work = network_work(cell, network, data.image_shape, data.num_classes)
        child = {"b": b, "work": work, "load": workload(data, trainer)}
        is_first_short = bool(index % 2)
        if is_first_short:
            short = max(1, round(SHORT_SHARE * trainer.epochs))
            timed = time_training(manager, cell, short)
            children.append({**child, "training": "short", "epochs": short, **timed})
        timed = time_training(manager, cell, None)
        training = "whole, after a short one" if is_first_short else "whole"
        children.append({**child, "training": training, "epochs": trainer.epochs, **timed})
    print(json.dumps(children))


def time_training(manager: NetworkManager, cell: Cell, epochs: int | None) -> dict[str, float]:
    """Train ``cell``; return the seconds that it took."""
    with clock() as timing:
        result = manager.evaluate(cell, epochs=epochs)
    if result.error:
        raise RuntimeError(f"{cell} failed: {result.error}")
    return {"cpu": timing.cpu, "wall": timing.wall}


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
        training = (child["epochs"], child["training"] == "whole, after a short one")
        seconds = prior.seconds(work, *training)
        figures = [f"{child[unit]:.2f}", f"{seconds:.2f}", f"{seconds / child[unit]:.2f}"]
        fitted = ["", ""]
        if known:
            learned = prior.fit(known).seconds(work, *training)
            fitted = [f"{learned:.2f}", f"{learned / child[unit]:.2f}"]
        rows.append((kind, str(child["b"]), child["training"], *figures, *fitted))
        epochs, is_built = training
        known.append(MeasuredTraining(work, epochs, child[unit], is_built))
    return rows


def summaries(
    rows: Sequence[tuple[str, ...]], by_clock: Sequence[tuple[str, ...]], column: int
) -> list[tuple[str, ...]]:
    """Return typical factors of error by the values of a column of ``rows``.

    Args:
        rows: What `compare` has found by processor seconds.
        by_clock: The same by the clock.
        column: 0 for the data, 2 for the training.
    """
    found = []
    for name in dict.fromkeys(row[column] for row in rows):
        figures = []
        for compared in (rows, by_clock):
            chosen = [row for row in compared if row[column] == name]
            for place in (_CONSTANTS, _FITTED):
                figures.append(typical_factor([float(row[place]) for row in chosen if row[place]]))
        count = sum(row[column] == name for row in rows)
        names = (name, "all") if column == 0 else ("all", name)
        found.append((*names, str(count), *figures))
    return found


def typical_factor(ratios: Sequence[float]) -> str:
    """Return the typical factor of error of ratios of predicted and measured times."""
    errors = [math.log(ratio) for ratio in ratios]
    return f"{math.exp(math.sqrt(statistics.fmean(error**2 for error in errors))):.2f}"


def print_constants(children: Sequence[dict[str, Any]]) -> None:
    """Print the constants that fit ``children`` best, weakly held to those that there are."""
    from scipy.optimize import nnls

    rows = []
    for child in children:
        is_built = child["training"] == "whole, after a short one"
        work = NetworkWork(*child["work"])
        rows.append(terms_of(work, Workload(**child["load"]), child["epochs"], is_built))
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
