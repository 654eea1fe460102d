"""Loss and accuracy of class logits, example by example."""

import tensorflow as tf


def cross_entropies(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Return the cross-entropy of each example, (batch,).

    Args:
        logits: Class logits, (batch, classes).
        labels: Class indices, (batch,).
    """
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)


def hits(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Return 1.0 for each example whose largest logit is that of its label, else 0.0, (batch,)."""
    predicted = tf.argmax(logits, -1, tf.int32)
    return tf.cast(tf.equal(predicted, labels), tf.float32)
