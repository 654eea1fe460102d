"""How fast candidates are scored and predictors fitted, against the plain forward pass in Keras.

    .venv/bin/python experiments/benchmarks/scoring.py [--repeats 5]

The candidates are all unique extensions of 256 parents to 5 blocks in the paper's space. Each way
of scoring has the same weights; the largest difference of their scores is printed. `rank_space`
streams all cells of 3 blocks of a 4-operator space. Fits are on 1,160 cells, as many as the paper's
search trains. Takes a few minutes.
"""

import os
import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from common import (
    SMALL_OPERATORS,
    make_parser,
    print_machine,
    print_table,
    progress,
    spread,
    timed,
)
from paper_stage import PARENTS, B, grow_parents

from pnas.controller import grow, rank_space, score_tokens
from pnas.predictors import LSTMSpec, Predictor, make_predictor, named_spec
from pnas.predictors.neural.neural_predictor import NeuralPredictor
from pnas.state_space import StateSpace, Tokens

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

K = 256
CELLS = 1160
BATCH = 4096
PLAIN_CELLS = 3 * BATCH
SINGLE_CELLS = 50
FITS = 2


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="runs of each measurement")
    repeats = parser.parse_args().repeats

    space = StateSpace(B)
    parents = grow_parents(space, np.random.default_rng(0))
    tokens = space.expand_tokens(parents).tokens
    candidates = f"{len(tokens):,} unique candidates of {PARENTS} parents"
    print(f"{candidates}; median (lowest to highest) of {repeats} runs\n")
    compare_forward_passes(space, tokens, repeats)
    compare_predictors(space, tokens, repeats)
    time_stages(space, parents, tokens, repeats)
    time_fits(space, tokens)
    print_machine("numpy", "tensorflow", "keras")


def compare_forward_passes(space: StateSpace, tokens: Tokens, repeats: int) -> None:
    """Print candidates a second of the LSTM: ours, Keras in batches, Keras one at a time."""
    progress("scoring by one LSTM")
    predictor = NeuralPredictor.create(space, LSTMSpec())
    # Scores of a fitted predictor differ from cell to cell, so that mistakes would show.
    some = tokens[::1000]
    predictor.fit(some, np.linspace(0, 1, len(some)).tolist(), B, 0)
    model = make_keras_lstm(predictor)
    few = tokens[:PLAIN_CELLS]
    single = tokens[:SINGLE_CELLS]

    def predict_by_keras() -> Any:
        return model.predict(few, batch_size=BATCH, verbose=0)

    def predict_one_at_a_time() -> None:
        for i in range(len(single)):
            model(single[i : i + 1])

    ours = cells_a_second(lambda: score_tokens(predictor, tokens), len(tokens), repeats)
    measured = {
        "shared prefixes computed once": ours,
        f"Keras predict, batches of {BATCH}": cells_a_second(predict_by_keras, len(few), repeats),
        "Keras, one at a time": cells_a_second(predict_one_at_a_time, len(single), repeats),
    }
    rows = []
    for name, rates in measured.items():
        ratio = statistics.median(ours) / statistics.median(rates)
        rows.append((name, spread(rates, 0), f"{ratio:,.0f}"))
    print_table(("LSTM(100)", "candidates/s", "ratio"), rows)
    gap = np.abs(predict_by_keras()[:, 0] - predictor.predict(few)).max()
    print(f"largest difference of scores: {gap:.1e}\n")


def compare_predictors(space: StateSpace, tokens: Tokens, repeats: int) -> None:
    """Print candidates a second of the other predictors, and of an exhaustive ranking."""
    progress("scoring by the other predictors, and all cells of a space")
    rows = []
    for name in ("gp", "mlp", "lstm_ensemble", "mlp_ensemble"):
        score = partial(score_tokens, fit_predictor(space, name, tokens), tokens)
        rows.append((name, spread(cells_a_second(score, len(tokens), repeats), 0)))

    small = StateSpace(3, list(SMALL_OPERATORS))
    lstm = make_predictor(small, LSTMSpec())
    count = small.num_cells(3)
    streamed = cells_a_second(lambda: rank_space(small, lstm, 3, K), count, repeats)
    rows.append((f"lstm, all {count:,} cells of a space", spread(streamed, 0)))
    print_table(("predictor", "cells/s"), rows)


