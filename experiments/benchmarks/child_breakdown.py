"""Where the time of one child goes, and what some ideas to shorten it would bring.

    .venv/bin/python experiments/benchmarks/child_breakdown.py

Takes the quickstart's children of 1, 2 and 3 blocks and the paper's best cell of 5 apart into their parts, in the
order in which `NetworkManager.evaluate` does them: processor seconds, medians over repetitions. Then trains the
child of 3 blocks in other ways, taken in turn: steps one call each, a step per call of a single-threaded
executor, activations in bfloat16, two inter-op threads. Takes about 2 minutes.
"""

import argparse
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from common import interleaved, print_machine, print_table, spread

from pnas.children import NetworkManager, NetworkSpec, TrainerSpec
from pnas.children.manager import _release_memory
from pnas.data import load_dataset
from pnas.records import ChildJob, ChildResult, Status
from pnas.state_space import Cell

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

CELLS = {
    1: "(-2, 3x3 dconv, -1, 3x3 maxpool)",
    2: "(-2, 3x3 dconv, -1, 3x3 maxpool), (-1, 3x3 conv, 0, identity)",
    3: "(-2, 3x3 dconv, -1, 3x3 maxpool), (-1, 3x3 conv, 0, identity), (0, 3x3 dconv, 1, 3x3 conv)",
    5: (
        "(-2, 5x5 dconv, -2, 3x3 maxpool), (-1, 7x7 dconv, -1, 3x3 maxpool), (-1, 5x5 dconv, -1, 3x3 dconv), "
        "(2, 3x3 dconv, -1, 3x3 maxpool), (-2, 3x3 dconv, -1, identity)"
    ),
}
Parts = dict[str, float]


def take_apart(
    manager: NetworkManager, cell: Cell, seed: int, weights_path: Path
) -> tuple[Parts, int]:
    """Processor seconds of each part of one child, and the operations of its training step."""
    import tensorflow as tf

    from pnas.children.search_training import fast_loop as t
    from pnas.children.tensorflow_runtime import lean_graphs

    parts: Parts = {}
    trainer = manager.trainer
    data = manager._data
    batches = t.epoch_batches(len(data.x_train), trainer, seed)
    rates = t.learning_rates(trainer, batches.shape[0] * batches.shape[1]).reshape(
        batches.shape[:2]
    )
    with lean_graphs():
        with part(parts, "build"):
            weights = manager._initial_weights(ChildJob(cell, seed))
        with part(parts, "trace"):
            step = t.make_step(weights, data, t.make_optimizer(trainer))
            traced = step.get_concrete_function(
                tf.constant(batches[0, 0]), tf.constant(rates[0, 0])
            )
        steps = t.in_one_call(step)
        with part(parts, "first epoch"):
            t.run_epoch(steps, batches[0], rates[0])
        with part(parts, "other epochs"):
            for epoch in range(1, trainer.epochs):
                t.run_epoch(steps, batches[epoch], rates[epoch])
        validate = t.make_evaluation(weights, data.x_val, data.y_val)
        with part(parts, "first validation"):
            validate()
        with part(parts, "other validations"):
            for _ in range(sum(map(trainer.is_validated, range(trainer.epochs))) - 1):
                validate()
    with part(parts, "weights to disk"):
        from pnas.children.child_weights import save_weights

        save_weights(*weights.arrays(), weights_path)
    operations = len(traced.graph.get_operations())
    with part(parts, "clean up"):
        _release_memory()
    return parts, operations


@contextmanager
def part(parts: Parts, name: str) -> Iterator[None]:
    start = time.process_time()
    yield
    parts[name] = time.process_time() - start


def breakdown(manager: NetworkManager, repeats: int) -> None:
    columns: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as directory:
        for b, text in CELLS.items():
            runs = [
                take_apart(manager, Cell.parse(text), seed, Path(directory) / "w.npz")
                for seed in range(repeats)
            ]
            medians = {
                name: statistics.median(parts[name] for parts, _ in runs) for name in runs[0][0]
            }
            total = sum(medians.values())
            columns[f"{b} block{'s' * (b > 1)}"] = [
                f"{runs[0][1]}",
                *[f"{seconds:.2f} ({seconds / total:.0%})" for seconds in medians.values()],
                spread([sum(parts.values()) for parts, _ in runs]),
            ]
    names = ["operations of a step", *medians, "together"]
    rows = [(name, *[column[i] for column in columns.values()]) for i, name in enumerate(names)]
    print_table(("processor seconds (share)", *columns), rows)


