"""Balanced accuracy as a Keras metric."""

from typing import Any

import keras

Tensor = Any


class BalancedAccuracy(keras.metrics.Metric):
    """Mean, over the classes that have examples, of the share of them that is recognised."""

    def __init__(self, num_classes: int, name: str = "balanced_accuracy") -> None:
        super().__init__(name=name)
        self._hits = self.add_weight(shape=(num_classes,), initializer="zeros", name="hits")
        self._examples = self.add_weight(shape=(num_classes,), initializer="zeros", name="examples")

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> None:
        """Add the examples of a batch.

        Args:
            y_true: Labels, (batch, classes): one-hot, or mixed, of which the largest share counts.
            y_pred: Logits, (batch, classes).
            sample_weight: Not read; every example counts alike within its class.
        """
        labels = keras.ops.argmax(y_true, axis=-1)
        predicted = keras.ops.argmax(y_pred, axis=-1)
        num_classes = self._hits.shape[0]
        one_hot = keras.ops.one_hot(labels, num_classes, dtype="float32")
        examples = keras.ops.sum(one_hot, axis=0)
        self._examples.assign_add(examples)

        is_hit = keras.ops.equal(labels, predicted)
        is_hit_column = keras.ops.cast(is_hit, "float32")[:, None]
        hits = keras.ops.sum(one_hot * is_hit_column, axis=0)
        self._hits.assign_add(hits)

    def result(self) -> Tensor:
        """Return the balanced accuracy of the examples so far."""
        is_present = keras.ops.cast(self._examples > 0, "float32")
        recalls = self._hits / keras.ops.maximum(self._examples, 1.0)
        return keras.ops.sum(recalls) / keras.ops.maximum(keras.ops.sum(is_present), 1.0)
