"""How fast candidates are scored and predictors fitted, against the plain forward pass in Keras.

    .venv/bin/python experiments/benchmarks/scoring.py [--repeats 5]

The candidates are all unique extensions of 256 parents to 5 blocks in the paper's space. Each way of scoring
has the same weights; the largest difference of their scores is printed. `rank_space` streams all cells of 3
blocks of a 4-operator space. Fits are on 1,160 cells, as many as the paper's search trains. Takes about 5 minutes.
"""

import argparse
import os
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
from common import print_machine, print_table, progress, spread, timed
from paper_stage import PARENTS, B, grow_parents

from pnas.controller import grow, rank_space, score_tokens
from pnas.predictors import ControllerSpec, Predictor, make_predictor
from pnas.predictors.neural.neural_predictor import NeuralPredictor
from pnas.state_space import StateSpace, Tokens

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

K = 256
CELLS = 1160
BATCH = 4096
PLAIN_CELLS = 3 * 4096
SINGLE_CELLS = 200


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5, help="of each measurement")
    repeats = parser.parse_args().repeats
    space = StateSpace(B)
    parents = grow_parents(space, np.random.default_rng(0))
    tokens = space.expand_tokens(parents).tokens
    print(
        f"{len(tokens):,} unique candidates of {PARENTS} parents; median (lowest to highest) of {repeats} runs\n"
    )
    compare_forward_passes(space, tokens, repeats)
    compare_predictors(space, tokens, repeats)
    time_stages(space, parents, tokens, repeats)
    time_fits(space, tokens)
    print_machine("numpy", "tensorflow", "keras")


def compare_forward_passes(space: StateSpace, tokens: Tokens, repeats: int) -> None:
    """Candidates a second of the LSTM: ours, Keras in batches, Keras one at a time."""
    progress("scoring by one LSTM")
    predictor = NeuralPredictor.create(space, ControllerSpec())
    # Scores of a fitted predictor differ from cell to cell, so that mistakes would show.
    predictor.fit(tokens[::1000], np.linspace(0, 1, len(tokens[::1000])).tolist(), B, 0)
    model = keras_lstm(predictor)
    few = tokens[:PLAIN_CELLS]
    single = tokens[:SINGLE_CELLS]
    measured = {
        "shared prefixes computed once": rates(
            lambda: score_tokens(predictor, tokens), len(tokens), repeats
        ),
        f"Keras predict, batches of {BATCH}": rates(
            lambda: model.predict(few, batch_size=BATCH, verbose=0), len(few), repeats
        ),
        "Keras, one at a time": rates(
            lambda: [model(single[i : i + 1]) for i in range(len(single))], len(single), repeats
        ),
    }
    ours = next(iter(measured.values()))
    rows = [(name, spread(rate, 0), f"{ratio(ours, rate):,.0f}") for name, rate in measured.items()]
    print_table(("LSTM(100)", "candidates/s", "ratio"), rows)
    gap = np.abs(
        model.predict(few, batch_size=BATCH, verbose=0)[:, 0] - predictor.predict(few)
    ).max()
    print(f"largest difference of scores: {gap:.1e}\n")


def compare_predictors(space: StateSpace, tokens: Tokens, repeats: int) -> None:
    """Candidates a second of the other predictors, and of an exhaustive ranking."""
    progress("scoring by the other predictors, and all cells of a space")
    rows = []
    for name in ("gp", "mlp", "lstm_ensemble", "mlp_ensemble"):
        predictor = fitted(space, name, tokens)
        rows.append(
            (
                name,
                spread(rates(lambda p=predictor: score_tokens(p, tokens), len(tokens), repeats), 0),
            )
        )
    small = StateSpace(3, ["3x3 conv", "3x3 dconv", "3x3 maxpool", "identity"])
    lstm = make_predictor(small, ControllerSpec())
    count = small.num_cells(3)
    streamed = rates(lambda: rank_space(small, lstm, 3, K), count, repeats)
    print_table(
        ("predictor", "cells/s"),
        [*rows, (f"lstm, all {count:,} cells of a space", spread(streamed, 0))],
    )


def fitted(space: StateSpace, name: str, tokens: Tokens) -> Predictor:
    """A predictor that knows as many cells as the paper's search trains: the more a process knows, the slower it is."""
    predictor = make_predictor(space, ControllerSpec.named(name))
    predictor.fit(*history(tokens), B, 0)
    return predictor


def history(tokens: Tokens) -> tuple[Tokens, list[float]]:
    """As many random cells as the paper's search trains, with random rewards."""
    chosen = np.random.default_rng(0).permutation(tokens)[:CELLS]
    return chosen, np.random.default_rng(1).uniform(size=CELLS).tolist()


def time_stages(space: StateSpace, parents: Tokens, tokens: Tokens, repeats: int) -> None:
    """Seconds of a whole stage: expand, score, choose, decode."""
    progress("whole stages")
    cells = space.decode(parents)
    rows = []
    for name in ("gp", "lstm", "lstm_ensemble", "mlp_ensemble"):
        predictor = fitted(space, name, tokens)
        stage = timed(lambda p=predictor: grow(space, p, cells, K), repeats)
        rows.append((name, spread([timing.wall for timing in stage])))
    print_table((f"top {K} of the stage by", "s"), rows)


def time_fits(space: StateSpace, tokens: Tokens) -> None:
    """Seconds of a fit at the paper's last stage; the first call also traces."""
    progress("fits")
    import tensorflow as _  # noqa: F401 (so that the first fit does not pay for its import)

    (chosen, rewards), rows = history(tokens), []
    for name in ("gp", "lstm", "mlp", "lstm_ensemble", "mlp_ensemble"):
        predictor = make_predictor(space, ControllerSpec.named(name))
        first, *later = (
            timing.wall for timing in timed(lambda p=predictor: p.fit(chosen, rewards, B, 0), 3)
        )
        rows.append((name, spread(later), f"{first:.1f}"))
    print_table((f"fit of {CELLS:,} cells by", "s", "the first in a process"), rows)


def keras_lstm(predictor: NeuralPredictor) -> Any:
    """What a user would write: embeddings, an LSTM layer, a sigmoid; with the predictor's weights."""
    import keras

    weights = {name: array[0] for name, array in predictor.weights.items()}
    width = weights["kernel"].shape[0]
    tokens = keras.Input((B, 4), dtype="int32")
    embed = {
        kind: keras.layers.Embedding(*weights[f"embed/{kind}"].shape)
        for kind in ("input", "operator")
    }
    slots = [
        embed[kind](tokens[:, :, s : s + 1])
        for s, kind in enumerate(predictor.architecture.layout.slot_kinds)
    ]
    sequence = keras.layers.Reshape((B * 4, width))(keras.layers.Concatenate(axis=2)(slots))
    state = keras.layers.LSTM(predictor.spec.hidden)
    out = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Model(tokens, out(state(sequence)))
    for kind, layer in embed.items():
        layer.set_weights([weights[f"embed/{kind}"]])
    state.set_weights([weights["kernel"], weights["recurrent"], weights["bias"]])
    out.set_weights([weights["out_kernel"], weights["out_bias"]])
    return model


def rates(work: Callable[[], object], cells: int, repeats: int) -> list[float]:
    """Cells a second of each of some runs, after one that is not counted."""
    work()
    return [cells / timing.wall for timing in timed(work, repeats)]


def ratio(fast: list[float], slow: list[float]) -> float:
    return statistics.median(fast) / statistics.median(slow)


if __name__ == "__main__":
    main()
