"""A child of the paper's size on this CPU, against what its arithmetic alone would take.

    .venv/bin/python experiments/benchmarks/paper_child.py

F=24, N=2, images of 32x32x3, the 5-block cell that the paper found. The floor of a step is its
multiply-adds (one forward pass and two for the gradients) at the rate at which this machine
multiplies large matrices, measured here with the same number of threads, in turn with the steps.
Each number of threads runs in a process of its own. Takes 2-3 minutes.
"""

import json
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
from common import (
    call_in_new_process,
    clock,
    interleaved,
    make_parser,
    print_machine,
    print_table,
    progress,
    spread,
    wall_seconds,
)

from pnas.children import PNASNetworkSpec, SearchTrainerSpec, count_network
from pnas.state_space.named_cells import PRESETS
from pnas.system.wording import plural

CELL = PRESETS["pnasnet5"]
NETWORK = PNASNetworkSpec(repeats=2, filters=24)
SHAPE = (32, 32, 3)
CLASSES = 10
BATCHSIZE = 32
MATRIX = 2048
PASSES = 3
"""Forward, and backward to the inputs and to the weights, each about the same arithmetic."""

TRAIN_EXAMPLES = 45_000
EPOCHS = 20
CHILDREN = 1160
PAPER_BATCHSIZE = 64
"""Of conf/trainer/paper.yaml."""

# Assumptions about a data centre's GPU.
GPU_FP32 = 30e12  # multiply-adds a second in float32, TF32 off
GPU_BANDWIDTH = 1.5e12  # bytes a second
GPU_KERNEL = 5e-6  # seconds that the smallest kernel takes
LAUNCHING_SHARE = 0.6  # constants and reshapes, 4 operations in 10, launch nothing
ACCESSES = 3  # every result is written once and read about twice
BYTES_PER_FLOAT = 4

Measured = dict[str, Any]
"""matrix_rate, trace_seconds, first_seconds, operations, floats, step_seconds."""


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--steps", type=int, default=15, help="steps that are timed")
    steps = parser.parse_args().steps

    counts = count_network(CELL, NETWORK, SHAPE, CLASSES)
    madds = PASSES * counts.flops * BATCHSIZE
    rows = []
    for threads in (1, 2):
        progress(plural(threads, "thread"))
        found = json.loads(call_in_new_process("paper_child.measure", threads, steps))
        rows.append(format_row(threads, found, madds))

    size = f"{counts.params:,} parameters, {counts.flops:,} multiply-adds an example"
    step = f"{madds / 1e9:.1f} G a step of {BATCHSIZE} examples ({PASSES} passes)"
    print(f"{size}, {step}, {found['operations']} operations a step\n")
    header = (
        "threads",
        "G multiply-adds/s of a matrix product",
        "build + trace, s",
        "first step, s",
        "a step, s",
        "floor, s",
        "share of the floor",
    )
    print_table(header, rows)
    predict_gpu(counts.flops, found["operations"], found["floats"])
    print_machine("tensorflow", "numpy")


def format_row(threads: int, found: Measured, madds: int) -> tuple[str, ...]:
    floor = madds / found["matrix_rate"]
    seconds = found["step_seconds"]
    return (
        str(threads),
        f"{found['matrix_rate'] / 1e9:.0f}",
        f"{found['trace_seconds']:.1f}",
        f"{found['first_seconds']:.1f}",
        spread(seconds),
        f"{floor:.3f}",
        f"{floor / statistics.median(seconds):.0%}",
    )


# -- in a process of its own -----------------------------------------------------------------------


