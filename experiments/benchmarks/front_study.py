"""Is a searched front worth its search? Its cells trained again, beside what one has without one.

    python run.py name=front state_space=paper state_space.B=3 data=fashion_mnist \\
        data.path=fashion_mnist.npz data.train_size=2000 data.val_size=2000 trainer.epochs=12 \\
        'search.objectives=[reward, madds, latency_ms]' search.max_children=160
    python experiments/benchmarks/front_study.py outputs/front --out outputs/front_study

Compared are the cells of the front, PNASNet-5's cell and random cells of the same space, all in the
network of the search, and a plain CNN whose multiply-adds come nearest to the least, the median,
and the most of the front. Cells are trained by the recipe of the search, CNNs with its batch size,
epochs, learning rate and cosine schedule, by Adam; all with seeds that the search did not use. Test
accuracies are read once, after the last epoch; latencies are measured one at a time, after all
trainings.

Finished trainings are kept in --out: the same command goes on where it was stopped, and --minutes
ends it in time.
"""

import argparse
import json
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

from common import make_parser, mean_sd, print_machine, print_table, progress

from pnas.children import NetworkManager, count_network
from pnas.children.tensorflow_runtime import configure_runtime
from pnas.config import Settings, load_settings, read_stored_settings
from pnas.data import Dataset, load_dataset
from pnas.objectives import REWARD, make_objectives
from pnas.preflight.baselines import CONVOLUTIONS, STAGES, count_cnn_params, make_cnn
from pnas.records.run_directory import CONFIG
from pnas.search.search_plan import sample_cells
from pnas.seeds import derive_seed
from pnas.state_space import Cell, build_space
from pnas.state_space.named_cells import PRESETS

FRONT = "front"
RANDOM = "random cell"
CNN = "plain CNN"
OBJECTIVES = (REWARD, "madds", "latency_ms")
HYPERVOLUMES = (OBJECTIVES, (REWARD, "madds"), (REWARD, "latency_ms"))
WIDTHS = range(2, 129)


class Network(NamedTuple):
    """A network that is compared.

    Attributes:
        group: What it belongs to.
        cell: Its cell as text; empty for the plain CNN.
        width: Filters of the plain CNN's first stage; 0 for a cell.
    """

    group: str
    cell: str
    width: int = 0

    @property
    def key(self) -> str:
        """Name in the file of results."""
        return self.cell or f"{CNN} {self.width}"


class Measured(NamedTuple):
    """What was measured of one network."""

    network: Network
    params: int
    madds: int
    latency_ms: float
    tests: list[float]

    @property
    def values(self) -> dict[str, float]:
        """Mean test accuracy and costs, by objective."""
        return {REWARD: mean(self.tests), "madds": self.madds, "latency_ms": self.latency_ms}


def main() -> None:
    args = parse_arguments()
    settings = read_stored_settings(load_settings(args.search / CONFIG))
    dataset = load_dataset(settings.data)
    summary = json.loads((args.search / "summary.json").read_text())
    networks = compared(args, settings, dataset, [each["cell"] for each in summary["front"]])

    results = Results(args.out / "results.json")
    train_all(args, networks, results)
    rows = [measured(network, settings, dataset, results) for network in networks]
    report([row for row in rows if row.tests], summary, args)


# -- what is compared ------------------------------------------------------------------------------


def compared(
    args: argparse.Namespace, settings: Settings, dataset: Dataset, front: Sequence[str]
) -> list[Network]:
    """Return the front and its rivals."""
    space = build_space(settings.state_space)
    networks = [Network(FRONT, cell) for cell in front]
    networks.append(Network("PNASNet-5's cell", str(PRESETS["pnasnet5"])))
    for cell in sample_cells(space, space.B, args.random, derive_seed(args.seed, "front study")):
        networks.append(Network(RANDOM, str(cell)))

    costs = sorted(count(cell, settings, dataset)[1] for cell in front)
    for target in (costs[0], median(costs), costs[-1]):
        network = Network(CNN, "", width_of(target, dataset))
        if network not in networks:
            networks.append(network)
    return networks


