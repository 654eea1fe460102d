"""The paper's MLP predictor: embedded blocks, averaged, two hidden layers, sigmoid."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pnas.predictors.neural.initializers import Floats, Weights, glorot
from pnas.predictors.neural.lstm import OUTPUT_BIAS, init_embeddings
from pnas.predictors.neural.prefix_scoring import prefix_levels, repeat_runs, table_product
from pnas.predictors.token_layout import TokenLayout
from pnas.state_space import ABSENT, Tokens


@dataclass(frozen=True)
class MLP:
    """Architecture: pure functions over weights.

    A block is the concatenation of its slots' embeddings, so the first layer of the averaged block
    is a sum of one (embedding, hidden) matrix a slot.

    Weights of one member: ``embed/<kind>`` (values, embedding), ``slots`` (slots, embedding,
    hidden), ``bias1`` (hidden,), ``kernel2`` (hidden, hidden), ``bias2`` (hidden,), ``out_kernel``
    (hidden, 1), ``out_bias`` (1,).

    Attributes:
        layout: TokenLayout of the tokens.
        embedding: Width of the embeddings.
        hidden: Number of units of each hidden layer.
    """

    layout: TokenLayout
    embedding: int
    hidden: int

    def init(self, seed: int) -> Weights:
        """Return fresh weights of one member, initialised like those of the LSTM."""
        slots = []
        for slot in range(len(self.layout.slot_kinds)):
            slots.append(glorot((self.embedding, self.hidden), seed, "slots", slot))
        weights = init_embeddings(self.layout, self.embedding, seed)
        weights["slots"] = np.stack(slots)
        weights["bias1"] = np.zeros(self.hidden, np.float32)
        weights["kernel2"] = glorot((self.hidden, self.hidden), seed, "kernel2")
        weights["bias2"] = np.zeros(self.hidden, np.float32)
        weights["out_kernel"] = glorot((self.hidden, 1), seed, "out_kernel")
        weights["out_bias"] = np.full(1, OUTPUT_BIAS, np.float32)
        return weights

    def inputs(self, tokens: Tokens) -> Floats:
        """Return how often each value of each slot occurs, a block: (n, values of all slots)."""
        sizes = {kind: len(values) for kind, values in self.layout.vocabulary}
        counts = []
        for slot, kind in enumerate(self.layout.slot_kinds):
            is_value = tokens[:, :, slot, None] == np.arange(sizes[kind])
            counts.append(is_value.sum(axis=1))
        per_block = np.concatenate(counts, axis=1) / number_of_blocks(tokens)[:, None]
        return per_block.astype(np.float32)

    def logits(self, weights: dict[str, Any], inputs: Any) -> Any:
        """TensorFlow forward pass of all members: (members, n, values) -> (members, n)."""
        import tensorflow as tf

        kernels = []
        for slot, kind in enumerate(self.layout.slot_kinds):
            kernels.append(weights[f"embed/{kind}"] @ weights["slots"][:, slot])
        kernel = tf.concat(kernels, axis=1)
        hidden = tf.nn.relu(inputs @ kernel + weights["bias1"][:, None])
        hidden = tf.nn.relu(hidden @ weights["kernel2"] + weights["bias2"][:, None])
        logits = hidden @ weights["out_kernel"] + weights["out_bias"][:, None]
        return logits[:, :, 0]

    def score(self, weights: Weights, tokens: Tokens) -> Floats:
        """Return the logits of one member for ``tokens``, (n,), in NumPy: one look-up a prefix."""
        tables = []
        for slot, kind in enumerate(self.layout.slot_kinds):
            table = table_product(weights[f"embed/{kind}"], weights["slots"][slot])
            tables.append(_with_absent_row(table))

        summed = np.zeros((1, self.hidden), np.float32)
        level = None
        for level in prefix_levels(tokens):
            summed = np.take(summed, level.parent, axis=0, mode="clip")
            summed += np.take(tables[level.slot], level.token, axis=0, mode="wrap")
        if level is not None:
            summed = repeat_runs(summed, level, len(tokens))
        return self._upper_layers(weights, summed / number_of_blocks(tokens)[:, None])

    def _upper_layers(self, weights: Weights, hidden: Floats) -> Floats:
        hidden += weights["bias1"]
        np.maximum(hidden, 0, out=hidden)
        hidden = hidden @ weights["kernel2"]
        hidden += weights["bias2"]
        np.maximum(hidden, 0, out=hidden)
        logits = hidden @ weights["out_kernel"] + weights["out_bias"]
        return logits[:, 0]


def _with_absent_row(table: Floats) -> Floats:
    """Return ``table`` with a row of zeros at its end, where the index ABSENT (-1) finds it."""
    return np.concatenate([table, np.zeros((1, table.shape[1]), np.float32)])


def number_of_blocks(tokens: Tokens) -> Floats:
    """Return the number of blocks of each cell, (n,); 1 for an empty one."""
    is_block = (tokens != ABSENT).any(axis=2)
    return np.maximum(is_block.sum(axis=1), 1).astype(np.float32)