def records_of_a_child(repeats: int = 200) -> None:
    """What a child costs outside its worker: the journal and MLflow, per child."""
    from pnas.records import Choice, Journal

    cell = Cell.parse(CELLS[3])
    metrics = {
        name: [0.5] * 25
        for name in ("loss", "accuracy", "learning_rate", "val_loss", "val_accuracy")
    }
    with (
        tempfile.TemporaryDirectory() as directory,
        Journal(Path(directory) / "journal.sqlite", create=True) as journal,
    ):
        journal.open_stage(
            1, [Choice(cell, str(i), i, None) for i in range(repeats)], 0, repeats, 0.0
        )
        start = time.perf_counter()
        for i in range(repeats):
            journal.end_child(str(i), ChildResult(cell, i, Status.OK, 0.9, metrics, 100, 1000, 1.0))
        seconds = time.perf_counter() - start
    print(f"journal: {1000 * seconds / repeats:.1f} ms a child, by the clock, {repeats} children\n")


def compare_ways(manager: NetworkManager, repeats: int) -> None:
    """All steps of the child of 3 blocks, once traced, in ways that were tried."""
    import tensorflow as tf
    from tensorflow.python.eager.context import function_executor_type

    from pnas.children.search_training import fast_loop as t
    from pnas.children.tensorflow_runtime import lean_graphs

    trainer = manager.trainer
    data = manager._data
    cell = Cell.parse(CELLS[3])
    batches = t.epoch_batches(len(data.x_train), trainer, 0).reshape(-1, trainer.batchsize)
    rates = t.learning_rates(trainer, len(batches))
    chunks = [slice(i, i + 4) for i in range(0, len(batches), 4)]

    def traced(precision: str) -> t.Step:
        child = NetworkManager(
            manager.dataset, network=manager.network, trainer=TrainerSpec(mixed_precision=precision)
        )  # fmt: skip
        return t.make_step(
            child._initial_weights(ChildJob(cell, 0)), data, t.make_optimizer(child.trainer)
        )

    step = traced("none")
    half = traced("bfloat16")
    loop = t.in_one_call(step)
    half_loop = t.in_one_call(half)

    def one_by_one() -> object:
        return tf.stack(
            [step(tf.constant(x), tf.constant(r)) for x, r in zip(batches, rates, strict=True)]
        ).numpy()

    def on_one_thread() -> None:
        with function_executor_type("SINGLE_THREADED_EXECUTOR"):
            one_by_one()

    def in_chunks(steps: t.Step) -> Callable[[], object]:
        return lambda: [
            steps(tf.constant(batches[c]), tf.constant(rates[c])).numpy() for c in chunks
        ]

    works = {
        "many steps a call (as it is)": in_chunks(loop),
        "one step a call": one_by_one,
        "one step a call, single-threaded executor": on_one_thread,
        "bfloat16 activations, many steps a call": in_chunks(half_loop),
    }
    with lean_graphs():
        for work in works.values():
            work()
        timings = interleaved(works, repeats)
    base = statistics.median(timing.cpu for timing in next(iter(timings.values())))
    rows = [
        (
            name,
            spread([timing.cpu for timing in runs]),
            f"{statistics.median(t.cpu for t in runs) / base:.2f}",
        )
        for name, runs in timings.items()
    ]
    print_table(
        (f"the {len(batches)} steps of the child of 3 blocks", "processor s", "relative"), rows
    )


def inter_op_threads(repeats: int) -> None:
    """The same child on its own on the machine, with one and with two inter-op threads: processes of their own."""
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); import child_breakdown as c; "
        "m = c.NetworkManager(c.load_dataset('digits'), inter_op_threads=int(sys.argv[2])); "
        "run = lambda: m.evaluate(c.Cell.parse(c.CELLS[5]), 0); run(); "
        "s = time.perf_counter(); r = run(); print(time.perf_counter() - s, r.reward)"
    )
    here = str(Path(__file__).parent)
    found = {1: [], 2: []}
    for _ in range(repeats):
        for threads, runs in found.items():
            out = subprocess.run(
                [sys.executable, "-c", code, here, str(threads)], text=True, capture_output=True, check=True
            )  # fmt: skip
            runs.append([float(value) for value in out.stdout.split()])
    rows = [
        (str(n), spread([run[0] for run in runs]), f"{runs[0][1]:.4f}") for n, runs in found.items()
    ]
    print_table(("inter-op threads, child of 5 blocks", "s by the clock", "reward"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    manager = NetworkManager(load_dataset("digits"), network=NetworkSpec(), trainer=TrainerSpec())
    manager.evaluate(Cell.parse("(-1, identity, -1, identity)"), 0)
    gc.collect()
    gc.freeze()  # as a worker does
    breakdown(manager, repeats)
    records_of_a_child()
    compare_ways(manager, repeats)
    inter_op_threads(1)
    print_machine("tensorflow", "keras", "numpy")


if __name__ == "__main__":
    main()
