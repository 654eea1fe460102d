"""Where the time of a training step goes: its operations by kind, from TensorFlow's profiler.

    .venv/bin/python experiments/benchmarks/child_operations.py

One thread, a step of the quickstart's child of 3 blocks (batches of 256 images of 8x8) and of the
child of `paper_child.py` (32 images of 32x32, F=24, N=2), each in a process of its own. What is not
a kernel (scheduling, fetching inputs) is what the rows leave of the step. Takes a minute.
"""

import collections
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from common import call_in_new_process, make_parser, print_machine, print_table, wall_seconds

STEPS = 10
SHOWN = 12
QUICKSTART = "quickstart's child of 3 blocks"
PAPER = "paper's child of 5 blocks"


def main() -> None:
    make_parser(__doc__).parse_args()
    for name in (QUICKSTART, PAPER):
        found = json.loads(call_in_new_process("child_operations.measure", name).splitlines()[-1])
        show(name, found)
    print_machine("tensorflow")


def show(name: str, found: dict[str, Any]) -> None:
    """Print the kinds of operation that take longest, and the others together."""
    step = found["step"]
    kinds = sorted(found["kinds"].items(), key=lambda item: -item[1]["ms"])
    rows = []
    for kind, of_kind in kinds[:SHOWN]:
        rows.append(_row(kind, of_kind["count"], of_kind["ms"], step))
    others = [of_kind for _, of_kind in kinds[SHOWN:]]
    rows.append(_row("others", _sum(others, "count"), _sum(others, "ms"), step))
    rows.append(("a step, unprofiled", "", f"{step:.2f}", "", ""))
    print_table((name, "operations", "ms", "us each", "of the step"), rows)


def _row(kind: str, count: float, ms: float, step: float) -> tuple[str, ...]:
    each = 1e3 * ms / count if count else 0.0
    return kind, f"{count:.0f}", f"{ms:.2f}", f"{each:.0f}", f"{ms / step:.1%}"


def _sum(kinds: list[dict[str, float]], what: str) -> float:
    return sum(of_kind[what] for of_kind in kinds)


# -- in a process of its own -----------------------------------------------------------------------


def measure(name: str) -> None:
    """Print milliseconds of a step, and of the operations of each kind in one, as JSON."""
    import tensorflow as tf

    from pnas.children.search_training.flat_weights import FlatWeights
    from pnas.children.search_training.optimizers import make_optimizer
    from pnas.children.search_training.training_step import make_step
    from pnas.children.tensorflow_runtime import fast_graphs

    manager, cell = _child_of(name)
    data = manager.child_trainer.data
    indices = tf.range(manager.trainer.batchsize)
    rate = tf.constant(0.001)
    with fast_graphs():
        weights = FlatWeights(manager.build_without_variables(cell, 0))
        step = make_step(weights, data, make_optimizer(manager.trainer))

        def train_step() -> None:
            step(indices, rate).numpy()

        train_step()
        seconds = [wall_seconds(train_step) for _ in range(STEPS)]
        kinds = _profile(train_step)
        types = {
            node.type for node in step.get_concrete_function(indices, rate).graph.get_operations()
        }
    found = {
        "step": 1e3 * statistics.median(seconds),
        "kinds": {kind: of_kind for kind, of_kind in kinds.items() if _is_kernel(kind, types)},
    }
    print(json.dumps(found))


def _child_of(name: str) -> tuple[Any, Any]:
    import paper_child
    from child_breakdown import CELLS

    from pnas.children import NetworkManager
    from pnas.data import load_dataset

    if name == PAPER:
        manager = paper_child._make_manager(np.random.default_rng(0), threads=1)
        return manager, paper_child.CELL
    return NetworkManager(load_dataset("digits")), CELLS[3]


def _profile(train_step: Any) -> dict[str, dict[str, float]]:
    """Return milliseconds and number of the events of each kind in a step."""
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf.xplane_pb2 import XSpace

    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        for _ in range(STEPS):
            train_step()
        tf.profiler.experimental.stop()
        space = XSpace()
        (trace,) = Path(folder).rglob("*.xplane.pb")
        space.ParseFromString(trace.read_bytes())

    kinds: dict[str, dict[str, float]] = collections.defaultdict(lambda: {"ms": 0.0, "count": 0.0})
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                name = plane.event_metadata[event.metadata_id].name
                of_kind = kinds[name.rpartition(":")[2]]
                of_kind["ms"] += event.duration_ps / 1e9 / STEPS
                of_kind["count"] += 1 / STEPS
    return kinds


def _is_kernel(kind: str, types: set[str]) -> bool:
    """Whether events of ``kind`` are operations of the step; oneDNN gives them names of its own."""
    return kind.removeprefix("_Mkl").removeprefix("Native") in types


if __name__ == "__main__":
    main()