def measure(threads: str, steps: str) -> None:
    """Measure the rate of matrix products, tracing and steps; print them as JSON."""
    import tensorflow as tf

    from pnas.children.search_training.flat_weights import FlatWeights
    from pnas.children.search_training.optimizers import make_optimizer
    from pnas.children.search_training.training_step import make_step
    from pnas.children.tensorflow_runtime import fast_graphs

    rng = np.random.default_rng(0)
    manager = _make_manager(rng, int(threads))
    matrix = tf.constant(rng.normal(size=(MATRIX, MATRIX)).astype(np.float32))
    indices = tf.range(BATCHSIZE)
    rate = tf.constant(0.001)

    def multiply() -> None:
        tf.matmul(matrix, matrix).numpy()

    def train_step() -> None:
        step(indices, rate).numpy()

    multiply()
    with fast_graphs():
        with clock() as tracing:
            weights = FlatWeights(manager.build_without_variables(CELL, 0))
            step = make_step(weights, manager.child_trainer.data, make_optimizer(manager.trainer))
            traced = step.get_concrete_function(indices, rate)
        first = wall_seconds(train_step)
        timings = interleaved({"product": multiply, "step": train_step}, int(steps))

    product_seconds = statistics.median(timing.wall for timing in timings["product"])
    operations = traced.graph.get_operations()
    found = {
        "matrix_rate": MATRIX**3 / product_seconds,
        "trace_seconds": tracing.wall,
        "first_seconds": first,
        "operations": len(operations),
        "floats": count_floats(operations),
        "step_seconds": [timing.wall for timing in timings["step"]],
    }
    print(json.dumps(found))


def _make_manager(rng: np.random.Generator, threads: int) -> Any:
    """Return a manager whose data are one batch of noise."""
    from pnas.children import NetworkManager
    from pnas.data import Dataset

    x = rng.normal(size=(BATCHSIZE, *SHAPE)).astype(np.float32)
    y = rng.integers(0, CLASSES, BATCHSIZE).astype(np.int32)
    dataset = Dataset("noise", x, y, x, y, x, y, num_classes=CLASSES)
    trainer = SearchTrainerSpec(batchsize=BATCHSIZE, epochs=1, threads=threads)
    return NetworkManager(dataset, network=NETWORK, trainer=trainer)


def count_floats(operations: Sequence[Any]) -> int:
    """Count the numbers that the operations of a step write; reshapes and constants write none."""
    total = 0
    for operation in operations:
        if operation.type in ("Reshape", "Const"):
            continue
        for output in operation.outputs:
            if output.dtype.is_floating and output.shape.rank:
                total += output.shape.num_elements() or 0
    return total


# -- prediction ------------------------------------------------------------------------------------


def predict_gpu(flops: int, operations: int, floats: int) -> None:
    """Print what bounds a step on a GPU under the assumptions above, and a whole child with it."""
    steps = EPOCHS * (TRAIN_EXAMPLES // PAPER_BATCHSIZE)
    arithmetic = PASSES * flops * PAPER_BATCHSIZE / GPU_FP32
    bytes_per_batch = ACCESSES * BYTES_PER_FLOAT * floats
    memory = bytes_per_batch * PAPER_BATCHSIZE / BATCHSIZE / GPU_BANDWIDTH
    launches = LAUNCHING_SHARE * operations * GPU_KERNEL
    slowest = max(arithmetic, memory, launches)

    print(
        f"A GPU of {GPU_FP32 / 1e12:.0f} T multiply-adds/s, {GPU_BANDWIDTH / 1e12:.1f} TB/s and "
        f"{1e6 * GPU_KERNEL:.0f} us a kernel would need, for a step of {PAPER_BATCHSIZE} examples,"
    )
    print(
        f"{1e3 * arithmetic:.1f} ms for arithmetic, {1e3 * memory:.1f} ms for reading and writing "
        f"activations, {1e3 * launches:.1f} ms for launching kernels:"
    )
    print(
        f"at least {1e3 * slowest:.0f} ms a step, {steps * slowest / 60:.1f} min a child of "
        f"{EPOCHS} epochs ({steps:,} steps), {CHILDREN:,} children in "
        f"{CHILDREN * steps * slowest / 3600:.0f} h on one GPU.\n"
    )


if __name__ == "__main__":
    main()
