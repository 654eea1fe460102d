"""Is the searched cell worth its search? Its accuracy on the test part against what one would try without a search.

    .venv/bin/python experiments/winner_study.py outputs/quickstart --out outputs/winner_digits
    .venv/bin/python experiments/winner_study.py outputs/fashion --data fashion_mnist --path fashion_mnist.npz \\
        --trainer final_quick --epochs 10 --train-size 10000 --seeds 1 --out outputs/winner_fashion

Compared, all on the same split: the best cell of the search, PNASNet-5's cell and random cells of the same space, each
in the network of the search with as many filters as come nearest to the winner's number of parameters; a small
hand-made CNN of as many parameters, trained by the same recipe; and logistic regression on the pixels. Each network is
trained with several seeds on the train part; the test part is read once, at the end of each training.

What is finished is kept in --out: the same command goes on where it was stopped, and --minutes ends it in time. Digits
take a quarter of an hour on two cores; 10,000 images of Fashion-MNIST for 10 epochs half an hour a seed.
"""

import argparse
import dataclasses
import json
import statistics
import sys
import time
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

from pnas.children import NetworkSpec, TrainerSpec, count_network
from pnas.children.tensorflow_runtime import configure_runtime
from pnas.config import Settings, load_settings, read_stored_settings
from pnas.data import Dataset, DataSpec, Parts, in_memory, load_dataset
from pnas.data.loading import resolve_spec
from pnas.records import Journal, best_child
from pnas.records.run_directory import CONFIG, JOURNAL
from pnas.search.search_plan import sample_cells
from pnas.seeds import derive_seed
from pnas.state_space import Cell, build_space
from pnas.state_space.named_cells import PRESETS

CONF = Path(__file__).parents[1] / "conf"


def main() -> None:
    given = arguments()
    settings = read_stored_settings(load_settings(given.search / CONFIG))
    with Journal(given.search / JOURNAL) as journal:
        best = best_child(journal.children())
    assert best is not None, "the search has no trained child"
    dataset = load_dataset(data_spec(given, settings.data))
    target = count_network(
        best.cell, settings.child, dataset.image_shape, dataset.num_classes
    ).params
    rivals = networks(given, settings, best.cell, target, dataset)
    study = Study(given, data_spec(given, settings.data), dataset.fingerprint)
    study.run([training for rival in rivals for training in rival.trainings])
    rows = [study.row(rival) for rival in rivals]
    report([*rows, logistic_regression(dataset)], dataset, recipe(given), given)


class Training(NamedTuple):
    """One network trained once: of ``cell``, or the hand-made one of ``width`` where that is None."""

    name: str
    cell: str | None
    network: NetworkSpec | None
    width: int
    seed: int


class Rival(NamedTuple):
    """What is compared, with its trainings."""

    name: str
    params: int
    madds: int | None
    trainings: list[Training]


def networks(
    given: argparse.Namespace, settings: Settings, best: Cell, target: int, dataset: Dataset
) -> list[Rival]:
    """The searched cell, PNASNet-5's, random ones and the hand-made network, each of about ``target`` parameters."""
    space = build_space(settings.state_space)
    random = sample_cells(space, len(best), given.random, given.seed)
    cells = [("searched", best, given.seeds), ("PNASNet-5's", PRESETS["pnasnet5"], given.seeds)]
    cells += [
        (f"random {i}", cell, given.random_seeds or given.seeds) for i, cell in enumerate(random)
    ]
    rivals = [
        of_cell(name, cell, settings.child, target, seeds, dataset) for name, cell, seeds in cells
    ]
    width = min(range(2, 400), key=lambda w: abs(cnn_params(w, dataset) - target))
    plain = [Training("CNN", None, None, width, seed) for seed in range(given.seeds)]
    return [
        *rivals,
        Rival(f"hand-made CNN, {width} filters", cnn_params(width, dataset), None, plain),
    ]


def of_cell(
    name: str, cell: Cell, network: NetworkSpec, target: int, seeds: int, dataset: Dataset
) -> Rival:
    network = fitted(network, cell, target, dataset)
    counts = count_network(cell, network, dataset.image_shape, dataset.num_classes)
    trainings = [Training(name, str(cell), network, 0, seed) for seed in range(seeds)]
    return Rival(name, counts.params, counts.flops, trainings)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("search", type=Path, help="run directory of a search")
    parser.add_argument("--out", type=Path, required=True, help="folder of this study")
    parser.add_argument("--data", help="source, if not the search's: fashion_mnist, npz, ...")
    parser.add_argument("--path", help="its file")
    parser.add_argument(
        "--train-size", type=int, help="examples to train on, if not as the data has them"
    )
    parser.add_argument("--val-size", type=int, help="examples to validate on")
    parser.add_argument("--trainer", default="final_quick", help="preset of conf/trainer")
    parser.add_argument("--epochs", type=int, help="instead of the preset's")
    parser.add_argument("--batchsize", type=int, help="instead of the preset's")
    parser.add_argument("--learning-rate", type=float, help="instead of the preset's")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each network")
    parser.add_argument(
        "--random-seeds", type=int, help="trainings of each random cell, if not --seeds"
    )
    parser.add_argument(
        "--workers", type=int, default=2, help="networks trained at once, with one thread each"
    )
    parser.add_argument("--random", type=int, default=5, help="random cells")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), help="start no training after so long"
    )
    return parser.parse_args()


