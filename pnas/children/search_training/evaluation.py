"""Loss and accuracy of a child on a whole data set, in a few calls of TensorFlow."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from pnas.children.class_balance import mean_recall
from pnas.children.search_training.classification import cross_entropies, hits
from pnas.children.search_training.flat_weights import FlatWeights

EVALUATION_BATCH = 512
"""Examples evaluated in one call: few calls, with activations no larger than those of training."""


class Evaluation(NamedTuple):
    """What a child does on a data set.

    Attributes:
        loss: Mean cross-entropy.
        accuracy: Share of the examples that are recognised.
        balanced_accuracy: Mean of that share over classes.
    """

    loss: float
    accuracy: float
    balanced_accuracy: float


def make_evaluation(
    weights: FlatWeights, x: tf.Tensor, y: tf.Tensor, batchsize: int = EVALUATION_BATCH
) -> Callable[[], Evaluation]:
    """Return a function that evaluates the weights on (x, y) as they are when it is called.

    Args:
        weights: Weights of the child.
        x: Images, (examples, height, width, channels).
        y: Class indices, (examples,).
        batchsize: Largest number of examples evaluated in one call.
    """
    batches = _equal_batches(len(y), batchsize)
    examples = np.bincount(y.numpy())

    @tf.function(autograph=False)
    def weighted_sums(indices: tf.Tensor, example_weights: tf.Tensor) -> tf.Tensor:
        images = tf.gather(x, indices)
        logits, _ = weights.call(images, training=False)
        labels = tf.gather(y, indices)
        losses = tf.reduce_sum(example_weights * cross_entropies(logits, labels))
        correct = example_weights * hits(logits, labels)
        correct_by_class = tf.math.unsorted_segment_sum(correct, labels, len(examples))
        return tf.concat([[losses], correct_by_class], axis=0)

    def evaluate() -> Evaluation:
        sums = tf.add_n([weighted_sums(*batch) for batch in batches])
        loss, *correct = sums.numpy().astype(np.float64)
        return Evaluation(
            loss=float(loss / len(y)),
            accuracy=float(np.sum(correct) / len(y)),
            balanced_accuracy=mean_recall(np.array(correct), examples),
        )

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
