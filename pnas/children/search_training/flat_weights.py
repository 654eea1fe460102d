"""All weights of a model in two vectors: a step reads and updates two variables instead of hundreds."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Tensor = Any  # tf.Tensor
Arrays = list[NDArray[np.float32]]


class FlatWeights:
    """The weights of a model while it is trained; the model's own are neither used nor changed.

    Reading, differentiating and updating a variable costs about five operations, each of which is traced once
    and run at every step; for a vector, a split and a concatenation do it for all weights. Optimizers that
    treat every number by itself give the same result on the vector.

    Attributes:
        trainable: what gradients change, in the order of ``model.trainable_variables``.
        state: what the forward pass changes in training (moving statistics).
    """

    def __init__(self, model: keras.Model) -> None:
        """Start from the weights of ``model``, or what its initializers draw if it has no variables yet."""
        self._model = model
        self.trainable = _joined(model.trainable_variables, "trainable")
        self.state = _joined(model.non_trainable_variables, "state")

    def call(self, x: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        """Logits of ``x``, and ``state`` as this call leaves it. Gradients flow to ``trainable``."""
        trainable, state = self._parts()
        # A model without variables would make them now, inside the graph, and TensorFlow trace it a second time.
        with keras.StatelessScope(initialize_variables=False):
            logits, new_state = self._model.stateless_call(trainable, state, x, training=training)
        return logits, tf.concat(new_state, axis=0)

    def arrays(self) -> tuple[Arrays, Arrays]:
        """Trainable weights and state, in the order of the model's variables."""
        trainable, state = self._parts()
        return [part.numpy() for part in trainable], [part.numpy() for part in state]

    def _parts(self) -> tuple[list[Tensor], list[Tensor]]:
        model = self._model
        trainable = _parts(self.trainable.value, model.trainable_variables)
        return trainable, _parts(self.state.value, model.non_trainable_variables)


def _joined(variables: Sequence[keras.Variable], name: str) -> keras.Variable:
    arrays = [np.ravel(keras.ops.convert_to_numpy(variable.value)) for variable in variables]
    return keras.Variable(np.concatenate(arrays), dtype="float32", name=name)


def _parts(vector: Tensor, variables: Sequence[keras.Variable]) -> list[Tensor]:
    shapes = [tuple(variable.shape) for variable in variables]
    parts = tf.split(vector, [math.prod(shape) for shape in shapes])
    return [
        part if len(shape) == 1 else tf.reshape(part, shape)
        for part, shape in zip(parts, shapes, strict=True)
    ]
