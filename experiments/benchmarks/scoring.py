"""How fast candidates are scored and predictors fitted, against the plain forward pass in Keras.

    python experiments/benchmarks/scoring.py

The candidates are all unique extensions of 256 parents to 5 blocks in the paper's space. Each way of scoring
has the same weights; the largest difference of their scores is printed. `rank_space` streams all cells of 3
blocks of a 4-operator space. Fits are on 1,160 cells, as many as the paper's search trains. Takes about 3 minutes.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np

from pnas.controller import ControllerSpec, grow, make_predictor, rank_space, score_tokens
from pnas.controller.neural import NeuralPredictor
from pnas.state_space import StateSpace, Tokens

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

B, PARENTS, K, CELLS, REPEATS = 5, 256, 256, 1160, 5
BATCH, PLAIN_CELLS, SINGLE_CELLS = 4096, 3 * 4096, 200


def main() -> None:
    space = StateSpace(B)
    parents = grow_parents(space, np.random.default_rng(0))
    tokens = space.expand_tokens(parents).tokens
    print(f"{len(tokens):,} unique candidates of {PARENTS} parents, {REPEATS} runs each, median (lowest to highest)\n")
    compare_forward_passes(space, tokens)
    time_ensembles(space, parents, tokens)
    time_stream()
    time_fits(space, tokens)
    print(f"\n{cpu_model()}, {len(os.sched_getaffinity(0))} cores, {platform.system()}, load {os.getloadavg()[0]:.1f}")
    print(", ".join(f"{name} {version(name)}" for name in ("numpy", "tensorflow", "keras")))


def compare_forward_passes(space: StateSpace, tokens: Tokens) -> None:
    """Candidates a second of the LSTM: ours, Keras in batches, Keras one at a time."""
    predictor = NeuralPredictor.create(space, ControllerSpec())
    # Scores of a fitted predictor differ from cell to cell, so that mistakes would show.
    predictor.fit(tokens[::1000], np.linspace(0, 1, len(tokens[::1000])).tolist(), B, 0)
    model = keras_lstm(predictor)
    few, single = tokens[:PLAIN_CELLS], tokens[:SINGLE_CELLS]
    ours = rates(lambda: score_tokens(predictor, tokens), len(tokens))
    batched = rates(lambda: model.predict(few, batch_size=BATCH, verbose=0), len(few))
    one_by_one = rates(lambda: [model(single[i : i + 1]) for i in range(len(single))], len(single))
    print(f"LSTM(100), shared prefixes     {spread(ours)} candidates/s")
    print(f"Keras predict, batches of {BATCH} {spread(batched)} candidates/s, ratio {ratio(ours, batched):,.0f}")
    print(f"Keras, one at a time           {spread(one_by_one)} candidates/s, ratio {ratio(ours, one_by_one):,.0f}")
    gap = np.abs(model.predict(few, batch_size=BATCH, verbose=0)[:, 0] - predictor.predict(few)).max()
    print(f"largest difference of scores   {gap:.1e}\n")


def time_ensembles(space: StateSpace, parents: Tokens, tokens: Tokens) -> None:
    """Candidates a second of the other predictors, and a whole stage: expand, score, choose, decode."""
    cells = space.decode(parents)
    for name in ("mlp", "lstm_ensemble", "mlp_ensemble"):
        predictor = make_predictor(space, ControllerSpec.named(name))
        print(f"{name:30} {spread(rates(lambda p=predictor: score_tokens(p, tokens), len(tokens)))} candidates/s")
    for name in ("lstm", "lstm_ensemble", "mlp_ensemble"):
        predictor = make_predictor(space, ControllerSpec.named(name))
        stage = timed(lambda p=predictor: grow(space, p, cells, K), REPEATS)
        print(f"top {K} of the stage, {name:13} {spread(stage, 2)} s")


def time_stream() -> None:
    """Cells a second of an exhaustive ranking."""
    space = StateSpace(3, ["3x3 conv", "3x3 dconv", "3x3 maxpool", "identity"])
    predictor, count = make_predictor(space, ControllerSpec()), space.num_cells(3)
    print(
        f"rank_space, {count:,} cells      {spread(rates(lambda: rank_space(space, predictor, 3, K), count))} cells/s\n"
    )


def time_fits(space: StateSpace, tokens: Tokens) -> None:
    """Seconds of a fit at the paper's last stage; the first call also traces."""
    chosen = np.random.default_rng(0).permutation(tokens)[:CELLS]
    rewards = np.random.default_rng(1).uniform(size=CELLS).tolist()
    import tensorflow as _  # noqa: F401 (so that the first fit does not pay for its import)

    for name in ("lstm", "mlp", "lstm_ensemble", "mlp_ensemble"):
        predictor = make_predictor(space, ControllerSpec.named(name))
        first, *later = timed(lambda p=predictor: p.fit(chosen, rewards, B, 0), 3)
        print(f"fit of {CELLS:,} cells, {name:13} {spread(later, 2)} s; the first in a process {first:.1f} s")


def keras_lstm(predictor: NeuralPredictor) -> Any:
    """What a user would write: embeddings, an LSTM layer, a sigmoid; with the predictor's weights."""
    import keras

    weights = {name: array[0] for name, array in predictor.weights.items()}
    width = weights["kernel"].shape[0]
    tokens = keras.Input((B, 4), dtype="int32")
    embed = {kind: keras.layers.Embedding(*weights[f"embed/{kind}"].shape) for kind in ("input", "operator")}
    slots = [embed[kind](tokens[:, :, s : s + 1]) for s, kind in enumerate(predictor.architecture.layout.slot_kinds)]
    sequence = keras.layers.Reshape((B * 4, width))(keras.layers.Concatenate(axis=2)(slots))
    state, out = keras.layers.LSTM(predictor.spec.hidden), keras.layers.Dense(1, activation="sigmoid")
    model = keras.Model(tokens, out(state(sequence)))
    for kind, layer in embed.items():
        layer.set_weights([weights[f"embed/{kind}"]])
    state.set_weights([weights["kernel"], weights["recurrent"], weights["bias"]])
    out.set_weights([weights["out_kernel"], weights["out_bias"]])
    return model


def grow_parents(space: StateSpace, rng: np.random.Generator) -> Tokens:
    """Random parents of B - 1 blocks, grown as a search grows them."""
    tokens = space.encode(space.initial_children())
    for _ in range(2, B):
        grown = space.expand_tokens(tokens).tokens
        tokens = grown[np.sort(rng.choice(len(grown), PARENTS, replace=False))]
    return tokens


def timed(work: Callable[[], object], repeats: int) -> list[float]:
    """Seconds of each of ``repeats`` runs."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return seconds


def rates(work: Callable[[], object], cells: int) -> list[float]:
    """Cells a second of each of some runs, after one that is not counted."""
    work()
    return [cells / seconds for seconds in timed(work, REPEATS)]


def ratio(fast: list[float], slow: list[float]) -> float:
    return statistics.median(fast) / statistics.median(slow)


def spread(values: list[float], digits: int = 0) -> str:
    low, middle, high = (f"{v:,.{digits}f}" for v in (min(values), statistics.median(values), max(values)))
    return f"{middle:>10} ({low} to {high})"


def cpu_model() -> str:
    """The processor's name where the system tells it."""
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
