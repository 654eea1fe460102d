"""Reshapes whose shapes are constants that a graph has once.

A child is traced for a life of a few hundred steps, and half of the operations of its graph would
be shapes: the same few, over and over.
"""

from typing import Any
from weakref import WeakKeyDictionary

import tensorflow as tf

Tensor = Any
"""A tf.Tensor."""

Shape = tuple[int, ...]

_shapes: WeakKeyDictionary[Any, dict[Shape, Tensor]] = WeakKeyDictionary()
"""The shapes of each graph that was traced and is not gone."""


def reshape(x: Tensor, shape: Shape) -> Tensor:
    """Return ``x`` in another shape; one length may be -1, for what is left."""
    if tf.executing_eagerly():
        return tf.reshape(x, shape)
    known = _shapes.setdefault(tf.compat.v1.get_default_graph(), {})
    if shape not in known:
        known[shape] = tf.constant(shape, tf.int32)
    return tf.reshape(x, known[shape])
