"""A step of a child of the paper's size, against the same network in PyTorch.

    .venv/bin/python experiments/benchmarks/torch_child.py --python PYTHON_WITH_TORCH

The child of `paper_child.py`, made by the same builder (`torch_layers.py`), trained by Adam on
batches of noise, with equal numbers of threads: PyTorch step by step, with channels last, and
compiled (`torch.compile`, with channels first and last), and pnas before and after it. Each in a
process of its own. PyTorch may be in another environment; the packages of this one must be there
too. Says so and ends where there is none. Compiling takes minutes.
"""

import json
import statistics
import subprocess
import sys
from typing import Any

import numpy as np
from common import (
    call_in_new_process,
    interleaved,
    make_parser,
    print_machine,
    print_table,
    progress,
    spread,
    wall_seconds,
)
from paper_child import BATCHSIZE, CELL, CLASSES, NETWORK, SHAPE

from pnas.children import count_network

OURS = "pnas"
WAYS = ("eager", "eager, channels last", "compiled", "compiled, channels last")
WARM_UP = 3


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has torch")
    parser.add_argument("--steps", type=int, default=15, help="steps that are timed")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=WAYS)
    options = parser.parse_args()
    if not has_torch(options.python):
        print(f"skipped: {options.python} has no torch (pip install torch, or --python)")
        return

    before = step_of_ours(options.threads, options.steps)
    rows = [measure_torch(way, options) for way in options.ways]
    ours = before + step_of_ours(options.threads, options.steps)
    rows.insert(0, (OURS, "", ours))
    show(rows, options.threads)
    print_machine("tensorflow")


def has_torch(python: str) -> bool:
    done = subprocess.run([python, "-c", "import torch"], capture_output=True)
    return done.returncode == 0


def step_of_ours(threads: int, steps: int) -> list[float]:
    """Return seconds of steps."""
    progress(OURS)
    found = json.loads(call_in_new_process("paper_child.measure", threads, steps))
    seconds: list[float] = found["step_seconds"]
    return seconds


def measure_torch(way: str, options: Any) -> tuple[str, str, list[float]]:
    """Return the way, seconds until the first step has ended, and seconds of later steps."""
    progress(way)
    printed = call_in_new_process(
        "torch_child.measure", way, options.threads, options.steps, python=options.python
    )
    found = json.loads(printed.splitlines()[-1])
    return f"PyTorch {found['version']}, {way}", f"{found['first']:.1f}", found["steps"]


def show(rows: list[tuple[str, str, list[float]]], threads: int) -> None:
    """Print seconds a step and the ratio to ours, with its lowest and highest."""
    ours = rows[0][2]
    median = statistics.median(ours)
    printed = []
    for way, first, seconds in rows:
        ratio = statistics.median(seconds) / median
        lowest = min(seconds) / max(ours)
        highest = max(seconds) / min(ours)
        shown = f"{ratio:.2f} ({lowest:.2f} to {highest:.2f})" if seconds is not ours else "1"
        printed.append((way, first, spread(seconds), shown))
    print_table((f"{threads} threads", "first step, s", "a step, s", "ratio"), printed)


def measure(way: str, threads: str, steps: str) -> None:
    """In a process with PyTorch: print the seconds of the first step and of later ones."""
    import torch
    from torch.nn import functional
    from torch_layers import build_torch_model

    torch.set_num_threads(int(threads))
    torch.manual_seed(0)
    network = build_torch_model(CELL, NETWORK, SHAPE, CLASSES)
    _check_size(network)
    images = torch.randn(BATCHSIZE, SHAPE[2], *SHAPE[:2])
    labels = torch.randint(CLASSES, (BATCHSIZE,))
    if way.endswith("channels last"):
        network = network.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    model = torch.compile(network) if way.startswith("compiled") else network
    optimizer = torch.optim.Adam(network.parameters())

    def train_step() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    first = wall_seconds(train_step)
    for _ in range(WARM_UP):
        train_step()
    timings = interleaved({"step": train_step}, int(steps))["step"]
    found = {
        "version": torch.__version__,
        "first": first,
        "steps": [timing.wall for timing in timings],
    }
    print(json.dumps(found))


def _check_size(network: Any) -> None:
    """Check that the network is that of `paper_child.py`."""
    params = sum(int(np.prod(weights.shape)) for weights in network.parameters())
    expected = count_network(CELL, NETWORK, SHAPE, CLASSES).params
    if params != expected:
        sys.exit(f"{params:,} parameters in place of {expected:,}")


if __name__ == "__main__":
    main()
