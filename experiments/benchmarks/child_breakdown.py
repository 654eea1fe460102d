"""Where the time of one child goes, and what some ideas to shorten it would bring.

    .venv/bin/python experiments/benchmarks/child_breakdown.py

Takes the quickstart's children of 1, 2 and 3 blocks and the paper's best cell of 5 apart into their
parts, in the order in which `NetworkManager.evaluate` does them: processor seconds, medians over
repetitions. Then trains the child of 3 blocks in other ways, taken in turn: steps one call each, a
step per call of a single-threaded executor, activations in bfloat16, two inter-op threads. Takes
about 2 minutes.
"""

import gc
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common import (
    CELL_OF_1,
    WARM_UP_CELL,
    call_in_new_process,
    clock,
    interleaved,
    make_parser,
    print_machine,
    print_table,
    spread,
    wall_seconds,
)

from pnas.children import NetworkManager, PNASNetworkSpec, SearchTrainerSpec
from pnas.children.tensorflow_runtime import release_memory
from pnas.data import load_dataset
from pnas.records import ChildResult, Choice, Journal, Status
from pnas.state_space import Cell
from pnas.state_space.named_cells import PRESETS

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

CELL_OF_2 = f"{CELL_OF_1}, (-1, 3x3 conv, 0, identity)"
CELL_OF_3 = f"{CELL_OF_2}, (0, 3x3 dconv, 1, 3x3 conv)"
CELLS = {
    1: Cell.parse(CELL_OF_1),
    2: Cell.parse(CELL_OF_2),
    3: Cell.parse(CELL_OF_3),
    5: PRESETS["pnasnet5"],
}
JOURNAL_CHILDREN = 200
METRICS = ("loss", "accuracy", "learning_rate", "val_loss", "val_accuracy")
STEPS_PER_CALL = 4
Parts = dict[str, float]
"""Processor seconds of each part of a child."""


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="runs of each measurement")
    repeats = parser.parse_args().repeats

    manager = NetworkManager(
        load_dataset("digits"), network=PNASNetworkSpec(), trainer=SearchTrainerSpec()
    )
    manager.evaluate(Cell.parse(WARM_UP_CELL), 0)
    gc.collect()
    gc.freeze()  # as a worker does
    show_parts(manager, repeats)
    show_journal_cost()
    compare_ways(manager, repeats)
    compare_inter_op_threads(1)
    print_machine("tensorflow", "keras", "numpy")


# -- parts of a child ------------------------------------------------------------------------------


def show_parts(manager: NetworkManager, repeats: int) -> None:
    """Print the parts of each child, with their share of its time."""
    columns: dict[str, list[str]] = {}
    names: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        weights_path = Path(folder) / "w.npz"
        for b, cell in CELLS.items():
            runs = [measure_parts(manager, cell, seed, weights_path) for seed in range(repeats)]
            operations = runs[0][1]
            parts = [parts for parts, _ in runs]
            names = list(parts[0])
            title = "1 block" if b == 1 else f"{b} blocks"
            columns[title] = [f"{operations}", *format_parts(parts)]

    row_names = ["operations of a step", *names, "together"]
    rows = [(name, *values) for name, *values in zip(row_names, *columns.values(), strict=True)]
    print_table(("processor seconds (share)", *columns), rows)


def format_parts(runs: list[Parts]) -> list[str]:
    """Return the medians of some runs, and the spread of their sums."""
    medians = [statistics.median(run[name] for run in runs) for name in runs[0]]
    total = sum(medians)
    formatted = [f"{seconds:.2f} ({seconds / total:.0%})" for seconds in medians]
    return [*formatted, spread([sum(run.values()) for run in runs])]


def measure_parts(
    manager: NetworkManager, cell: Cell, seed: int, weights_path: Path
) -> tuple[Parts, int]:
    """Return processor seconds of each part of one child, and the operations of its step."""
    import tensorflow as tf

    from pnas.children.child_weights import save_weights
    from pnas.children.search_training import evaluation, fast_loop, training_step
    from pnas.children.search_training.flat_weights import FlatWeights
    from pnas.children.search_training.optimizers import make_optimizer
    from pnas.children.tensorflow_runtime import fast_graphs

    parts: Parts = {}
    trainer = manager.trainer
    data = manager.child_trainer.data
    batches = fast_loop.epoch_batches(len(data.x_train), trainer, seed)
    epochs, steps_of_epoch = batches.shape[:2]
    rates = fast_loop.learning_rates(trainer, epochs * steps_of_epoch)
    rates = rates.reshape(epochs, steps_of_epoch)

    with fast_graphs():
        with _part(parts, "build"):
            weights = FlatWeights(manager.build_without_variables(cell, seed))
        with _part(parts, "trace"):
            step = training_step.make_step(weights, data, make_optimizer(trainer))
            batch = tf.constant(batches[0, 0])
            traced = step.get_concrete_function(batch, tf.constant(rates[0, 0]))
        steps = training_step.in_one_call(step)
        with _part(parts, "first epoch"):
            fast_loop.run_epoch(steps, batches[0], rates[0])
        with _part(parts, "other epochs"):
            for epoch in range(1, trainer.epochs):
                fast_loop.run_epoch(steps, batches[epoch], rates[epoch])

        validate = evaluation.make_evaluation(weights, data.x_val, data.y_val)
        validations = sum(map(trainer.is_validated, range(trainer.epochs)))
        with _part(parts, "first validation"):
            validate()
        with _part(parts, "other validations"):
            for _ in range(validations - 1):
                validate()

    with _part(parts, "weights to disk"):
        save_weights(*weights.arrays(), weights_path)
    operations = len(traced.graph.get_operations())
    with _part(parts, "clean up"):
        release_memory()
    return parts, operations


