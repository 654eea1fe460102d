"""The child that the builder makes, through Keras 3 on JAX and on TensorFlow.

    .venv/bin/python experiments/benchmarks/jax_agreement.py [--python PYTHON_WITH_JAX]

Equal weights and batches. Each backend runs in a process of its own (KERAS_BACKEND): builds the
child, takes the same initial weights, trains a few steps by Keras's `fit` on the same batches, and
writes predictions before and after. JAX may be in another environment (jax and keras suffice beside
this project's own requirements; TensorFlow need not be there). Says so and ends where there is no
JAX. Takes under a minute on a CPU.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from common import (
    CELL_OF_1,
    call_in_new_process,
    clock,
    make_parser,
    print_machine,
    print_table,
)

CELL = f"{CELL_OF_1}, (-1, 5x5 dconv, 0, identity), (0, 3x3 avgpool, 1, 3x3 dilated conv)"
STEPS = 10
BATCHSIZE = 32
CLASSES = 10
SHAPE = (16, 16, 3)
TOLERANCE = 0.01
COMPARED = {
    "before": "logits before training",
    "losses": "losses",
    "after": "logits after training",
}
Found = dict[str, Any]
"""What one backend wrote, by name."""


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has jax")
    python = parser.parse_args().python
    if not has_jax(python):
        print(f"skipped: {python} has no jax (pip install 'jax[cpu]', or --python with jax)")
        return

    results = {}
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.npz"
        for backend, interpreter in (("tensorflow", sys.executable), ("jax", python)):
            out = Path(folder) / f"{backend}.npz"
            call_in_new_process(
                "jax_agreement.train", weights, out, python=interpreter, KERAS_BACKEND=backend
            )
            with np.load(out) as stored:
                results[backend] = dict(stored)
    show_times(results)
    show_agreement(results["tensorflow"], results["jax"])
    print_machine("keras", "tensorflow")


def has_jax(python: str) -> bool:
    done = subprocess.run([python, "-c", "import jax"], capture_output=True)
    return done.returncode == 0


def train(weights_path: str, out: str) -> None:
    """In a process of one backend: build, take initial weights, fit, predict; write to ``out``."""
    import keras

    from pnas.children import PNASNetworkSpec
    from pnas.children.network.keras_layers import build_model
    from pnas.state_space import Cell

    keras.utils.set_random_seed(0)
    with clock() as building:
        model = build_model(Cell.parse(CELL), PNASNetworkSpec(), SHAPE, CLASSES)
    _share_weights(model, Path(weights_path))

    rng = np.random.default_rng(0)
    x = rng.normal(size=(STEPS * BATCHSIZE, *SHAPE)).astype(np.float32)
    y = (x.mean(axis=(1, 2, 3)) * 100).astype(np.int32) % CLASSES
    before = model.predict(x[:64], verbose=0)
    losses, seconds = _fit_steps(model, x, y)
    np.savez(
        out,
        before=before,
        after=model.predict(x[:64], verbose=0),
        losses=losses,
        seconds=[building.wall, seconds[0], float(np.median(seconds[1:]))],
        has_tensorflow="tensorflow" in sys.modules,
    )


def _share_weights(model: Any, path: Path) -> None:
    """Give the model the stored weights, or store its own if there are none."""
    if not path.exists():
        np.savez(path, *model.get_weights())
        return
    with np.load(path) as stored:
        model.set_weights([stored[name] for name in stored.files])


def _fit_steps(model: Any, x: np.ndarray, y: np.ndarray) -> tuple[list[float], list[float]]:
    """Return loss and seconds of each step."""
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # Plain descent: where gradients are near 0, Adam would turn differences of rounding into steps
    # of full size.
    model.compile(keras.optimizers.SGD(0.01), loss, jit_compile="auto")

    losses = []
    seconds = []
    for step in range(STEPS):
        batch = slice(step * BATCHSIZE, (step + 1) * BATCHSIZE)
        with clock() as timing:
            history = model.fit(x[batch], y[batch], BATCHSIZE, verbose=0, shuffle=False)
        losses.append(history.history["loss"][0])
        seconds.append(timing.wall)
    return losses, seconds


def show_times(results: dict[str, Found]) -> None:
    rows = []
    for backend, found in results.items():
        seconds = [f"{value:.2f}" for value in found["seconds"]]
        first_loss = f"{found['losses'][0]:.4f}"
        last_loss = f"{found['losses'][-1]:.4f}"
        rows.append((backend, *seconds, first_loss, last_loss))
    header = (
        "backend",
        "build, s",
        f"first of {STEPS} steps, s",
        "another, s",
        "loss, first",
        "loss, last",
    )
    print_table(header, rows)


def show_agreement(on_tensorflow: Found, on_jax: Found) -> None:
    for name, what in COMPARED.items():
        gap = np.abs(on_jax[name] - on_tensorflow[name]).max()
        largest = np.abs(on_tensorflow[name]).max()
        print(f"largest difference of {what}: {gap:.1e} (largest value {largest:.2f})")
    imported = "yes" if on_jax["has_tensorflow"] else "no"
    print(f"TensorFlow imported by the JAX process: {imported}")

    after = on_tensorflow["after"]
    gap = np.abs(on_jax["after"] - after).max()
    agrees = gap < TOLERANCE * np.abs(after).max()
    print(f"agree within 1 %: {'yes' if agrees else 'NO'}")


if __name__ == "__main__":
    main()
