"""Loss and accuracy of a child on a whole data set, in a few calls of TensorFlow."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from pnas.children.search_training.classification import cross_entropies, hits
from pnas.children.search_training.flat_weights import FlatWeights

EVALUATION_BATCH = 512
"""Examples evaluated in one call: few calls, with activations no larger than those of training."""


def make_evaluation(
    weights: FlatWeights, x: tf.Tensor, y: tf.Tensor, batchsize: int = EVALUATION_BATCH
) -> Callable[[], tuple[float, float]]:
    """Return a function that evaluates the weights as they are when it is called.

    It returns the mean loss and the accuracy on (x, y).

    Args:
        weights: Weights of the child.
        x: Images, (examples, height, width, channels).
        y: Class indices, (examples,).
        batchsize: Largest number of examples evaluated in one call.
    """
    batches = _equal_batches(len(y), batchsize)

    @tf.function(autograph=False)
    def weighted_sums(indices: tf.Tensor, example_weights: tf.Tensor) -> tf.Tensor:
        images = tf.gather(x, indices)
        logits, _ = weights.call(images, training=False)
        labels = tf.gather(y, indices)
        losses = tf.reduce_sum(example_weights * cross_entropies(logits, labels))
        correct = tf.reduce_sum(example_weights * hits(logits, labels))
        return tf.stack([losses, correct])

    def evaluate() -> tuple[float, float]:
        sums = tf.add_n([weighted_sums(*batch) for batch in batches])
        loss, accuracy = sums.numpy().astype(np.float64) / len(y)
        return float(loss), float(accuracy)

    return evaluate


def _equal_batches(examples: int, batchsize: int) -> list[tuple[tf.Tensor, tf.Tensor]]:
    """Return batches of equal size, so that one graph serves them all.

    Each is (indices, weights of the examples). The last batch is filled up with examples whose
    weight is 0; the weight of all others is 1.
    """
    calls = -(-examples // batchsize)
    size = -(-examples // calls)
    batches = []
    for call in range(calls):
        indices = np.arange(call * size, (call + 1) * size, dtype=np.int32)
        example_weights = (indices < examples).astype(np.float32)
        batches.append((tf.constant(indices % examples), tf.constant(example_weights)))
    return batches