@contextmanager
def _part(parts: Parts, name: str) -> Iterator[None]:
    start = time.process_time()
    yield
    parts[name] = time.process_time() - start


def show_journal_cost() -> None:
    """Print what a child costs outside its worker: its record in the journal."""
    cell = CELLS[3]
    metrics = {name: [0.5] * 25 for name in METRICS}
    choices = [Choice(cell, str(i), i, None) for i in range(JOURNAL_CHILDREN)]

    def store_all() -> None:
        for i in range(JOURNAL_CHILDREN):
            result = ChildResult(cell, i, Status.OK, 0.9, metrics, 100, 1000, 1.0)
            journal.end_child(str(i), result)

    with (
        tempfile.TemporaryDirectory() as folder,
        Journal(Path(folder) / "journal.sqlite", create=True) as journal,
    ):
        journal.open_stage(1, choices, 0, JOURNAL_CHILDREN, 0.0)
        seconds = wall_seconds(store_all)
    milliseconds = 1000 * seconds / JOURNAL_CHILDREN
    print(f"journal: {milliseconds:.1f} ms a child, by the clock, {JOURNAL_CHILDREN} children\n")


# -- other ways to train ---------------------------------------------------------------------------


def compare_ways(manager: NetworkManager, repeats: int) -> None:
    """Time all steps of the child of 3 blocks, once traced, in ways that were tried."""
    from pnas.children.search_training import fast_loop
    from pnas.children.search_training.training_step import in_one_call
    from pnas.children.tensorflow_runtime import fast_graphs

    trainer = manager.trainer
    batches = fast_loop.epoch_batches(len(manager.child_trainer.data.x_train), trainer, 0)
    batches = batches.reshape(-1, trainer.batchsize)
    rates = fast_loop.learning_rates(trainer, len(batches))

    step = _make_step(manager, "none")
    half = _make_step(manager, "bfloat16")
    many = in_one_call(step)
    many_half = in_one_call(half)
    works = {
        "many steps a call (as it is)": lambda: _run_in_chunks(many, batches, rates),
        "one step a call": lambda: _run_one_by_one(step, batches, rates),
        "one step a call, single-threaded executor": (
            lambda: _run_single_threaded(step, batches, rates)
        ),
        "bfloat16 activations, many steps a call": (
            lambda: _run_in_chunks(many_half, batches, rates)
        ),
    }
    with fast_graphs():
        for work in works.values():
            work()  # traces
        timings = interleaved(works, repeats)

    seconds = {name: [timing.cpu for timing in runs] for name, runs in timings.items()}
    base = statistics.median(next(iter(seconds.values())))
    rows = []
    for name, values in seconds.items():
        rows.append((name, spread(values), f"{statistics.median(values) / base:.2f}"))
    title = f"the {len(batches)} steps of the child of 3 blocks"
    print_table((title, "processor s", "relative"), rows)


def _make_step(manager: NetworkManager, precision: str) -> Callable[..., Any]:
    from pnas.children.search_training.flat_weights import FlatWeights
    from pnas.children.search_training.optimizers import make_optimizer
    from pnas.children.search_training.training_step import make_step

    trainer = SearchTrainerSpec(mixed_precision=precision)
    child = NetworkManager(manager.dataset, network=manager.network, trainer=trainer)
    weights = FlatWeights(child.build_without_variables(CELLS[3], 0))
    return make_step(weights, manager.child_trainer.data, make_optimizer(trainer))


def _run_in_chunks(steps: Callable[..., Any], batches: Any, rates: Any) -> None:
    import tensorflow as tf

    for start in range(0, len(batches), STEPS_PER_CALL):
        chunk = slice(start, start + STEPS_PER_CALL)
        steps(tf.constant(batches[chunk]), tf.constant(rates[chunk])).numpy()


def _run_one_by_one(step: Callable[..., Any], batches: Any, rates: Any) -> None:
    import tensorflow as tf

    losses = []
    for batch, rate in zip(batches, rates, strict=True):
        losses.append(step(tf.constant(batch), tf.constant(rate)))
    tf.stack(losses).numpy()


def _run_single_threaded(step: Callable[..., Any], batches: Any, rates: Any) -> None:
    from tensorflow.python.eager.context import function_executor_type

    with function_executor_type("SINGLE_THREADED_EXECUTOR"):
        _run_one_by_one(step, batches, rates)


def compare_inter_op_threads(repeats: int) -> None:
    """Time the child of 5 blocks with one and with two inter-op threads."""
    runs: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
    for _ in range(repeats):
        for threads, found in runs.items():
            printed = call_in_new_process("child_breakdown.train_with_threads", threads)
            seconds, reward = map(float, printed.split())
            found.append((seconds, reward))

    rows = []
    for threads, found in runs.items():
        seconds_of_runs = [seconds for seconds, _ in found]
        rows.append((str(threads), spread(seconds_of_runs), f"{found[0][1]:.4f}"))
    print_table(("inter-op threads, child of 5 blocks", "s by the clock", "reward"), rows)


def train_with_threads(threads: str) -> None:
    """In a process of its own: print the seconds and the reward of the child of 5 blocks."""
    manager = NetworkManager(load_dataset("digits"), inter_op_threads=int(threads))
    manager.evaluate(CELLS[5], 0)  # warms the process up
    manager.child_trainer.forget_children()
    with clock() as timing:
        result = manager.evaluate(CELLS[5], 0)
    print(timing.wall, result.reward)


if __name__ == "__main__":
    main()