def data_spec(given: argparse.Namespace, searched: DataSpec) -> DataSpec:
    spec = resolve_spec(given.data, {"path": given.path}) if given.data else searched
    sizes = {"train_size": given.train_size, "val_size": given.val_size}
    return dataclasses.replace(
        spec, **{key: value for key, value in sizes.items() if value is not None}
    )


def recipe(given: argparse.Namespace) -> TrainerSpec:
    preset: Any = OmegaConf.to_container(OmegaConf.load(CONF / "trainer" / f"{given.trainer}.yaml"))
    wanted = {
        "epochs": given.epochs,
        "batchsize": given.batchsize,
        "learning_rate": given.learning_rate,
    }
    threads = preset["threads"] if given.workers == 1 else 1
    return TrainerSpec(
        **{**preset, **{k: v for k, v in wanted.items() if v is not None}, "threads": threads}
    )


def fitted(network: NetworkSpec, cell: Cell, target: int, dataset: Dataset) -> NetworkSpec:
    """``network`` with as many filters as bring the child of ``cell`` nearest to ``target`` parameters."""
    sizes = {
        f: abs(
            count_network(
                cell,
                dataclasses.replace(network, filters=f),
                dataset.image_shape,
                dataset.num_classes,
            ).params
            - target
        )
        for f in range(1, 129)
    }
    return dataclasses.replace(network, filters=min(sizes, key=lambda f: sizes[f]))


class Study:
    """Trains what has no result yet, several at once, and keeps every result."""

    def __init__(self, given: argparse.Namespace, data: DataSpec, fingerprint: str) -> None:
        given.out.mkdir(parents=True, exist_ok=True)
        self._path = given.out / "results.json"
        self._data = data
        self._trainer = recipe(given)
        self._workers = given.workers
        self._until = time.monotonic() + 60 * given.minutes
        self._results: dict[str, float] = (
            json.loads(self._path.read_text()) if self._path.is_file() else {}
        )
        self._meaning = repr((fingerprint, self._trainer))
        self._writing = Lock()

    def run(self, trainings: list[Training]) -> None:
        """The first seed of every network before the second, so that a study cut short compares all."""
        waiting = sorted(
            (t for t in trainings if self._key(t) not in self._results), key=lambda t: t.seed
        )
        with (
            ProcessPoolExecutor(self._workers, get_context("spawn")) as pool,
            ThreadPoolExecutor(self._workers) as turns,
        ):
            for done in [turns.submit(self._train, pool, training) for training in waiting]:
                done.result()

    def _train(self, pool: ProcessPoolExecutor, training: Training) -> None:
        if time.monotonic() > self._until:
            return
        started = time.monotonic()
        accuracy = pool.submit(
            train, training, self._data, self._trainer, self._path.parent
        ).result()
        with self._writing:
            self._results[self._key(training)] = accuracy
            self._path.write_text(json.dumps(self._results, indent=1))
        progress(
            f"{training.name}, seed {training.seed}: {accuracy:.4f} ({time.monotonic() - started:.0f} s)"
        )

    def _key(self, training: Training) -> str:
        return repr((training._replace(name=""), self._meaning))

    def row(self, rival: Rival) -> dict[str, Any]:
        """A line of the table, as far as there are results."""
        found = [
            self._results[key] for t in rival.trainings if (key := self._key(t)) in self._results
        ]
        return {
            "name": rival.name,
            "params": rival.params,
            "madds": rival.madds,
            "accuracies": found,
        }


@lru_cache(1)
def parts_of(data: DataSpec) -> Parts:
    return in_memory(load_dataset(data))


def train(training: Training, data: DataSpec, trainer: TrainerSpec, folder: Path) -> float:
    """Train one network to its end; its accuracy on the test part. Run in a worker process."""
    configure_runtime(trainer)
    parts = parts_of(data)
    seed = derive_seed(training.seed, "winner study")
    if training.cell is None or training.network is None:
        return train_cnn(training.width, parts, trainer, seed)
    return train_cell(Cell.parse(training.cell), training.network, parts, trainer, seed, folder)


def train_cell(
    cell: Cell, network: NetworkSpec, parts: Parts, trainer: TrainerSpec, seed: int, folder: Path
) -> float:
    from pnas.children.final_training.evaluation import load_child, measure
    from pnas.children.final_training.long_training import FinalJob, train_final

    name = f"{cell.text_hash}-{network.filters}-{seed}"
    checkpoint = folder / f"{name}.npz"
    weights = folder / f"{name}-weights.npz"
    train_final(FinalJob(cell, network, trainer, seed, validates=False), parts, checkpoint, weights)
    model = load_child(cell, network, parts.image_shape, parts.num_classes, weights)
    for file in (checkpoint, weights):
        file.unlink()
    assert parts.test is not None
    return measure(model, parts.test)[1]


