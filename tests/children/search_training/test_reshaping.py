"""Reshapes share the constants of a graph."""

import gc
import weakref

import numpy as np
import tensorflow as tf

from pnas.children.search_training.reshaping import reshape

PIXELS = np.arange(12, dtype=np.float32)


def test_graph_has_each_shape_once() -> None:
    @tf.function(autograph=False)
    def twice(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return reshape(x, (3, 4)), reshape(2 * x, (3, 4))

    first, second = twice(tf.constant(PIXELS))

    np.testing.assert_array_equal(first, PIXELS.reshape(3, 4))
    np.testing.assert_array_equal(second, 2 * PIXELS.reshape(3, 4))
    graph = twice.get_concrete_function(tf.constant(PIXELS)).graph
    constants = [node for node in graph.get_operations() if node.type == "Const"]
    shapes = [node for node in constants if node.outputs[0].shape == (2,)]
    assert len(shapes) == 1


def test_reshape_knows_its_static_shape() -> None:
    @tf.function(autograph=False)
    def flat(x: tf.Tensor) -> tf.Tensor:
        pixels = reshape(x, (-1, 4))
        assert pixels.shape == (3, 4)
        return pixels

    np.testing.assert_array_equal(flat(tf.constant(PIXELS)), PIXELS.reshape(3, 4))


def test_graph_is_freed_with_its_function() -> None:
    @tf.function(autograph=False)
    def flat(x: tf.Tensor) -> tf.Tensor:
        return reshape(x, (-1, 4))

    flat(tf.constant(PIXELS))
    graph = weakref.ref(flat.get_concrete_function(tf.constant(PIXELS)).graph)
    assert graph() is not None
    del flat
    gc.collect()
    assert graph() is None


def test_outside_of_a_graph() -> None:
    np.testing.assert_array_equal(reshape(tf.constant(PIXELS), (-1, 6)), PIXELS.reshape(2, 6))
