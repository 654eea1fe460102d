"""The paper's MLP predictor: blocks embedded, averaged over the cell, two hidden layers, sigmoid."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pnas.predictors.neural.initializers import Floats, Weights, glorot
from pnas.predictors.neural.lstm import OUTPUT_BIAS, embeddings
from pnas.predictors.neural.prefix_scoring import levels, spread
from pnas.predictors.token_layout import Layout
from pnas.state_space import ABSENT, Tokens


@dataclass(frozen=True)
class MLP:
    """Architecture: pure functions over weights.

    A block is the concatenation of its slots' embeddings, so the first layer of the averaged block is a sum of
    one (embedding, hidden) matrix per slot.

    Weights of one member: ``embed/<kind>`` (values, embedding), ``slots`` (slots, embedding, hidden), ``bias1``
    (hidden,), ``kernel2`` (hidden, hidden), ``bias2`` (hidden,), ``out_kernel`` (hidden, 1), ``out_bias`` (1,).
    """

    layout: Layout
    embedding: int
    hidden: int

    def init(self, seed: int) -> Weights:
        """Fresh weights of one member: embeddings uniform in [-0.1, 0.1], output bias 1.8."""
        slots = range(len(self.layout.slot_kinds))
        return {
            **embeddings(self.layout, self.embedding, seed),
            "slots": np.stack(
                [glorot((self.embedding, self.hidden), seed, "slots", slot) for slot in slots]
            ),
            "bias1": np.zeros(self.hidden, np.float32),
            "kernel2": glorot((self.hidden, self.hidden), seed, "kernel2"),
            "bias2": np.zeros(self.hidden, np.float32),
            "out_kernel": glorot((self.hidden, 1), seed, "out_kernel"),
            "out_bias": np.full(1, OUTPUT_BIAS, np.float32),
        }

    def inputs(self, tokens: Tokens) -> Floats:
        """For each slot, how often each of its values occurs, per block: (n, slots' values)."""
        sizes = {kind: len(values) for kind, values in self.layout.vocabulary}
        counts = [
            (tokens[:, :, s, None] == np.arange(sizes[kind])).sum(axis=1)
            for s, kind in enumerate(self.layout.slot_kinds)
        ]
        return (np.concatenate(counts, axis=1) / number_of_blocks(tokens)[:, None]).astype(
            np.float32
        )

    def logits(self, weights: dict[str, Any], inputs: Any) -> Any:
        """TensorFlow forward pass of all members: (members, n, slots' values) -> (members, n)."""
        import tensorflow as tf

        kernel = tf.concat(
            [
                weights[f"embed/{kind}"] @ weights["slots"][:, s]
                for s, kind in enumerate(self.layout.slot_kinds)
            ],
            axis=1,
        )
        hidden = tf.nn.relu(inputs @ kernel + weights["bias1"][:, None])
        hidden = tf.nn.relu(hidden @ weights["kernel2"] + weights["bias2"][:, None])
        return (hidden @ weights["out_kernel"] + weights["out_bias"][:, None])[:, :, 0]

    def score(self, weights: Weights, tokens: Tokens) -> Floats:
        """Logits of one member for ``tokens`` (n, b, slots), in NumPy: table look-ups added once per prefix."""
        tables = [
            _with_absent_row(weights[f"embed/{kind}"] @ weights["slots"][s])
            for s, kind in enumerate(self.layout.slot_kinds)
        ]
        summed = np.zeros((1, self.hidden), np.float32)
        level = None
        for level in levels(tokens):
            summed = np.take(summed, level.parent, axis=0, mode="clip")
            summed += np.take(tables[level.slot], level.token, axis=0, mode="wrap")
        if level is not None:
            summed = spread(summed, level, len(tokens))
        return self._top(weights, summed / number_of_blocks(tokens)[:, None])

    def _top(self, weights: Weights, hidden: Floats) -> Floats:
        hidden += weights["bias1"]
        np.maximum(hidden, 0, out=hidden)
        hidden = hidden @ weights["kernel2"]
        hidden += weights["bias2"]
        np.maximum(hidden, 0, out=hidden)
        return (hidden @ weights["out_kernel"] + weights["out_bias"])[:, 0]


def _with_absent_row(table: Floats) -> Floats:
    """``table`` with a row of zeros at its end, where the index ABSENT (-1) finds it."""
    return np.concatenate([table, np.zeros((1, table.shape[1]), np.float32)])


def number_of_blocks(tokens: Tokens) -> Floats:
    """(n,) blocks of each cell; 1 for an empty one."""
    return np.maximum((tokens != ABSENT).any(axis=2).sum(axis=1), 1).astype(np.float32)
