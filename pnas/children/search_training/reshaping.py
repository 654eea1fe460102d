"""Reshapes whose shapes are constants that a graph has once.

A child is traced for a life of a few hundred steps, and half of the operations of its graph would
be shapes: the same few, over and over.
"""

from typing import Any

import tensorflow as tf

Tensor = Any
"""A tf.Tensor."""

Shape = tuple[int, ...]

_KNOWN = "_pnas_shapes"
"""Attribute of a graph with its shapes. Anything outside of it that holds them would hold it."""


def reshape(x: Tensor, shape: Shape) -> Tensor:
    """Return ``x`` in another shape; one length may be -1, for what is left."""
    if tf.executing_eagerly():
        return tf.reshape(x, shape)
    graph = tf.compat.v1.get_default_graph()
    known: dict[Shape, Tensor] = getattr(graph, _KNOWN, {})
    if not known:
        setattr(graph, _KNOWN, known)
    if shape not in known:
        known[shape] = tf.constant(shape, tf.int32)
    return tf.reshape(x, known[shape])
