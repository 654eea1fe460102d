"""Is the searched cell worth its search? Its test accuracy beside what one would try without one.

    .venv/bin/python experiments/winner_study.py outputs/quickstart --out outputs/winner_digits
    .venv/bin/python experiments/winner_study.py outputs/fashion --data fashion_mnist \\
        --path fashion_mnist.npz --trainer final_quick --epochs 10 --train-size 10000 --seeds 1 \\
        --out outputs/winner_fashion

Compared, all on the same split: the winner of the search, PNASNet-5's cell and random cells of the
same space, each in the network of the search with as many filters as come nearest to the winner's
number of parameters (or multiply-adds, with --equal madds); a plain CNN of as many parameters,
trained by the same recipe; and logistic regression on pixels. Each network is trained with several
seeds on the train part; the test part is read once, at the end of each training. All are judged by
plain accuracy, whatever metric the search was rewarded by.

Finished trainings are kept in --out: the same command goes on where it was stopped, and --minutes
ends it in time. Digits take a quarter of an hour on two cores; 10,000 images of Fashion-MNIST for
10 epochs half an hour a seed.
"""

import argparse
import dataclasses
import json
import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

import numpy as np
from common import mean_sd, print_machine, print_table, progress
from omegaconf import OmegaConf

from pnas.children import Counts, FinalTrainerSpec, NetworkSpec, count_network
from pnas.children.tensorflow_runtime import configure_runtime, release_memory
from pnas.config import Settings, load_settings, read_stored_settings
from pnas.data import Dataset, DataSpec, Parts, in_memory, load_dataset
from pnas.data.loading import resolve_spec
from pnas.preflight.baselines import cnn_width, count_cnn_params, logistic_regression, make_cnn
from pnas.records import Journal, best_child
from pnas.records.run_directory import CONFIG, JOURNAL
from pnas.search.search_plan import sample_cells
from pnas.seeds import derive_seed
from pnas.state_space import Cell, build_space
from pnas.state_space.named_cells import PRESETS

CONF = Path(__file__).parents[1] / "conf"
SUMMARY = "summary.json"
MOST_FILTERS = 128


class Training(NamedTuple):
    """One training of one network.

    Attributes:
        name: Name of the network.
        cell: Its cell; None for the plain CNN.
        network: The network around the cell; None for the plain CNN.
        width: Filters of the plain CNN's first stage; 0 for a cell.
        seed: Number of the training.
    """

    name: str
    cell: str | None
    network: NetworkSpec | None
    width: int
    seed: int


class Rival(NamedTuple):
    """A network that is compared, with its trainings."""

    name: str
    params: int
    madds: int | None
    trainings: list[Training]


class Row(NamedTuple):
    """One line of the table, with the test accuracies that are known so far."""

    name: str
    params: int
    madds: int | None
    accuracies: list[float]


def main() -> None:
    arguments = command_line()
    settings = read_stored_settings(load_settings(arguments.search / CONFIG))
    data = data_spec(arguments, settings.data)
    dataset = load_dataset(data)

    rivals = networks(arguments, settings, winner_of(arguments.search), dataset)
    study = Study(arguments, data, dataset.fingerprint)
    trainings = [training for rival in rivals for training in rival.trainings]
    study.run(trainings)

    rows = merge_random_cells([study.row(rival) for rival in rivals])
    regression = logistic_regression(dataset, reads_test=True)
    assert regression.test is not None
    rows.append(Row(regression.name, regression.params, None, [regression.test]))
    report(rows, dataset, recipe(arguments), arguments)


def winner_of(search: Path) -> Cell:
    """Return the winner of a search; for earlier versions, the cell of the highest reward."""
    summary = json.loads((search / SUMMARY).read_text())
    if summary.get("winner"):
        return Cell.parse(summary["winner"]["cell"])
    with Journal(search / JOURNAL) as journal:
        best = best_child(journal.children())
    assert best is not None, "the search has no trained child"
    return best.cell


# -- what is compared --------------------------------------------------------------------------


def networks(
    arguments: argparse.Namespace, settings: Settings, winner: Cell, dataset: Dataset
) -> list[Rival]:
    """Return the winner, PNASNet-5's cell, random cells and the plain CNN, all of equal size."""
    target = count(winner, settings.child, dataset)
    space = build_space(settings.state_space)
    random_seeds = arguments.random_seeds or arguments.seeds

    cells = [("searched", winner, arguments.seeds)]
    cells.append(("PNASNet-5's", PRESETS["pnasnet5"], arguments.seeds))
    for i, cell in enumerate(sample_cells(space, len(winner), arguments.random, arguments.seed)):
        cells.append((f"random {i}", cell, random_seeds))

    rivals = []
    for name, cell, seeds in cells:
        network = fitted(settings.child, cell, target, dataset, arguments.equal)
        counts = count(cell, network, dataset)
        trainings = [Training(name, str(cell), network, 0, seed) for seed in range(seeds)]
        rivals.append(Rival(name, counts.params, counts.flops, trainings))

    channels = dataset.image_shape[2]
    width = cnn_width(target.params, channels, dataset.num_classes)
    trainings = [Training("CNN", None, None, width, seed) for seed in range(arguments.seeds)]
    params = count_cnn_params(width, channels, dataset.num_classes)
    rivals.append(Rival(f"plain CNN, {width} filters", params, None, trainings))
    return rivals


