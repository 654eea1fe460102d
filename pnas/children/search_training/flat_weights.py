"""All weights of a model in two vectors: a step reads and updates two variables, not hundreds."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pnas.children.search_training.reshaping import reshape

Tensor = Any
"""A tf.Tensor."""

Arrays = list[NDArray[np.float32]]


class FlatWeights:
    """The weights of a model while it is trained; the model's own are neither used nor changed.

    Reading, differentiating and updating a variable takes about five operations, each of which is
    traced once and run at every step. For a vector, one split and one concatenation do it for all
    weights. Optimizers that treat every number by itself give the same result on the vector.

    Attributes:
        trainable: What gradients change, in the order of ``model.trainable_variables``.
        state: What the forward pass changes in training (moving statistics).
    """

    def __init__(self, model: keras.Model) -> None:
        """Start from the weights of ``model``, or the values of its initializers."""
        self._model = model
        self.trainable = _variable(model.trainable_variables, "trainable")
        self.state = _variable(model.non_trainable_variables, "state")

    def initialize(self) -> None:
        """Start again from what the model, or its initializers, say by now."""
        self.trainable.assign(_concatenated(self._model.trainable_variables))
        self.state.assign(_concatenated(self._model.non_trainable_variables))

    def call(self, x: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        """Return the logits of ``x``, and ``state`` as this call leaves it.

        Gradients flow to ``trainable``.
        """
        trainable, state = self._split()
        # A model without variables would make them now, inside the graph, and TensorFlow would
        # trace the graph a second time.
        with keras.StatelessScope(initialize_variables=False):
            logits, new_state = self._model.stateless_call(trainable, state, x, training=training)
        return logits, tf.concat(new_state, axis=0)

    def arrays(self) -> tuple[Arrays, Arrays]:
        """Return trainable weights and state, in the order of the model's variables."""
        trainable, state = self._split()
        trainable_arrays = [tensor.numpy() for tensor in trainable]
        state_arrays = [tensor.numpy() for tensor in state]
        return trainable_arrays, state_arrays

    def _split(self) -> tuple[list[Tensor], list[Tensor]]:
        model = self._model
        trainable = _split(self.trainable.value, model.trainable_variables)
        state = _split(self.state.value, model.non_trainable_variables)
        return trainable, state


def _variable(variables: Sequence[keras.Variable], name: str) -> keras.Variable:
    return keras.Variable(_concatenated(variables), dtype="float32", name=name)


def _concatenated(variables: Sequence[keras.Variable]) -> NDArray[np.float32]:
    arrays = []
    for variable in variables:
        array = keras.ops.convert_to_numpy(variable.value)
        arrays.append(np.ravel(array))
    return np.concatenate(arrays)


def _split(vector: Tensor, variables: Sequence[keras.Variable]) -> list[Tensor]:
    """Return the parts of ``vector`` in the shapes of ``variables``."""
    shapes = [tuple(variable.shape) for variable in variables]
    sizes = [math.prod(shape) for shape in shapes]
    tensors = []
    for part, shape in zip(tf.split(vector, sizes), shapes, strict=True):
        # A reshape that changes nothing would be an operation all the same.
        tensor = part if len(shape) == 1 else reshape(part, shape)
        tensors.append(tensor)
    return tensors
