"""The child that our builder makes, through Keras 3 on JAX and on TensorFlow: equal weights, equal batches.

    .venv/bin/python experiments/benchmarks/jax_agreement.py [--python /path/to/an/environment/with/jax/bin/python]

Each backend runs in a process of its own (KERAS_BACKEND): builds the child, takes the same initial weights, trains
a few steps by Keras's `fit` on the same batches, and writes predictions before and after. JAX may be in another
environment (jax and keras suffice beside this project's own requirements; TensorFlow need not be there). Says so
and ends where there is no JAX. Takes under a minute on a CPU.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from common import print_machine, print_table

CELL = "(-2, 3x3 dconv, -1, 3x3 maxpool), (-1, 5x5 dconv, 0, identity), (0, 3x3 avgpool, 1, 3x3 dilated conv)"
STEPS = 10
BATCHSIZE = 32


def train(weights_path: str, out: str) -> None:
    """In a process of one backend: build, load or save initial weights, fit, predict; everything into ``out``."""
    import keras

    from pnas.children import NetworkSpec
    from pnas.children.network.keras_layers import build_model
    from pnas.state_space import Cell

    keras.utils.set_random_seed(0)
    start = time.perf_counter()
    model = build_model(Cell.parse(CELL), NetworkSpec(), (16, 16, 3), 10)
    built = time.perf_counter() - start
    if os.path.exists(weights_path):
        with np.load(weights_path) as stored:
            model.set_weights([stored[name] for name in stored.files])
    else:
        np.savez(weights_path, *model.get_weights())
    rng = np.random.default_rng(0)
    x = rng.normal(size=(STEPS * BATCHSIZE, 16, 16, 3)).astype(np.float32)
    y = (x.mean(axis=(1, 2, 3)) * 100).astype(np.int32) % 10
    before = model.predict(x[:64], verbose=0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # Plain descent: Adam would blow differences of rounding up to steps of full size where gradients are near 0.
    model.compile(keras.optimizers.SGD(0.01), loss, jit_compile="auto")
    losses = []
    seconds = []
    for step in range(STEPS):
        batch = slice(step * BATCHSIZE, (step + 1) * BATCHSIZE)
        start = time.perf_counter()
        losses.append(
            model.fit(x[batch], y[batch], BATCHSIZE, verbose=0, shuffle=False).history["loss"][0]
        )
        seconds.append(time.perf_counter() - start)
    np.savez(
        out, before=before, after=model.predict(x[:64], verbose=0), losses=losses,
        seconds=[built, seconds[0], float(np.median(seconds[1:]))], backend=keras.backend.backend(),
        has_tensorflow="tensorflow" in sys.modules,
    )  # fmt: skip


def run(python: str, backend: str, weights: Path, out: Path) -> None:
    here = Path(__file__).parent
    path = os.pathsep.join([str(here.parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "PYTHONPATH": path,
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    code = f"import sys; sys.path.insert(0, {str(here)!r}); import jax_agreement as j; j.train(*sys.argv[1:])"
    subprocess.run(
        [python, "-c", code, str(weights), str(out)], env=environment, check=True, timeout=600
    )


def has_jax(python: str) -> bool:
    return subprocess.run([python, "-c", "import jax"], capture_output=True).returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has jax")
    python = parser.parse_args().python
    if not has_jax(python):
        print(
            f"skipped: {python} has no jax (pip install 'jax[cpu]', or --python of an environment that has it)"
        )
        return
    with tempfile.TemporaryDirectory() as directory:
        weights = Path(directory) / "weights.npz"
        results = {}
        for backend, interpreter in (("tensorflow", sys.executable), ("jax", python)):
            run(interpreter, backend, weights, Path(directory) / f"{backend}.npz")
            with np.load(Path(directory) / f"{backend}.npz") as stored:
                results[backend] = dict(stored)
    show(results)


def show(results: dict[str, dict[str, np.ndarray]]) -> None:
    rows = []
    for backend, found in results.items():
        losses = [f"{found['losses'][i]:.4f}" for i in (0, -1)]
        rows.append((backend, *[f"{value:.2f}" for value in found["seconds"]], *losses))
    header = (
        "backend",
        "build, s",
        f"first of {STEPS} steps, s",
        "another, s",
        "loss, first",
        "loss, last",
    )
    print_table(header, rows)
    theirs = results["jax"]
    ours = results["tensorflow"]
    scale = np.abs(ours["after"]).max()
    for name, what in (
        ("before", "logits before training"),
        ("losses", "losses"),
        ("after", "logits after training"),
    ):
        gap = np.abs(theirs[name] - ours[name]).max()
        print(
            f"largest difference of {what}: {gap:.1e} (largest value {np.abs(ours[name]).max():.2f})"
        )
    print(f"TensorFlow imported by the JAX process: {'yes' if theirs['has_tensorflow'] else 'no'}")
    print(
        f"agree within 1 %: {'yes' if np.abs(theirs['after'] - ours['after']).max() < 0.01 * scale else 'NO'}"
    )
    print_machine("keras", "tensorflow")


if __name__ == "__main__":
    main()
