"""The paper's LSTM predictor: tokens one by one, last state -> dense -> sigmoid."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.neural.initializers import (
    Floats,
    Weights,
    embedding_rows,
    glorot,
    orthogonal,
)
from pnas.predictors.neural.prefix_scoring import Level, prefix_levels, repeat_runs, table_product
from pnas.predictors.token_layout import TokenLayout
from pnas.state_space import ABSENT, Tokens

EMBEDDING_LIMIT = 0.1
OUTPUT_BIAS = 1.8

_SHUT = -1e9  # input of a gate at which its sigmoid is exactly 0
_ROWS_AT_A_TIME = 512  # their gates stay in the processor's cache


@dataclass(frozen=True)
class LSTM:
    """Architecture: pure functions over weights.

    Weights of one member, with gates in Keras's order (input, forget, new, output):
    ``embed/<kind>`` (values, embedding), ``kernel`` (embedding, 4 hidden), ``recurrent``
    (hidden, 4 hidden), ``bias`` (4 hidden,), ``out_kernel`` (hidden, 1), ``out_bias`` (1,).

    Attributes:
        layout: TokenLayout of the tokens.
        embedding: Width of the embeddings.
        hidden: Number of units of the state.
    """

    layout: TokenLayout
    embedding: int
    hidden: int

    def init(self, seed: int) -> Weights:
        """Return fresh weights of one member.

        Embeddings are uniform in [-0.1, 0.1], the bias of the forget gate is 1, that of the output
        1.8, as in the paper.
        """
        bias = np.zeros(4 * self.hidden, np.float32)
        bias[self.hidden : 2 * self.hidden] = 1.0
        weights = init_embeddings(self.layout, self.embedding, seed)
        weights["kernel"] = glorot((self.embedding, 4 * self.hidden), seed, "kernel")
        weights["recurrent"] = orthogonal(self.hidden, 4, seed, "recurrent")
        weights["bias"] = bias
        weights["out_kernel"] = glorot((self.hidden, 1), seed, "out_kernel")
        weights["out_bias"] = np.full(1, OUTPUT_BIAS, np.float32)
        return weights

    def inputs(self, tokens: Tokens) -> NDArray[np.int32]:
        """Return each cell as a sequence of rows of the joint vocabulary, (n, longest).

        Sequences end together: a shorter one begins with absent tokens.
        """
        sizes = [len(values) for _, values in self.layout.vocabulary]
        kinds = [kind for kind, _ in self.layout.vocabulary]
        offset = np.cumsum([0, *sizes])
        absent = offset[-1]
        slots = [kinds.index(kind) for kind in self.layout.slot_kinds[: tokens.shape[2]]]

        shifted = tokens.astype(np.int32) + offset[slots]
        flat = np.where(tokens == ABSENT, absent, shifted).reshape(len(tokens), -1)
        is_present = flat != absent
        order = np.argsort(is_present, axis=1, kind="stable")
        longest = max(int(is_present.sum(axis=1).max(initial=0)), 1)
        return np.take_along_axis(flat, order, axis=1)[:, -longest:].astype(np.int32)

    def logits(self, weights: dict[str, Any], inputs: Any) -> Any:
        """TensorFlow forward pass of all members: (members, n, longest) int32 -> (members, n)."""
        import tensorflow as tf

        # The small joint vocabulary is projected instead of every token. The input gate of an
        # absent token is shut, so that the state stays at zero until a sequence begins.
        kinds = [kind for kind, _ in self.layout.vocabulary]
        embedded = tf.concat([weights[f"embed/{kind}"] for kind in kinds], axis=1)
        members, values = embedded.shape[0], embedded.shape[1]
        shut = tf.fill((members, 1, self.hidden), _SHUT)
        absent = tf.pad(shut, [[0, 0], [0, 0], [0, 3 * self.hidden]])
        projected = embedded @ weights["kernel"]
        kernel = tf.concat([projected, absent, weights["recurrent"]], axis=1)
        steps = tf.one_hot(tf.transpose(inputs, (0, 2, 1)), values + 1)

        states = []
        for member in range(members):
            bias = weights["bias"][member]
            states.append(_last_state(steps[member], kernel[member], bias, self.hidden))
        logits = tf.stack(states) @ weights["out_kernel"] + weights["out_bias"][:, None]
        return logits[:, :, 0]

    def score(self, weights: Weights, tokens: Tokens) -> Floats:
        """Return the logits of one member for ``tokens``, (n,), in NumPy: one step a prefix."""
        kernel = _gate_planes(weights["kernel"])
        recurrent = _gate_planes(weights["recurrent"])
        bias = _gate_planes(weights["bias"])
        tables = {}
        for kind, _ in self.layout.vocabulary:
            tables[kind] = table_product(weights[f"embed/{kind}"], kernel) + bias[:, None]
        recurrent *= 0.5  # it meets a hidden state that is kept doubled

        zeros = np.zeros((1, self.hidden), np.float32)
        state = _State(doubled_h=zeros, c=zeros)
        level = None
        for level in prefix_levels(tokens):
            table = tables[self.layout.slot_kinds[level.slot]]
            state = _advance(state.doubled_h @ recurrent, state, table, level)

        logits = state.doubled_h @ (0.5 * weights["out_kernel"]) + weights["out_bias"]
        if level is None:
            return np.repeat(logits[:, 0], len(tokens))
        return repeat_runs(logits[:, 0], level, len(tokens))


def init_embeddings(layout: TokenLayout, width: int, seed: int) -> Weights:
    """Return one embedding for each kind of slot, with a row for each of its values."""
    weights = {}
    for kind, values in layout.vocabulary:
        rows = embedding_rows(values, width, EMBEDDING_LIMIT, seed, "embed", kind)
        weights[f"embed/{kind}"] = rows
    return weights


def _last_state(steps: Any, kernel: Any, bias: Any, hidden: int) -> Any:
    """Return the last hidden state (n, hidden) after ``steps`` (time, n, inputs).

    One fused TensorFlow kernel computes all steps.
    """
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


# -- scoring in NumPy ------------------------------------------------------------------------------


class _State(NamedTuple):
    """States after the tokens of a level, (runs, hidden) each; the hidden one is doubled."""

    doubled_h: Floats
    c: Floats


def _gate_planes(array: Floats) -> Floats:
    """Return (..., 4 hidden) as contiguous planes (4, ..., hidden): input, forget, output, new.

    Planes of sigmoid gates are halved: ``sigmoid(z) = (1 + tanh(z / 2)) / 2`` makes all gates one
    call of tanh.
    """
    i, f, new, o = np.split(array, 4, axis=-1)
    planes = np.stack([i, f, o, new])
    planes[:3] *= 0.5
    return planes


def _advance(gates: Floats, state: _State, table: Floats, level: Level) -> _State:
    """Return the states after the tokens of ``level``.

    Args:
        gates: Recurrent products of the states one token before, (4, runs before, hidden).
        state: Those states.
        table: Input products of the vocabulary, (4, values, hidden).
        level: The next token of each run.
    """
    runs = len(level.token)
    hidden = state.c.shape[1]
    new_h = np.empty((runs, hidden), np.float32)
    new_c = np.empty((runs, hidden), np.float32)
    for first in range(0, runs, _ROWS_AT_A_TIME):
        rows = slice(first, first + _ROWS_AT_A_TIME)
        _step(
            gates,
            state.c,
            table,
            parent=level.parent[rows],
            token=level.token[rows],
            new_h=new_h[rows],
            new_c=new_c[rows],
        )

    absent = level.token == ABSENT
    if absent.any():
        parents = level.parent[absent]
        new_h[absent] = state.doubled_h[parents]
        new_c[absent] = state.c[parents]
    return _State(new_h, new_c)


def _step(
    gates: Floats,
    c: Floats,
    table: Floats,
    *,
    parent: NDArray[np.intp],
    token: NDArray[np.int16],
    new_h: Floats,
    new_c: Floats,
) -> None:
    """Compute one LSTM step of some runs into ``new_h`` (doubled) and ``new_c``.

    Few calls on arrays that fit the cache; `numpy.take`, unlike indexing, lets other threads run.
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
