"""Batches of a final training as `tf.data`, gathered from memory or read from disk as needed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pnas.data import Part
from pnas.errors import PnasError
from pnas.seeds import derive_seed

Tensor = Any
EVALUATION_BATCH = 256
"""Examples evaluated at once, where a batch is not trained in parts."""


def steps_per_epoch(examples: int, batchsize: int) -> int:
    """Return the number of whole batches of one epoch."""
    return examples // batchsize


def training_batches(
    part: Part, num_classes: int, batchsize: int, seed: int, epochs: range, microbatches: int = 1
) -> tf.data.Dataset:
    """Return (images, one-hot labels) of all batches of ``epochs``.

    The order of each epoch depends on ``seed`` and the number of the epoch alone.

    Args:
        part: Part of the data set to train on.
        num_classes: Number of classes.
        batchsize: Examples of a batch.
        seed: Seed of the training.
        epochs: Numbers of the epochs.
        microbatches: Equal parts that each batch is returned in.
    """
    examples = len(part.labels)
    steps = steps_per_epoch(examples, batchsize)
    microbatch = batchsize // microbatches

    def generate_rows() -> Iterator[NDArray[np.int64]]:
        for epoch in epochs:
            rng = np.random.default_rng(derive_seed(seed, "shuffle", epoch))
            order = rng.permutation(examples)[: steps * batchsize]
            yield from order.reshape(steps * microbatches, microbatch)

    signature = tf.TensorSpec((microbatch,), tf.int64)
    rows = tf.data.Dataset.from_generator(generate_rows, output_signature=signature)
    return _gather(rows, part, num_classes)


def evaluation_batches(part: Part, num_classes: int, microbatches: int = 1) -> tf.data.Dataset:
    """Return (images, one-hot labels) of every example once, in order.

    The last batch may be smaller than the others.

    Args:
        part: Part of the data set to evaluate.
        num_classes: Number of classes.
        microbatches: Equal parts that a batch is trained in. Where memory is short in training, it
            may be short for a larger batch in evaluation too.
    """
    size = max(1, EVALUATION_BATCH // microbatches)
    rows = tf.data.Dataset.range(len(part.labels)).batch(size)
    return _gather(rows, part, num_classes)


class _Reading:
    """What reading images last ended with."""

    error: PnasError | None = None


@contextmanager
def reading_errors() -> Iterator[None]:
    """Raise what reading images raises in this block as it is, and not as an error of TensorFlow.

    Raises:
        PnasError: An image cannot be read any more.
    """
    _Reading.error = None
    try:
        yield
    except tf.errors.OpError as error:
        if _Reading.error is None:
            raise
        raise _Reading.error from error


def _gather(rows: tf.data.Dataset, part: Part, num_classes: int) -> tf.data.Dataset:
    read_images = _image_reader(part)
    labels = tf.constant(part.labels)

    # Conversion writes a file for each function, which a killed training would leave behind.
    @tf.autograph.experimental.do_not_convert
    def gather(indices: Tensor) -> tuple[Tensor, Tensor]:
        one_hot = tf.one_hot(tf.gather(labels, indices), num_classes)
        return read_images(indices), one_hot

    # Deterministic however many threads there are: the same seed gives the same training.
    batches = rows.map(gather, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return batches.prefetch(2)


def _image_reader(part: Part) -> Callable[[Tensor], Tensor]:
    """Return a function from indices to images, inside a graph."""
    if part.is_in_memory:
        images = tf.constant(part.images)
        return lambda indices: tf.gather(images, indices)

    image_shape = part.images.shape[1:]

    def read_rows(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        try:
            batch: NDArray[np.float32] = part.images[rows]
        except PnasError as error:
            _Reading.error = error
            raise
        return batch

    def read(indices: Tensor) -> Tensor:
        batch = tf.numpy_function(read_rows, [indices], tf.float32)
        # A Python function loses the shape, which Keras needs.
        return tf.ensure_shape(batch, (indices.shape[0], *image_shape))

    return read
