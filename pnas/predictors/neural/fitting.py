"""Fitting neural predictors: all members of an ensemble in one batched TensorFlow program.

A step is a pure function of flat weights, traced once per architecture and then shared by every
stage and every fit in the process.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.neural.initializers import Floats, Weights
from pnas.predictors.token_layout import Layout
from pnas.state_space import Tokens

_BETA1 = 0.9
_BETA2 = 0.999
_EPSILON = 1e-7

Shapes = tuple[tuple[str, tuple[int, ...]], ...]


class Architecture(Protocol):
    """A neural predictor as pure functions over weights (`LSTM`, `MLP`); equal ones are interchangeable."""

    @property
    def layout(self) -> Layout: ...

    def __hash__(self) -> int: ...

    def init(self, seed: int) -> Weights:
        """Fresh weights of one member."""

    def inputs(self, tokens: Tokens) -> NDArray[Any]:
        """What `logits` reads of each cell: (n, b, slots) -> (n, features); features may depend on the longest."""

    def logits(self, weights: dict[str, Any], inputs: Any) -> Any:
        """TensorFlow: weights with a member axis, (members, n, features) -> (members, n)."""

    def score(self, weights: Weights, tokens: Tokens) -> Floats:
        """NumPy: weights of one member, (n, b, slots) -> (n,) logits."""


class Recipe(NamedTuple):
    """How to fit."""

    loss: str
    learning_rate: float
    steps: int
    batchsize: int


def train(
    architecture: Architecture,
    weights: Weights,
    tokens: Tokens,
    rewards: Floats,
    subsets: list[NDArray[np.intp]],
    recipe: Recipe,
    seed: int,
) -> tuple[Weights, list[float]]:
    """Minimise ``recipe.loss`` with Adam, each member on its own subset of the rows.

    Args:
        weights: with a leading member axis.
        tokens: (n, b, slots).
        rewards: (n,) in [0, 1].
        subsets: rows of each member.
        seed: of the order of batches.

    Returns:
        The trained weights, and the loss of each epoch (a pass over the data, or one step if that is more),
        averaged over its steps and the members.
    """
    import tensorflow as tf

    shapes = tuple((name, array.shape[1:]) for name, array in sorted(weights.items()))
    inputs = architecture.inputs(tokens)
    step = _traced_step(architecture, shapes, len(subsets), inputs.dtype.name, recipe.loss)
    flat = tf.constant(_flatten(weights))
    state = (flat, tf.zeros_like(flat), tf.zeros_like(flat), tf.constant(0.0))
    rate = tf.constant(recipe.learning_rate, tf.float32)
    losses = []
    smallest = min(map(len, subsets))
    for rows in _batches(subsets, min(recipe.batchsize, smallest), recipe.steps, seed):
        *state, loss = step(*state, rate, inputs[rows], rewards[rows])
        losses.append(loss)
    return _unflatten(state[0].numpy(), shapes), _per_epoch(
        losses, -(-smallest // recipe.batchsize)
    )


def _batches(
    subsets: list[NDArray[np.intp]], batchsize: int, steps: int, seed: int
) -> list[NDArray[np.intp]]:
    """Rows (members, batchsize) of each step: every member passes over its subset, in a new order each time."""
    rng = np.random.default_rng(seed)
    streams = []
    for subset in subsets:
        passes = -(-steps * batchsize // len(subset))
        streams.append(
            np.concatenate([rng.permutation(subset) for _ in range(passes)])[: steps * batchsize]
        )
    return np.split(np.stack(streams), steps, axis=1)


def _per_epoch(losses: list[Any], steps: int) -> list[float]:
    values = np.array([float(loss) for loss in losses])
    return [float(values[first : first + steps].mean()) for first in range(0, len(values), steps)]


@lru_cache(maxsize=16)
def _traced_step(
    architecture: Architecture, shapes: Shapes, members: int, dtype: str, loss: str
) -> Callable[..., Any]:
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
        moved = _adam(flat, tape.gradient(objective, flat), mean, square, count + 1, rate)
        return *moved, count + 1, objective / members

    size = sum(int(np.prod(shape)) for _, shape in shapes)
    return tf.function(step, autograph=False).get_concrete_function(
        *[tf.TensorSpec((members, size))] * 3,
        *[tf.TensorSpec(())] * 2,
        tf.TensorSpec((members, None, None), dtype),
        tf.TensorSpec((members, None)),
    )


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
    lost = tf.nn.softplus(logits[:, None] - logits[:, :, None]) * is_better
    return tf.reduce_sum(lost, axis=(1, 2)) / tf.maximum(tf.reduce_sum(is_better, axis=(1, 2)), 1)


_LOSSES = {"l1": _l1, "mse": _mse, "ranking": _ranking}


def _adam(
    flat: Any, gradient: Any, mean: Any, square: Any, count: Any, rate: Any
) -> tuple[Any, Any, Any]:
    mean = _BETA1 * mean + (1 - _BETA1) * gradient
    square = _BETA2 * square + (1 - _BETA2) * gradient * gradient
    scale = rate * (1 - _BETA2**count) ** 0.5 / (1 - _BETA1**count)
    return flat - scale * mean / (square**0.5 + _EPSILON), mean, square


def _flatten(weights: Weights) -> Floats:
    return np.concatenate(
        [array.reshape(len(array), -1) for _, array in sorted(weights.items())], axis=1
    )


def _unflatten(flat: Floats, shapes: Shapes) -> Weights:
    ends = np.cumsum([int(np.prod(shape)) for _, shape in shapes])
    parts = np.split(flat, ends[:-1], axis=1)
    return {
        name: part.reshape(len(flat), *shape).copy()
        for (name, shape), part in zip(shapes, parts, strict=True)
    }


def _tf_unflatten(flat: Any, shapes: Shapes) -> dict[str, Any]:
    import tensorflow as tf

    parts = tf.split(flat, [int(np.prod(shape)) for _, shape in shapes], axis=1)
    return {
        name: tf.reshape(part, (flat.shape[0], *shape))
        for (name, shape), part in zip(shapes, parts, strict=True)
    }
