"""The paper's LSTM predictor: tokens one by one, last state -> dense -> sigmoid."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.neural.initializers import Floats, Weights, glorot, orthogonal, rows
from pnas.predictors.neural.prefix_scoring import Level, levels, spread
from pnas.predictors.token_layout import Layout
from pnas.state_space import ABSENT, Tokens

EMBEDDING_LIMIT = 0.1
OUTPUT_BIAS = 1.8
_SHUT = -1e9  # a gate's input at which its sigmoid is exactly 0
_BLOCK_ROWS = 512  # the gates of a block of rows stay in the CPU's cache


@dataclass(frozen=True)
class LSTM:
    """Architecture: pure functions over weights.

    Weights of one member (gates in Keras's order: input, forget, new, output):
        ``embed/<kind>`` (values, embedding), ``kernel`` (embedding, 4 hidden), ``recurrent`` (hidden, 4 hidden),
        ``bias`` (4 hidden,), ``out_kernel`` (hidden, 1), ``out_bias`` (1,).
    """

    layout: Layout
    embedding: int
    hidden: int

    def init(self, seed: int) -> Weights:
        """Fresh weights of one member: embeddings uniform in [-0.1, 0.1], forget bias 1, output bias 1.8."""
        bias = np.zeros(4 * self.hidden, np.float32)
        bias[self.hidden : 2 * self.hidden] = 1.0
        return {
            **embeddings(self.layout, self.embedding, seed),
            "kernel": glorot((self.embedding, 4 * self.hidden), seed, "kernel"),
            "recurrent": orthogonal(self.hidden, 4, seed, "recurrent"),
            "bias": bias,
            "out_kernel": glorot((self.hidden, 1), seed, "out_kernel"),
            "out_bias": np.full(1, OUTPUT_BIAS, np.float32),
        }

    def inputs(self, tokens: Tokens) -> NDArray[np.int32]:
        """Each cell as one sequence of rows of the joint vocabulary, (n, longest), begun by absent tokens."""
        sizes = [len(values) for _, values in self.layout.vocabulary]
        kinds = [kind for kind, _ in self.layout.vocabulary]
        offset = np.cumsum([0, *sizes])
        shifted = (
            tokens.astype(np.int32)
            + offset[[kinds.index(k) for k in self.layout.slot_kinds[: tokens.shape[2]]]]
        )
        flat = np.where(tokens == ABSENT, offset[-1], shifted).reshape(len(tokens), -1)
        is_present = flat != offset[-1]
        order = np.argsort(is_present, axis=1, kind="stable")
        longest = max(int(is_present.sum(axis=1).max(initial=0)), 1)
        return np.take_along_axis(flat, order, axis=1)[:, -longest:].astype(np.int32)

    def logits(self, weights: dict[str, Any], inputs: Any) -> Any:
        """TensorFlow forward pass of all members: (members, n, longest) int32 -> (members, n)."""
        import tensorflow as tf

        # Project the small joint vocabulary instead of every token. An absent token's input gate is shut: the
        # state stays at zero until a sequence begins.
        embedded = tf.concat(
            [weights[f"embed/{kind}"] for kind, _ in self.layout.vocabulary], axis=1
        )
        shut = tf.fill((embedded.shape[0], 1, self.hidden), _SHUT)
        absent = tf.pad(shut, [[0, 0], [0, 0], [0, 3 * self.hidden]])
        kernel = tf.concat([embedded @ weights["kernel"], absent, weights["recurrent"]], axis=1)
        steps = tf.one_hot(tf.transpose(inputs, (0, 2, 1)), embedded.shape[1] + 1)
        last = [
            _fused_lstm(steps[m], kernel[m], weights["bias"][m], self.hidden)
            for m in range(embedded.shape[0])
        ]
        return (tf.stack(last) @ weights["out_kernel"] + weights["out_bias"][:, None])[:, :, 0]

    def score(self, weights: Weights, tokens: Tokens) -> Floats:
        """Logits of one member for ``tokens`` (n, b, slots), in NumPy: one LSTM step per distinct prefix."""
        kernel, recurrent, bias = (
            _gate_planes(weights[name]) for name in ("kernel", "recurrent", "bias")
        )
        tables = {
            kind: weights[f"embed/{kind}"] @ kernel + bias[:, None]
            for kind, _ in self.layout.vocabulary
        }
        recurrent *= 0.5  # of a state that is kept doubled
        doubled_h = c = np.zeros((1, self.hidden), np.float32)
        level = None
        for level in levels(tokens):
            table = tables[self.layout.slot_kinds[level.slot]]
            doubled_h, c = _advance(doubled_h @ recurrent, doubled_h, c, table, level)
        logits = (doubled_h @ (0.5 * weights["out_kernel"]) + weights["out_bias"])[:, 0]
        return (
            np.repeat(logits, len(tokens)) if level is None else spread(logits, level, len(tokens))
        )


def embeddings(layout: Layout, width: int, seed: int) -> Weights:
    """One embedding per kind of slot, rows named by their values."""
    return {
        f"embed/{kind}": rows(values, width, EMBEDDING_LIMIT, seed, "embed", kind)
        for kind, values in layout.vocabulary
    }


def _fused_lstm(steps: Any, kernel: Any, bias: Any, hidden: int) -> Any:
    """Last state (n, hidden) after ``steps`` (time, n, inputs): one fused kernel, whatever the time."""
    import tensorflow as tf

    state = tf.zeros((tf.shape(steps)[1], hidden))
    no_peephole = tf.zeros(hidden)
    return tf.raw_ops.BlockLSTMV2(
        seq_len_max=tf.shape(steps, tf.int64)[0],
        x=steps,
        cs_prev=state,
        h_prev=state,
        w=kernel,
        wci=no_peephole,
        wcf=no_peephole,
        wco=no_peephole,
        b=bias,
        cell_clip=0.0,
        use_peephole=False,
    ).h[-1]


def _gate_planes(array: Floats) -> Floats:
    """(..., 4 hidden) as contiguous planes (4, ..., hidden): input, forget, output, new.

    Sigmoids are halved: sigmoid(z) = (1 + tanh(z / 2)) / 2 makes all gates one call of tanh.
    """
    i, f, new, o = np.split(array, 4, axis=-1)
    planes = np.stack([i, f, o, new])
    planes[:3] *= 0.5
    return planes


def _advance(
    gates: Floats, doubled_h: Floats, c: Floats, table: Floats, level: Level
) -> tuple[Floats, Floats]:
    """States (runs, hidden) after the tokens of ``level``, the hidden one doubled.

    Args:
        gates: recurrent products of the states one token before, (4, runs before, hidden).
        doubled_h, c: those states, (runs before, hidden).
        table: input products of the vocabulary, (4, values, hidden).
    """
    runs = len(level.token)
    hidden = c.shape[1]
    new_h = np.empty((runs, hidden), np.float32)
    new_c = np.empty((runs, hidden), np.float32)
    for first in range(0, runs, _BLOCK_ROWS):
        block = slice(first, first + _BLOCK_ROWS)
        _step(gates, c, table, level.parent[block], level.token[block], new_h[block], new_c[block])
    absent = level.token == ABSENT
    if absent.any():
        new_h[absent], new_c[absent] = doubled_h[level.parent[absent]], c[level.parent[absent]]
    return new_h, new_c


def _step(
    gates: Floats,
    c: Floats,
    table: Floats,
    parent: NDArray[np.intp],
    token: NDArray[np.int16],
    new_h: Floats,
    new_c: Floats,
) -> None:
    """One LSTM step of a block of runs, into ``new_h`` (doubled) and ``new_c``.

    Few calls on arrays that fit the cache; `numpy.take`, unlike indexing, lets other threads run meanwhile.
    """
    squashed = np.take(gates, parent, axis=1, mode="clip")
    squashed += np.take(table, token, axis=1, mode="clip")
    np.tanh(squashed, out=squashed)
    squashed[:3] += 1  # twice the sigmoids
    i, f, o, new = squashed
    np.take(c, parent, axis=0, out=new_c, mode="clip")
    new_c *= f
    i *= new
    new_c += i
    new_c *= 0.5
    np.tanh(new_c, out=new_h)
    new_h *= o
