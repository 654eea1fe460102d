"""The fast layers compute what the Keras layers compute that they replace."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from pnas.children.search_training.fast_layers import (
    FastConv2D,
    FastSeparableConv2D,
    FusedBatchNormalization,
    every_other,
)

BATCH = np.random.default_rng(0).normal(size=(5, 7, 6, 4)).astype(np.float32)


def layer_pair(
    fast: type, plain: type, *args: Any, **options: Any
) -> tuple[keras.Layer, keras.Layer]:
    """Return a fast layer and a plain one with the same weights."""
    fast_layer = fast(*args, **options)
    plain_layer = plain(*args, **options)
    fast_layer.build(BATCH.shape)
    plain_layer.build(BATCH.shape)
    plain_layer.set_weights(fast_layer.get_weights())
    return fast_layer, plain_layer


def output_and_gradients(layer: keras.Layer, **call: Any) -> list[np.ndarray]:
    """Return the output, and gradients of a function of it with respect to input and weights."""
    x = tf.constant(BATCH)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, **call)
        loss = tf.reduce_sum(y * tf.cos(y))
    weights = [variable.value for variable in layer.trainable_variables]
    gradients = tape.gradient(loss, [x, *weights])
    return [tensor.numpy() for tensor in (y, *gradients)]


def assert_equal(fast: keras.Layer, plain: keras.Layer, tolerance: float, **call: Any) -> None:
    found = output_and_gradients(fast, **call)
    expected = output_and_gradients(plain, **call)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


CONVOLUTIONS = [
    (FastConv2D, keras.layers.Conv2D, 1, 1),
    (FastConv2D, keras.layers.Conv2D, 1, 2),
    (FastConv2D, keras.layers.Conv2D, (1, 5), (1, 2)),
    (FastSeparableConv2D, keras.layers.SeparableConv2D, 3, 1),
    (FastSeparableConv2D, keras.layers.SeparableConv2D, 5, 2),
]


@pytest.mark.parametrize(
    ("fast", "plain", "kernel", "stride"),
    CONVOLUTIONS,
)
def test_convolutions_equal_their_parents(
    fast: type, plain: type, kernel: Any, stride: Any
) -> None:
    options = {"padding": "same", "use_bias": False}
    fast_layer, plain_layer = layer_pair(fast, plain, 3, kernel, stride, **options)
    assert_equal(fast_layer, plain_layer, tolerance=1e-4)


@pytest.mark.parametrize("strides", [(2, 2), (1, 2), (2, 1)])
def test_every_other_pixel_is_a_slice_with_steps(strides: tuple[int, int]) -> None:
    images = BATCH.copy()
    images[0, 0, 0, 0] = np.nan
    images[1, 0, 0, 0] = np.inf
    x = tf.constant(images)
    weights = tf.constant(np.random.default_rng(1).normal(size=BATCH.shape).astype(np.float32))
    rows, columns = strides
    slices = slice(None), slice(None, None, rows), slice(None, None, columns)

    with tf.GradientTape() as tape:
        tape.watch(x)
        pixels = every_other(x, strides)
        loss = tf.reduce_sum(pixels * weights[slices])

    expected = np.zeros_like(BATCH)
    expected[slices] = weights.numpy()[slices]
    np.testing.assert_array_equal(pixels, images[slices])
    np.testing.assert_array_equal(tape.gradient(loss, x), expected)


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_equals_its_parent(training: bool) -> None:
    options = {"momentum": 0.9, "epsilon": 1e-5}
    plain_class = keras.layers.BatchNormalization
    fast_layer, plain_layer = layer_pair(FusedBatchNormalization, plain_class, **options)
    assert_equal(fast_layer, plain_layer, tolerance=1e-3, training=training)


def test_batch_norm_keeps_the_mean_and_the_unbiased_variance() -> None:
    fused = FusedBatchNormalization(momentum=0.9)
    fused(BATCH, training=True)
    pixels = BATCH.reshape(-1, 4)
    np.testing.assert_allclose(fused.moving_mean, 0.1 * pixels.mean(0), atol=1e-5)
    expected_variance = 0.9 + 0.1 * pixels.var(0, ddof=1)
    np.testing.assert_allclose(fused.moving_variance, expected_variance, rtol=1e-5)


def test_a_frozen_batch_norm_does_not_move() -> None:
    fused = FusedBatchNormalization()
    fused.trainable = False
    fused(BATCH, training=True)
    np.testing.assert_array_equal(fused.moving_mean, 0)