def count(cell: Cell, network: NetworkSpec, dataset: Dataset) -> Counts:
    return count_network(cell, network, dataset.image_shape, dataset.num_classes)


def fitted(
    network: NetworkSpec, cell: Cell, target: Counts, dataset: Dataset, equal: str
) -> NetworkSpec:
    """Return ``network`` with as many filters as bring ``cell`` nearest to ``target``."""
    best = network
    smallest = float("inf")
    for filters in range(1, MOST_FILTERS + 1):
        candidate = dataclasses.replace(network, filters=filters)
        counts = count(cell, candidate, dataset)
        own, wanted = (
            (counts.params, target.params) if equal == "params" else (counts.flops, target.flops)
        )
        if abs(own - wanted) < smallest:
            smallest = abs(own - wanted)
            best = candidate
    return best


# -- training ----------------------------------------------------------------------------------


class Study:
    """Trains what has no result yet, several networks at once, and keeps every result."""

    def __init__(self, arguments: argparse.Namespace, data: DataSpec, fingerprint: str) -> None:
        arguments.out.mkdir(parents=True, exist_ok=True)
        self._path = arguments.out / "results.json"
        self._data = data
        self._trainer = recipe(arguments)
        self._workers = arguments.workers
        self._until = time.monotonic() + 60 * arguments.minutes
        self._results: dict[str, float] = {}
        if self._path.is_file():
            self._results = json.loads(self._path.read_text())
        self._meaning = repr((fingerprint, self._trainer))
        self._writing = Lock()

    def run(self, trainings: list[Training]) -> None:
        """Train the first seed of every network before the second.

        So a study that is cut short compares all networks.
        """
        waiting = [each for each in trainings if self._key(each) not in self._results]
        waiting.sort(key=lambda training: training.seed)
        with (
            ProcessPoolExecutor(self._workers, get_context("spawn")) as pool,
            ThreadPoolExecutor(self._workers) as threads,
        ):
            futures = [threads.submit(self._train, pool, training) for training in waiting]
            for future in futures:
                future.result()

    def row(self, rival: Rival) -> Row:
        """Return the line of ``rival``, as far as there are results."""
        accuracies = []
        for training in rival.trainings:
            key = self._key(training)
            if key in self._results:
                accuracies.append(self._results[key])
        return Row(rival.name, rival.params, rival.madds, accuracies)

    def _train(self, pool: ProcessPoolExecutor, training: Training) -> None:
        if time.monotonic() > self._until:
            return
        started = time.monotonic()
        future = pool.submit(train, training, self._data, self._trainer, self._path.parent)
        accuracy = future.result()
        with self._writing:
            self._results[self._key(training)] = accuracy
            self._path.write_text(json.dumps(self._results, indent=1))
        seconds = time.monotonic() - started
        progress(f"{training.name}, seed {training.seed}: {accuracy:.4f} ({seconds:.0f} s)")

    def _key(self, training: Training) -> str:
        return repr((training._replace(name=""), self._meaning))


@lru_cache(1)
def parts_of(data: DataSpec) -> Parts:
    """Load the data once in a worker process."""
    return in_memory(load_dataset(data))


def train(training: Training, data: DataSpec, trainer: FinalTrainerSpec, folder: Path) -> float:
    """Train one network to its end, in a worker process.

    Returns:
        Its accuracy on the test part.
    """
    configure_runtime(trainer)
    # A process trains several networks, and Keras keeps what it knows of each.
    release_memory()
    parts = parts_of(data)
    seed = derive_seed(training.seed, "winner study")
    if training.cell is None or training.network is None:
        return train_plain_cnn(training.width, parts, trainer, seed)
    return train_cell(
        Cell.parse(training.cell),
        training.network,
        parts=parts,
        trainer=trainer,
        seed=seed,
        folder=folder,
    )


def train_cell(
    cell: Cell,
    network: NetworkSpec,
    *,
    parts: Parts,
    trainer: FinalTrainerSpec,
    seed: int,
    folder: Path,
) -> float:
    from pnas.children.final_training.evaluation import load_child, measure
    from pnas.children.final_training.long_training import FinalJob, train_final

    name = f"{cell.text_hash}-{network.filters}-{seed}"
    checkpoint = folder / f"{name}.npz"
    weights = folder / f"{name}-weights.npz"
    job = FinalJob(cell, network, trainer, seed, validates=False)
    train_final(job, parts, checkpoint, weights)

    model = load_child(cell, network, parts.image_shape, parts.num_classes, weights)
    checkpoint.unlink()
    weights.unlink()
    assert parts.test is not None
    return measure(model, parts.test)[1]