def train_cnn(width: int, parts: Parts, trainer: TrainerSpec, seed: int) -> float:
    """The same batches, augmentation, optimizer, schedule, smoothing and dropout as the cells have."""
    import keras

    from pnas.children.augmentation import Augment
    from pnas.children.final_training.batches import steps_per_epoch, training_batches
    from pnas.children.final_training.evaluation import measure
    from pnas.children.final_training.keras_optimizer import final_optimizer
    from pnas.children.final_training.training_model import FinalModel
    from pnas.children.tensorflow_runtime import lean_graphs

    keras.utils.set_random_seed(seed)
    steps = steps_per_epoch(len(parts.train.labels), trainer.batchsize)
    with lean_graphs():
        plain = make_cnn(width, parts.image_shape, parts.num_classes, trainer.dropout)
        model = FinalModel(plain.input, {"logits": plain.output})
        model.trainer = trainer
        model.augment = Augment(trainer, parts.image_shape, seed)
        model.compile(final_optimizer(trainer, steps), metrics=[])
        batches = training_batches(
            parts.train, parts.num_classes, trainer.batchsize, seed, range(trainer.epochs)
        )
        model.fit(batches, epochs=trainer.epochs, steps_per_epoch=steps, shuffle=False, verbose=0)
    assert parts.test is not None
    return measure(plain, parts.test)[1]


def make_cnn(width: int, image_shape: tuple[int, ...], classes: int, dropout: float) -> Any:
    """What one would write by hand: three times two 3x3 convolutions with batch normalization, pooled in between."""
    import keras

    image = x = keras.Input(image_shape)
    for stage in range(3):
        for _ in range(2):
            x = keras.layers.Conv2D(width * 2**stage, 3, padding="same", use_bias=False)(x)
            x = keras.layers.BatchNormalization(momentum=0.9)(x)
            x = keras.layers.ReLU()(x)
        x = keras.layers.MaxPooling2D(2, padding="same")(x) if stage < 2 else x
    features = keras.layers.Dropout(dropout)(keras.layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, keras.layers.Dense(classes)(features))


def cnn_params(width: int, dataset: Dataset) -> int:
    """Trainable parameters of `make_cnn`."""
    total = 0
    before = dataset.image_shape[2]
    for stage in range(3):
        for _ in range(2):
            total += 9 * before * width * 2**stage + 2 * width * 2**stage
            before = width * 2**stage
    return total + (before + 1) * dataset.num_classes


def logistic_regression(dataset: Dataset) -> dict[str, Any]:
    from sklearn.linear_model import LogisticRegression

    assert dataset.x_test is not None
    flat = [x.reshape(len(x), -1) for x in (dataset.x_train, dataset.x_val, dataset.x_test)]
    models = [
        LogisticRegression(C=c, max_iter=500).fit(flat[0], dataset.y_train)
        for c in (1e-3, 1e-2, 1e-1, 1.0)
    ]
    best = max(models, key=lambda model: model.score(flat[1], dataset.y_val))  # its C by validation
    params = best.coef_.size + best.intercept_.size
    return {"name": "logistic regression", "params": params, "madds": best.coef_.size,
            "accuracies": [float(best.score(flat[2], dataset.y_test))]}  # fmt: skip


def report(
    rows: list[dict[str, Any]], dataset: Dataset, trainer: TrainerSpec, given: argparse.Namespace
) -> None:
    randoms = [row for row in rows if row["name"].startswith("random") and row["accuracies"]]
    if randoms:
        means = [statistics.mean(row["accuracies"]) for row in randoms]
        name = f"random cells, {len(randoms)} (their means)"
        rows = [row for row in rows if row not in randoms]
        middle = {
            key: round(statistics.mean(row[key] for row in randoms)) for key in ("params", "madds")
        }
        rows.insert(2, {"name": name, **middle, "accuracies": means})
    shown = [
        (row["name"], f"{row['params']:,}", "" if row["madds"] is None else f"{row['madds']:,}", len(row["accuracies"]),
         mean_sd([100 * a for a in row["accuracies"]]) if row["accuracies"] else "not yet")
        for row in rows
    ]  # fmt: skip
    print_table(("network", "parameters", "multiply-adds", "trainings", "test accuracy, %"), shown)
    test = 0 if dataset.y_test is None else len(dataset.y_test)
    error = 100 * float(np.sqrt(0.05 * 0.95 / max(test, 1)))
    print(f"{dataset.name}: {len(dataset.y_train):,} images to train on, {test:,} to test on (standard error of 95 %: "
          f"{error:.1f}); {trainer.epochs} epochs, {given.trainer}")  # fmt: skip
    print_machine("tensorflow", "keras", "scikit-learn")


if __name__ == "__main__":
    main()