def time_stages(space: StateSpace, parents: Tokens, tokens: Tokens, repeats: int) -> None:
    """Print the seconds of a whole stage: expand, score, choose, decode."""
    progress("whole stages")
    cells = space.decode(parents)
    rows = []
    for name in ("gp", "lstm", "lstm_ensemble", "mlp_ensemble"):
        predictor = fit_predictor(space, name, tokens)
        runs = timed(partial(grow, space, predictor, cells, K), repeats)
        rows.append((name, spread([timing.wall for timing in runs])))
    print_table((f"top {K} of the stage by", "s"), rows)


def time_fits(space: StateSpace, tokens: Tokens) -> None:
    """Print the seconds of a fit at the paper's last stage; the first call also traces."""
    progress("fits")
    import tensorflow as _  # noqa: F401 (so that the first fit does not pay for its import)

    cells, rewards = make_history(tokens)
    rows = []
    for name in ("gp", "lstm", "mlp", "lstm_ensemble", "mlp_ensemble"):
        predictor = make_predictor(space, named_spec(name))
        runs = timed(partial(predictor.fit, cells, rewards, B, 0), FITS)
        first, *later = [timing.wall for timing in runs]
        rows.append((name, spread(later), f"{first:.1f}"))
    print_table((f"fit of {CELLS:,} cells by", "s", "the first in a process"), rows)


def fit_predictor(space: StateSpace, name: str, tokens: Tokens) -> Predictor:
    """Return a predictor that knows as many cells as the paper's search trains.

    The more cells a GP knows, the slower it is.
    """
    predictor = make_predictor(space, named_spec(name))
    cells, rewards = make_history(tokens)
    predictor.fit(cells, rewards, B, 0)
    return predictor


def make_history(tokens: Tokens) -> tuple[Tokens, list[float]]:
    """Return as many random cells as the paper's search trains, with random rewards."""
    cells = np.random.default_rng(0).permutation(tokens)[:CELLS]
    rewards = np.random.default_rng(1).uniform(size=CELLS)
    return cells, rewards.tolist()


def make_keras_lstm(predictor: NeuralPredictor) -> Any:
    """Return what a user would write, with the predictor's weights: embeddings, LSTM, sigmoid."""
    import keras

    weights = {name: array[0] for name, array in predictor.weights.items()}
    width = weights["kernel"].shape[0]
    embeddings = {}
    for kind in ("input", "operator"):
        embeddings[kind] = keras.layers.Embedding(*weights[f"embed/{kind}"].shape)

    tokens = keras.Input((B, 4), dtype="int32")
    slots = []
    for slot, kind in enumerate(predictor.architecture.layout.slot_kinds):
        slots.append(embeddings[kind](tokens[:, :, slot : slot + 1]))
    sequence = keras.layers.Reshape((B * 4, width))(keras.layers.Concatenate(axis=2)(slots))
    lstm = keras.layers.LSTM(predictor.spec.hidden)
    out = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Model(tokens, out(lstm(sequence)))

    for kind, layer in embeddings.items():
        layer.set_weights([weights[f"embed/{kind}"]])
    lstm.set_weights([weights["kernel"], weights["recurrent"], weights["bias"]])
    out.set_weights([weights["out_kernel"], weights["out_bias"]])
    return model


def cells_a_second(work: Callable[[], object], cells: int, repeats: int) -> list[float]:
    """Return the rate of each of some runs, after one that is not counted."""
    work()
    return [cells / timing.wall for timing in timed(work, repeats)]


if __name__ == "__main__":
    main()