def train_plain_cnn(width: int, parts: Parts, trainer: FinalTrainerSpec, seed: int) -> float:
    """Train the plain CNN with the batches, augmentation, optimizer and schedule of the cells."""
    import keras

    from pnas.children.augmentation import BatchMixing, ImageAugmentation
    from pnas.children.final_training.batches import steps_per_epoch, training_batches
    from pnas.children.final_training.evaluation import measure
    from pnas.children.final_training.keras_optimizer import final_optimizer
    from pnas.children.final_training.training_model import FinalModel

    keras.utils.set_random_seed(seed)
    steps = steps_per_epoch(len(parts.train.labels), trainer.batchsize)
    plain = make_cnn(width, parts.image_shape, parts.num_classes, trainer.dropout)
    model = FinalModel(plain.input, {"logits": plain.output})
    model.trainer = trainer
    model.class_weights = None
    model.augment = ImageAugmentation(trainer, parts.image_shape, seed)
    model.mix = BatchMixing(trainer, seed)
    model.compile(final_optimizer(trainer, steps), metrics=[])
    batches = training_batches(
        parts.train, parts.num_classes, trainer.batchsize, seed, range(trainer.epochs)
    )
    model.fit(batches, epochs=trainer.epochs, steps_per_epoch=steps, shuffle=False, verbose=0)
    assert parts.test is not None
    return measure(plain, parts.test)[1]


# -- the table ---------------------------------------------------------------------------------


def merge_random_cells(rows: list[Row]) -> list[Row]:
    """Return the rows with one row for all random cells, which holds the mean of each."""
    randoms = [row for row in rows if row.name.startswith("random ") and row.accuracies]
    others = [row for row in rows if not row.name.startswith("random ")]
    if not randoms:
        return others

    merged = Row(
        name=f"random cells, {len(randoms)} (their means)",
        params=round(statistics.mean(row.params for row in randoms)),
        madds=round(statistics.mean(row.madds or 0 for row in randoms)),
        accuracies=[statistics.mean(row.accuracies) for row in randoms],
    )
    others.insert(2, merged)
    return others


def report(
    rows: Sequence[Row], dataset: Dataset, trainer: FinalTrainerSpec, arguments: argparse.Namespace
) -> None:
    table = []
    for row in rows:
        percent = [100 * accuracy for accuracy in row.accuracies]
        table.append(
            (
                row.name,
                f"{row.params:,}",
                "" if row.madds is None else f"{row.madds:,}",
                len(row.accuracies),
                mean_sd(percent) if percent else "not yet",
            )
        )
    print_table(("network", "parameters", "multiply-adds", "trainings", "test accuracy, %"), table)

    tested = 0 if dataset.y_test is None else len(dataset.y_test)
    error = 100 * float(np.sqrt(0.05 * 0.95 / max(tested, 1)))
    print(
        f"{dataset.name}: {len(dataset.y_train):,} training images, {tested:,} test images "
        f"(standard error of 95 %: {error:.1f}); {trainer.epochs} epochs, {arguments.trainer}"
    )
    print_machine("tensorflow", "keras", "scikit-learn")


# -- arguments ---------------------------------------------------------------------------------


def command_line() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("search", type=Path, help="run directory of a search")
    add("--out", type=Path, required=True, help="folder of this study")
    add("--data", help="source, if not the search's: fashion_mnist, npz, ...")
    add("--path", help="file of the source")
    add("--train-size", type=int, help="examples to train on, if not as the data has them")
    add("--val-size", type=int, help="examples to validate on")
    add("--trainer", default="final_quick", help="preset of conf/trainer")
    add("--epochs", type=int, help="instead of the preset's")
    add("--batchsize", type=int, help="instead of the preset's")
    add("--learning-rate", type=float, help="instead of the preset's")
    add("--equal", choices=("params", "madds"), default="params", help="what networks agree in")
    add("--seeds", type=int, default=3, help="trainings of each network")
    add("--random-seeds", type=int, help="trainings of each random cell, if not --seeds")
    add("--workers", type=int, default=2, help="networks trained at once, with one thread each")
    add("--random", type=int, default=5, help="random cells")
    add("--seed", type=int, default=0)
    add("--minutes", type=float, default=float("inf"), help="start no training after so long")
    return parser.parse_args()


def data_spec(arguments: argparse.Namespace, searched: DataSpec) -> DataSpec:
    """Return the data of the study: the search's, apart from what the command line changes."""
    spec = searched
    if arguments.data:
        spec = resolve_spec(arguments.data, {"path": arguments.path})
    sizes = {}
    if arguments.train_size is not None:
        sizes["train_size"] = arguments.train_size
    if arguments.val_size is not None:
        sizes["val_size"] = arguments.val_size
    return dataclasses.replace(spec, **sizes)


def recipe(arguments: argparse.Namespace) -> FinalTrainerSpec:
    """Return the preset with what the command line changes."""
    path = CONF / "trainer" / f"{arguments.trainer}.yaml"
    settings: Any = OmegaConf.to_container(OmegaConf.load(path))
    settings.pop("defaults", None)  # it names the schema
    for key in ("epochs", "batchsize", "learning_rate"):
        value = getattr(arguments, key)
        if value is not None:
            settings[key] = value
    if arguments.workers > 1:
        settings["threads"] = 1
    return FinalTrainerSpec(**settings)


if __name__ == "__main__":
    main()
