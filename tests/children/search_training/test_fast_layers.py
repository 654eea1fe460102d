from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from pnas.children.search_training.fast_layers import (
    FastConv2D,
    FastSeparableConv2D,
    FusedBatchNormalization,
)

BATCH = np.random.default_rng(0).normal(size=(5, 7, 6, 4)).astype(np.float32)


def twins(fast: type, plain: type, *args: Any, **options: Any) -> tuple[keras.Layer, keras.Layer]:
    layers = fast(*args, **options), plain(*args, **options)
    for layer in layers:
        layer.build(BATCH.shape)
    layers[1].set_weights(layers[0].get_weights())
    return layers


def output_and_gradients(layer: keras.Layer, **call: Any) -> list[np.ndarray]:
    x = tf.constant(BATCH)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, **call)
        loss = tf.reduce_sum(y * tf.cos(y))
    gradients = tape.gradient(loss, [x, *(v.value for v in layer.trainable_variables)])
    return [y.numpy(), *(gradient.numpy() for gradient in gradients)]


@pytest.mark.parametrize(
    ("fast", "plain", "kernel", "stride"),
    [
        (FastConv2D, keras.layers.Conv2D, 1, 1),
        (FastConv2D, keras.layers.Conv2D, 1, 2),
        (FastConv2D, keras.layers.Conv2D, (1, 5), (1, 2)),
        (FastSeparableConv2D, keras.layers.SeparableConv2D, 3, 1),
        (FastSeparableConv2D, keras.layers.SeparableConv2D, 5, 2),
    ],
)
def test_convolutions_equal_their_parents(
    fast: type, plain: type, kernel: Any, stride: Any
) -> None:
    pair = twins(fast, plain, 3, kernel, stride, padding="same", use_bias=False)
    for ours, theirs in zip(*(output_and_gradients(layer) for layer in pair), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_equals_its_parent(training: bool) -> None:
    pair = twins(
        FusedBatchNormalization, keras.layers.BatchNormalization, momentum=0.9, epsilon=1e-5
    )
    for ours, theirs in zip(
        *(output_and_gradients(layer, training=training) for layer in pair), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)


def test_batch_norm_keeps_the_mean_and_the_unbiased_variance() -> None:
    fused = FusedBatchNormalization(momentum=0.9)
    fused(BATCH, training=True)
    flat = BATCH.reshape(-1, 4)
    np.testing.assert_allclose(fused.moving_mean, 0.1 * flat.mean(0), atol=1e-5)
    np.testing.assert_allclose(fused.moving_variance, 0.9 + 0.1 * flat.var(0, ddof=1), rtol=1e-5)


def test_a_frozen_batch_norm_does_not_move() -> None:
    fused = FusedBatchNormalization()
    fused.trainable = False
    fused(BATCH, training=True)
    np.testing.assert_array_equal(fused.moving_mean, 0)
