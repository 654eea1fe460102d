"""Batches of a long training as `tf.data`: gathered by index from memory, or read from the disk as they are needed."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pnas.data import Part
from pnas.seeds import derive_seed

Tensor = Any
EVALUATION_BATCH = 256


def steps_per_epoch(examples: int, batchsize: int) -> int:
    """Batches of one epoch; what fills no batch is left out of it."""
    return examples // batchsize


def training_batches(
    part: Part, num_classes: int, batchsize: int, seed: int, epochs: range, parts: int = 1
) -> tf.data.Dataset:
    """(images, one-hot labels) of all batches of ``epochs``, each epoch shuffled from ``seed`` and its number alone.

    Args:
        parts: equal parts that a batch is handed out in.
    """

    def orders() -> Iterator[NDArray[np.int64]]:
        steps = steps_per_epoch(len(part.labels), batchsize)
        for epoch in epochs:
            rng = np.random.default_rng(derive_seed(seed, "shuffle", epoch))
            order = rng.permutation(len(part.labels))[: steps * batchsize]
            yield from order.reshape(steps * parts, batchsize // parts)

    signature = tf.TensorSpec((batchsize // parts,), tf.int64)
    rows = tf.data.Dataset.from_generator(orders, output_signature=signature)
    return _gathered(rows, part, num_classes)


def evaluation_batches(part: Part, num_classes: int) -> tf.data.Dataset:
    """(images, one-hot labels) of every example once, in order; the last batch may be smaller."""
    rows = tf.data.Dataset.range(len(part.labels)).batch(EVALUATION_BATCH)
    return _gathered(rows, part, num_classes)


def _gathered(rows: tf.data.Dataset, part: Part, num_classes: int) -> tf.data.Dataset:
    take = _taker(part)
    labels = tf.constant(part.labels)

    def gather(indices: Tensor) -> tuple[Tensor, Tensor]:
        return take(indices), tf.one_hot(tf.gather(labels, indices), num_classes)

    # In order however many threads there are, so that the same seed means the same training.
    return rows.map(gather, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(2)


def _taker(part: Part) -> Callable[[Tensor], Tensor]:
    if part.is_in_memory:
        images = tf.constant(part.images)
        return lambda indices: tf.gather(images, indices)
    shape = part.images.shape[1:]

    def read(indices: Tensor) -> Tensor:
        batch = tf.numpy_function(lambda rows: part.images[rows], [indices], tf.float32)
        return tf.ensure_shape(batch, (indices.shape[0], *shape))

    return read
