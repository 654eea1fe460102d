"""Fitting neural predictors: all members of an ensemble in one batched TensorFlow program.

A step is a pure function of flat weights. It is traced once for an architecture and then shared by
every stage and every fit in the process.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.neural.initializers import Floats, Weights
from pnas.predictors.token_layout import TokenLayout
from pnas.state_space import Tokens
from pnas.system.quiet_tensorflow import start_tensorflow

# Adam (Kingma and Ba, arXiv 1412.6980) with Keras's constants.
_BETA1 = 0.9
_BETA2 = 0.999
_EPSILON = 1e-7

Shapes = tuple[tuple[str, tuple[int, ...]], ...]
"""Name and shape of each weight of one member, by name."""


class Architecture(Protocol):
    """A neural predictor as pure functions over weights (`LSTM`, `MLP`)."""

    @property
    def layout(self) -> TokenLayout: ...

    def __hash__(self) -> int: ...

    def init(self, seed: int) -> Weights:
        """Return fresh weights of one member."""

    def inputs(self, tokens: Tokens) -> NDArray[Any]:
        """Return what `logits` reads of each cell: (n, blocks, slots) -> (n, features).

        The number of features may depend on the longest cell.
        """

    def logits(self, weights: dict[str, Any], inputs: Any) -> Any:
        """TensorFlow: weights with a member axis, (members, n, features) -> (members, n)."""

    def score(self, weights: Weights, tokens: Tokens) -> Floats:
        """NumPy: weights of one member, (n, blocks, slots) -> logits (n,)."""


class FitSettings(NamedTuple):
    """How to fit.

    Attributes:
        loss: ``l1``, ``mse`` or ``ranking``.
        learning_rate: Learning rate of Adam.
        steps: Number of gradient steps.
        batchsize: Number of cells of one step.
    """

    loss: str
    learning_rate: float
    steps: int
    batchsize: int


def fit_members(
    architecture: Architecture,
    weights: Weights,
    *,
    tokens: Tokens,
    rewards: Floats,
    subsets: list[NDArray[np.intp]],
    settings: FitSettings,
    seed: int,
) -> tuple[Weights, list[float]]:
    """Minimise the loss with Adam, each member on its own subset of the rows.

    Args:
        architecture: The forward pass.
        weights: Weights to start from, with a leading member axis.
        tokens: Cells, (n, blocks, slots).
        rewards: Rewards in [0, 1], (n,).
        subsets: Rows of each member.
        settings: How to fit.
        seed: Seed of the order of batches.

    Returns:
        The fitted weights, and the loss of each epoch (a pass over the data, or one step if that is
        more), averaged over its steps and the members.
    """
    start_tensorflow()
    import tensorflow as tf

    shapes = tuple((name, array.shape[1:]) for name, array in sorted(weights.items()))
    inputs = architecture.inputs(tokens)
    step = _traced_step(architecture, shapes, len(subsets), inputs.dtype.name, settings.loss)
    flat = tf.constant(_flatten(weights))
    state = (flat, tf.zeros_like(flat), tf.zeros_like(flat), tf.constant(0.0))
    rate = tf.constant(settings.learning_rate, tf.float32)

    smallest = min(len(subset) for subset in subsets)
    batchsize = min(settings.batchsize, smallest)
    losses = []
    for rows in _batches(subsets, batchsize, settings.steps, seed):
        *state, loss = step(*state, rate, inputs[rows], rewards[rows])
        losses.append(loss)
    steps_per_epoch = -(-smallest // settings.batchsize)
    return _unflatten(state[0].numpy(), shapes), _epoch_means(losses, steps_per_epoch)


def _batches(
    subsets: list[NDArray[np.intp]], batchsize: int, steps: int, seed: int
) -> list[NDArray[np.intp]]:
    """Return the rows of each step, (members, batchsize).

    Every member passes over its subset again and again, in a new order each time.
    """
    rng = np.random.default_rng(seed)
    streams = []
    for subset in subsets:
        passes = -(-steps * batchsize // len(subset))
        orders = [rng.permutation(subset) for _ in range(passes)]
        streams.append(np.concatenate(orders)[: steps * batchsize])
    return np.split(np.stack(streams), steps, axis=1)


def _epoch_means(losses: list[Any], steps: int) -> list[float]:
    values = np.array([float(loss) for loss in losses])
    starts = range(0, len(values), steps)
    return [float(values[first : first + steps].mean()) for first in starts]


@lru_cache(maxsize=16)
def _traced_step(
    architecture: Architecture, shapes: Shapes, members: int, dtype: str, loss: str
) -> Callable[..., Any]:
    """Return one step of Adam as a TensorFlow graph."""
    import tensorflow as tf

    def step(
        flat: Any, mean: Any, square: Any, count: Any, rate: Any, inputs: Any, rewards: Any
    ) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(flat)
            logits = architecture.logits(_tf_unflatten(flat, shapes), inputs)
            # Members are independent: the sum of their losses trains each on its own.
            member_losses = _LOSSES[loss](logits, rewards)
            objective = tf.reduce_sum(member_losses)
        gradient = tape.gradient(objective, flat)
        moved = _adam(flat, gradient, mean, square, count + 1, rate)
        return *moved, count + 1, objective / members

    size = sum(int(np.prod(shape)) for _, shape in shapes)
    return tf.function(step, autograph=False).get_concrete_function(
        *[tf.TensorSpec((members, size))] * 3,
        *[tf.TensorSpec(())] * 2,
        tf.TensorSpec((members, None, None), dtype),
        tf.TensorSpec((members, None)),
    )


# -- losses ----------------------------------------------------------------------------------------


def _l1(logits: Any, rewards: Any) -> Any:
    import tensorflow as tf

    return tf.reduce_mean(tf.abs(tf.sigmoid(logits) - rewards), axis=1)


def _mse(logits: Any, rewards: Any) -> Any:
    import tensorflow as tf

    return tf.reduce_mean(tf.square(tf.sigmoid(logits) - rewards), axis=1)


def _ranking(logits: Any, rewards: Any) -> Any:
    """Logistic loss of the order of each pair in a batch (RankNet: Burges et al., ICML 2005)."""
    import tensorflow as tf

    is_better = tf.cast(rewards[:, :, None] > rewards[:, None], tf.float32)
    losses = tf.nn.softplus(logits[:, None] - logits[:, :, None]) * is_better
    pairs = tf.maximum(tf.reduce_sum(is_better, axis=(1, 2)), 1)
    return tf.reduce_sum(losses, axis=(1, 2)) / pairs


_LOSSES = {"l1": _l1, "mse": _mse, "ranking": _ranking}


# -- flat weights ----------------------------------------------------------------------------------


def _adam(
    flat: Any, gradient: Any, mean: Any, square: Any, count: Any, rate: Any
) -> tuple[Any, Any, Any]:
    mean = _BETA1 * mean + (1 - _BETA1) * gradient
    square = _BETA2 * square + (1 - _BETA2) * gradient * gradient
    scale = rate * (1 - _BETA2**count) ** 0.5 / (1 - _BETA1**count)
    return flat - scale * mean / (square**0.5 + _EPSILON), mean, square


def _flatten(weights: Weights) -> Floats:
    rows = [array.reshape(len(array), -1) for _, array in sorted(weights.items())]
    return np.concatenate(rows, axis=1)


def _unflatten(flat: Floats, shapes: Shapes) -> Weights:
    ends = np.cumsum([int(np.prod(shape)) for _, shape in shapes])
    parts = np.split(flat, ends[:-1], axis=1)
    weights = {}
    for (name, shape), part in zip(shapes, parts, strict=True):
        weights[name] = part.reshape(len(flat), *shape).copy()
    return weights


def _tf_unflatten(flat: Any, shapes: Shapes) -> dict[str, Any]:
    import tensorflow as tf

    parts = tf.split(flat, [int(np.prod(shape)) for _, shape in shapes], axis=1)
    weights = {}
    for (name, shape), part in zip(shapes, parts, strict=True):
        weights[name] = tf.reshape(part, (flat.shape[0], *shape))
    return weights
