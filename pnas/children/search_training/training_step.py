"""One training step of a child as a traced function, and many such steps in one call."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from pnas.children.search_training.classification import cross_entropies, hits
from pnas.children.search_training.flat_weights import FlatWeights
from pnas.data import Dataset

Step = Callable[[Any, Any], Any]
Augmentation = Callable[[Any], Any]


class DeviceData(NamedTuple):
    """What a child is trained and validated on, as tensors on its device.

    Attributes:
        x_train: Images to train on, (examples, height, width, channels).
        y_train: Their class indices, (examples,).
        x_val: Images to validate on.
        y_val: Their class indices.
    """

    x_train: tf.Tensor
    y_train: tf.Tensor
    x_val: tf.Tensor
    y_val: tf.Tensor


def to_device(dataset: Dataset) -> DeviceData:
    """Put the training and validation parts on the device, once for all children."""
    return DeviceData(
        x_train=tf.constant(dataset.x_train),
        y_train=tf.constant(dataset.y_train),
        x_val=tf.constant(dataset.x_val),
        y_val=tf.constant(dataset.y_val),
    )


def make_step(
    weights: FlatWeights,
    data: DeviceData,
    optimizer: keras.optimizers.Optimizer,
    jit_compile: bool = False,
    microbatches: int = 1,
    augment: Augmentation | None = None,
    class_weights: tf.Tensor | None = None,
) -> Step:
    """Return a traced ``step(indices, learning_rate) -> [mean loss, accuracy]`` of one batch.

    Args:
        weights: Weights of the child, changed by each step.
        data: What the indices refer to.
        optimizer: Changes the weights.
        jit_compile: Whether XLA compiles the step.
        microbatches: Equal parts of the batch whose gradients are added up before the weights
            change. The step is that of the whole batch, except for batch normalization, which
            sees one microbatch at a time.
        augment: Changes images at random before they are trained on.
        class_weights: Weight of an example in the loss by its class, (classes,); None means 1.
    """
    optimizer.build([weights.trainable])
    inner_optimizer = getattr(optimizer, "inner_optimizer", optimizer)

    def gradient_of(indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        x = tf.gather(data.x_train, indices)
        y = tf.gather(data.y_train, indices)
        if augment is not None:
            x = augment(x)
        with tf.GradientTape() as tape:
            logits, state = weights.call(x, training=True)
            losses = cross_entropies(logits, y)
            if class_weights is not None:
                losses = losses * tf.gather(class_weights, y)
            loss = tf.reduce_mean(losses)
            scaled_loss = optimizer.scale_loss(loss)
        gradient = tape.gradient(scaled_loss, weights.trainable.value)
        weights.state.assign(state)
        accuracy = tf.reduce_mean(hits(logits, y))
        return gradient, tf.stack([loss, accuracy])

    def apply(gradient: tf.Tensor, learning_rate: tf.Tensor) -> None:
        inner_optimizer.learning_rate.assign(learning_rate)
        optimizer.apply([gradient], [weights.trainable])

    if microbatches == 1:
        return _whole_step(gradient_of, apply, jit_compile)
    return _accumulated_step(gradient_of, apply, microbatches)


def _whole_step(
    gradient_of: Callable[..., Any], apply: Callable[..., None], jit_compile: bool
) -> Step:
    @tf.function(autograph=False, jit_compile=jit_compile)
    def step(indices: tf.Tensor, learning_rate: tf.Tensor) -> tf.Tensor:
        gradient, metrics = gradient_of(indices)
        apply(gradient, learning_rate)
        return metrics

    return step


def _accumulated_step(
    gradient_of: Callable[..., Any], apply: Callable[..., None], microbatches: int
) -> Step:
    # One call for each microbatch: inside one graph, TensorFlow would be free to keep the
    # activations of all of them in memory at the same time.
    gradient_of_part = tf.function(gradient_of, autograph=False)
    finish = tf.function(apply, autograph=False)

    def step(indices: tf.Tensor, learning_rate: tf.Tensor) -> tf.Tensor:
        gradient = tf.zeros(())
        metrics = tf.zeros(())
        for part in tf.split(indices, microbatches):
            part_gradient, part_metrics = gradient_of_part(part)
            gradient = gradient + part_gradient
            metrics = metrics + part_metrics
        finish(gradient / microbatches, learning_rate)
        return metrics / microbatches

    return step


def in_one_call(step: Step) -> Step:
    """Return ``step`` over several batches, in one call of TensorFlow.

    It takes indices (steps, batchsize) and learning rates (steps,) and returns the sum of the
    metrics of the steps.
    """

    @tf.function(autograph=False)
    def steps(batches: tf.Tensor, rates: tf.Tensor) -> tf.Tensor:
        def is_unfinished(i: tf.Tensor, total: tf.Tensor) -> tf.Tensor:
            del total
            return i < rates.shape[0]

        def take_step(i: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return i + 1, total + step(batches[i], rates[i])

        start = (0, tf.zeros(2))
        _, total = tf.while_loop(is_unfinished, take_step, start, parallel_iterations=1)
        return total

    return steps


def step_by_step(step: Step) -> Step:
    """As `in_one_call`, for a ``step`` that must not become one graph."""

    def steps(batches: tf.Tensor, rates: tf.Tensor) -> tf.Tensor:
        metrics = [step(batches[i], rates[i]) for i in range(rates.shape[0])]
        return tf.add_n(metrics)

    return steps