def count(cell: str, settings: Settings, dataset: Dataset) -> tuple[int, int]:
    """Return parameters and multiply-adds of the network of the search with ``cell``."""
    counts = count_network(
        Cell.parse(cell), settings.child, dataset.image_shape, dataset.num_classes
    )
    return counts.params, counts.flops


def width_of(madds: float, dataset: Dataset) -> int:
    """Return the width of the plain CNN that comes nearest to ``madds`` multiply-adds."""
    return min(WIDTHS, key=lambda width: abs(cnn_madds(width, dataset) - madds))


def cnn_madds(width: int, dataset: Dataset) -> int:
    """Return the multiply-adds of `pnas.preflight.baselines.make_cnn` for one image."""
    height, columns, inputs = dataset.image_shape
    total = 0
    for stage in range(STAGES):
        filters = width * 2**stage
        for _ in range(CONVOLUTIONS):
            total += 9 * inputs * filters * height * columns
            inputs = filters
        height = -(-height // 2)
        columns = -(-columns // 2)
    return total + inputs * dataset.num_classes


# -- training --------------------------------------------------------------------------------------


class Results:
    """Test accuracies by network and seed, in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._known: dict[str, float] = {}
        if path.is_file():
            self._known = json.loads(path.read_text())

    def has(self, network: Network, seed: int) -> bool:
        """Whether the training has ended."""
        return f"{network.key}/{seed}" in self._known

    def add(self, network: Network, seed: int, accuracy: float) -> None:
        """Keep the test accuracy of a training that has ended."""
        self._known[f"{network.key}/{seed}"] = accuracy
        self._path.write_text(json.dumps(self._known, indent=1))

    def of(self, network: Network) -> list[float]:
        """Return all test accuracies of ``network``."""
        found = []
        for key, accuracy in self._known.items():
            if key.rpartition("/")[0] == network.key:
                found.append(accuracy)
        return found


def train_all(args: argparse.Namespace, networks: Sequence[Network], results: Results) -> None:
    """Train what has no result yet: the first seed of every network before the second."""
    until = time.monotonic() + 60 * args.minutes
    waiting = []
    for seed in range(args.seeds):
        waiting.extend((each, seed) for each in networks if not results.has(each, seed))

    with ProcessPoolExecutor(args.workers, get_context("spawn")) as pool:
        futures = {}
        for network, seed in waiting:
            futures[pool.submit(train, args.search, network, seed, until)] = (network, seed)
        for future in as_completed(futures):
            network, seed = futures[future]
            accuracy = future.result()
            if accuracy is not None:
                results.add(network, seed, accuracy)
                progress(f"{network.key}, seed {seed}: {accuracy:.4f}")


@cache
def prepared(search: Path) -> tuple[Settings, Dataset]:
    """Return the settings and the data of a search, read once in a worker process."""
    settings = read_stored_settings(load_settings(search / CONFIG))
    configure_runtime(settings.trainer)
    return settings, load_dataset(settings.data)


def train(search: Path, network: Network, seed: int, until: float) -> float | None:
    """Train a network in a worker process; its test accuracy, or None if time is over."""
    if time.monotonic() > until:
        return None
    settings, dataset = prepared(search)
    own_seed = derive_seed(seed, "front study", network.key)
    if network.cell:
        return train_cell(Cell.parse(network.cell), settings, dataset, own_seed)
    return train_cnn(network.width, settings, dataset, own_seed)


def train_cell(cell: Cell, settings: Settings, dataset: Dataset, seed: int) -> float:
    import tempfile

    manager = NetworkManager(dataset, network=settings.child, trainer=settings.trainer)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.npz"
        result = manager.evaluate(cell, seed, path)
        if result.reward is None:
            raise RuntimeError(f"{cell}: {result.error}")
        return manager.test_accuracy(cell, path)


def train_cnn(width: int, settings: Settings, dataset: Dataset, seed: int) -> float:
    """Train the plain CNN by Adam, with batch size, epochs and cosine schedule of the children."""
    import keras

    assert dataset.x_test is not None
    assert dataset.y_test is not None
    trainer = settings.trainer
    keras.utils.set_random_seed(seed)
    model = make_cnn(width, dataset.image_shape, dataset.num_classes)
    steps = trainer.epochs * (len(dataset.y_train) // trainer.batchsize)
    schedule = keras.optimizers.schedules.CosineDecay(trainer.learning_rate, steps)
    model.compile(
        optimizer=keras.optimizers.Adam(schedule),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(dataset.x_train, dataset.y_train, trainer.batchsize, trainer.epochs, verbose=0)
    logits = model.predict(dataset.x_test, batch_size=512, verbose=0)
    return float((logits.argmax(axis=1) == dataset.y_test).mean())


# -- what was measured -----------------------------------------------------------------------------


def measured(network: Network, settings: Settings, dataset: Dataset, results: Results) -> Measured:
    """Return what is known of ``network``; its latency is measured now."""
    from pnas.children.inference_timing import latency_of_model, measure_latency

    tests = results.of(network)
    if network.cell:
        params, madds = count(network.cell, settings, dataset)
        latency = measure_latency(
            Cell.parse(network.cell), settings.child, dataset, settings.inference
        )
        return Measured(network, params, madds, latency.median, tests)

    channels = dataset.image_shape[2]
    params = count_cnn_params(network.width, channels, dataset.num_classes)
    model = make_cnn(network.width, dataset.image_shape, dataset.num_classes)
    latency = latency_of_model(model, settings.inference)
    return Measured(network, params, cnn_madds(network.width, dataset), latency.median, tests)


# -- the tables ------------------------------------------------------------------------------------


def report(rows: Sequence[Measured], summary: dict[str, object], args: argparse.Namespace) -> None:
    objectives = make_objectives(OBJECTIVES)
    points = objectives.points([row.values for row in rows])
    is_front = [row.network.group == FRONT for row in rows]

    table = []
    for row, point in zip(rows, points, strict=True):
        beaten_by = 0
        for other, in_front in zip(points, is_front, strict=True):
            is_better = (other >= point).all() and (other > point).any()
            beaten_by += bool(in_front and is_better)
        table.append(
            (
                row.network.group,
                row.network.cell or f"{row.network.width} filters",
                f"{row.madds:,}",
                f"{row.latency_ms:.2f}",
                f"{row.params:,}",
                mean_sd([100 * accuracy for accuracy in row.tests]),
                len(row.tests),
                beaten_by,
            )
        )
    header = ("", "network", "multiply-adds", "latency, ms", "parameters")
    print_table(
        (*header, "test accuracy, %", "trainings", "dominated by cells of the front"), table
    )
    show_hypervolumes(rows)
    print(f"search: {args.search}, {summary.get('children_trained')} children")
    print_machine("tensorflow", "keras", "onnxruntime")


def show_hypervolumes(rows: Sequence[Measured]) -> None:
    """Print the hypervolume of each group by test accuracy and costs, over one reference point."""
    table = []
    for group in dict.fromkeys(row.network.group for row in rows):
        own = [row for row in rows if row.network.group == group]
        shares = [share_of_hypervolume(own, rows, names) for names in HYPERVOLUMES]
        table.append((group, len(own), *(f"{100 * share:.0f}" for share in shares)))
    costs = [" and ".join(names[1:]) for names in HYPERVOLUMES]
    print("Share of the hypervolume of all networks, %\n")
    print_table(("networks", "number", *(f"accuracy by {each}" for each in costs)), table)


def share_of_hypervolume(
    own: Sequence[Measured], rows: Sequence[Measured], names: Sequence[str]
) -> float:
    """Return the share that some rows have, over the worst values of all."""
    objectives = make_objectives(names)
    of_all = [row.values for row in rows]
    reference = {}
    for name in names:
        values = [each[name] for each in of_all]
        reference[name] = min(values) if name == REWARD else max(values)
    total = objectives.hypervolume(of_all, reference)
    return objectives.hypervolume([row.values for row in own], reference) / total


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("search", type=Path, help="run directory of a search of several objectives")
    add("--out", type=Path, required=True, help="folder of this study")
    add("--seeds", type=int, default=3, help="trainings of each network (3)")
    add("--random", type=int, default=10, help="random cells (10)")
    add("--seed", type=int, default=0, help="of the random cells (0)")
    add("--workers", type=int, default=2, help="networks trained at once (2)")
    add("--minutes", type=float, default=float("inf"), help="start no training after so long")
    return parser.parse_args()


if __name__ == "__main__":
    main()
