"""A child of the paper's size on this CPU, against what its arithmetic alone would take.

    .venv/bin/python experiments/benchmarks/paper_child.py

F=24, N=2, images of 32x32x3, the 5-block cell that the paper found. The floor of a step is its multiply-adds (one
forward pass and two for the gradients) at the rate at which this machine multiplies large matrices, measured here
with the same number of threads, in turn with the steps. Each number of threads runs in a process of its own. Takes
2-3 minutes.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common import print_machine, print_table, progress, spread

from pnas.children import NetworkSpec, TrainerSpec, count_network
from pnas.state_space import Cell

CELL = (
    "(-2, 5x5 dconv, -2, 3x3 maxpool), (-1, 7x7 dconv, -1, 3x3 maxpool), (-1, 5x5 dconv, -1, 3x3 dconv), "
    "(2, 3x3 dconv, -1, 3x3 maxpool), (-2, 3x3 dconv, -1, identity)"
)
NETWORK = NetworkSpec(repeats=2, filters=24)
SHAPE = (32, 32, 3)
CLASSES = 10
BATCHSIZE = 32
MATRIX = 2048
PASSES = 3
"""Forward, and backward to the inputs and to the weights, each about the same arithmetic."""
TRAIN_EXAMPLES = 45_000
EPOCHS = 20
GPU_FP32 = 30e12
GPU_BANDWIDTH = 1.5e12
GPU_KERNEL = 5e-6
"""Assumed of a data centre's GPU: multiply-adds a second in float32 (TF32 off), bytes a second, and seconds that the
smallest kernel takes."""


def measure(threads: str, steps: str) -> None:
    """In a process of its own: matrix rate, tracing and steps; prints numbers."""
    import tensorflow as tf

    from pnas.children import NetworkManager
    from pnas.children.search_training import fast_loop as t
    from pnas.children.tensorflow_runtime import lean_graphs
    from pnas.data import Dataset
    from pnas.records import ChildJob

    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCHSIZE, *SHAPE)).astype(np.float32)
    y = rng.integers(0, CLASSES, BATCHSIZE).astype(np.int32)
    dataset = Dataset("noise", x, y, x, y, x, y, num_classes=CLASSES)
    trainer = TrainerSpec(batchsize=BATCHSIZE, epochs=1, threads=int(threads))
    manager = NetworkManager(dataset, network=NETWORK, trainer=trainer)
    a = tf.constant(rng.normal(size=(MATRIX, MATRIX)).astype(np.float32))
    tf.matmul(a, a).numpy()
    start = time.perf_counter()
    weights = manager._initial_weights(ChildJob(Cell.parse(CELL), 0))
    indices = tf.range(BATCHSIZE)
    rate = tf.constant(0.001)
    with lean_graphs():
        step = t.make_step(weights, manager._data, t.make_optimizer(trainer))
        traced = step.get_concrete_function(indices, rate)
        traced_in = time.perf_counter() - start
        first = _seconds(lambda: step(indices, rate).numpy())
        # In turn, so that what else the machine does meets both.
        pairs = [
            (
                _seconds(lambda: tf.matmul(a, a).numpy()),
                _seconds(lambda: step(indices, rate).numpy()),
            )
            for _ in range(int(steps))
        ]
    products, times = zip(*pairs, strict=True)
    operations = traced.graph.get_operations()
    rate_of_products = MATRIX**3 / statistics.median(products)
    print(rate_of_products, traced_in, first, len(operations), _floats(operations), *times)


def _floats(operations: Sequence[Any]) -> int:
    """Numbers that the operations of a step write; reshapes and constants write none."""
    outputs = [x for op in operations if op.type not in ("Reshape", "Const") for x in op.outputs]
    return sum(x.shape.num_elements() or 0 for x in outputs if x.dtype.is_floating and x.shape.rank)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_process(threads: int, steps: int) -> list[float]:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import paper_child as p; p.measure(*sys.argv[2:])"
    arguments = [sys.executable, "-c", code, str(Path(__file__).parent), str(threads), str(steps)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    out = subprocess.run(
        arguments, text=True, stdout=subprocess.PIPE, check=True, env=environment
    ).stdout
    return [float(value) for value in out.split()]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=15)
    steps = parser.parse_args().steps
    counts = count_network(Cell.parse(CELL), NETWORK, SHAPE, CLASSES)
    madds = PASSES * counts.flops * BATCHSIZE
    rows = []
    for threads in (1, 2):
        progress(f"{threads} thread(s)")
        rate, traced, first, operations, floats, *times = in_process(threads, steps)
        floor = madds / rate
        rows.append((str(threads), f"{rate / 1e9:.0f}", f"{traced:.1f}", f"{first:.1f}", spread(times), f"{floor:.3f}",
                     f"{floor / statistics.median(times):.0%}"))  # fmt: skip
    print(
        f"{counts.params:,} parameters, {counts.flops:,} multiply-adds an example, {madds / 1e9:.1f} G a step of"
    )
    print(f"{BATCHSIZE} examples ({PASSES} passes), {operations:.0f} operations a step\n")
    header = ("threads", "G multiply-adds/s of a matrix product", "build + trace, s", "first step, s", "a step, s",
              "floor, s", "share of the floor")  # fmt: skip
    print_table(header, rows)
    predict_gpu(counts.flops, operations, floats)
    print_machine("tensorflow", "numpy")


def predict_gpu(flops: int, operations: float, floats: float) -> None:
    """What bounds a step on a GPU under the assumptions above, and a whole child with it."""
    batchsize = TrainerSpec().batchsize * 2  # of conf/trainer/paper.yaml
    steps = EPOCHS * (TRAIN_EXAMPLES // batchsize)
    arithmetic = PASSES * flops * batchsize / GPU_FP32
    # Every result is written once and read about twice.
    memory = 3 * 4 * floats * batchsize / BATCHSIZE / GPU_BANDWIDTH
    launches = operations * 0.6 * GPU_KERNEL  # constants and reshapes, 4 in 10, launch nothing
    slowest = max(arithmetic, memory, launches)
    print(f"A GPU of {GPU_FP32 / 1e12:.0f} T multiply-adds/s, {GPU_BANDWIDTH / 1e12:.1f} TB/s and "
          f"{1e6 * GPU_KERNEL:.0f} us a kernel would need, for a step of {batchsize} examples,")  # fmt: skip
    print(f"{1e3 * arithmetic:.1f} ms for arithmetic, {1e3 * memory:.1f} ms for reading and writing activations, "
          f"{1e3 * launches:.1f} ms for launching kernels:")  # fmt: skip
    print(f"at least {1e3 * slowest:.0f} ms a step, {steps * slowest / 60:.1f} min a child of {EPOCHS} epochs "
          f"({steps:,} steps), 1,160 children in {1160 * steps * slowest / 3600:.0f} h on one GPU.\n")  # fmt: skip


if __name__ == "__main__":
    main()
