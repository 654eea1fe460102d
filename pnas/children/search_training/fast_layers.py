"""Keras layers with the weights and results of their parents, in fewer TensorFlow operations.

The tensors of a child are so small that a step costs operations, not arithmetic. On other Keras
backends each of these layers is its parent.
"""

from typing import Any

import keras

Tensor = Any
"""A tensor of the Keras backend."""


def _is_tensorflow() -> bool:
    return keras.backend.backend() == "tensorflow"


def pointwise(x: Tensor, kernel: Tensor) -> Tensor:
    """Return a 1x1 convolution, computed as one matrix product.

    It is three times faster than TensorFlow's convolution, forwards and backwards, at the sizes of
    a child.

    Args:
        x: Input, (batch, height, width, in).
        kernel: Kernel, (1, 1, in, out).
    """
    import tensorflow as tf

    from pnas.children.search_training.reshaping import reshape

    height, width, channels = x.shape[1:]
    filters = kernel.shape[-1]
    pixels = reshape(x, (-1, channels))
    matrix = reshape(kernel, (channels, filters))
    product = tf.matmul(pixels, matrix)
    return reshape(product, (-1, height, width, filters))


def every_other(x: Tensor, strides: tuple[int, int]) -> Tensor:
    """Return the pixels that a 1x1 kernel with ``strides`` reads.

    It is the mean of one pixel each, which TensorFlow computes ten times faster than a slice with
    steps, forwards and backwards.

    Args:
        x: Images, (batch, height, width, channels).
        strides: Vertical and horizontal step.
    """
    import tensorflow as tf

    return tf.raw_ops.AvgPool(value=x, ksize=(1, 1, 1, 1), strides=(1, *strides, 1), padding="SAME")


@keras.saving.register_keras_serializable("pnas")
class FastConv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D` without bias; a 1x1 convolution is a matrix product.

    With strides it is that of the pixels in its path. TensorFlow 2.21 must not compute the gradient
    of such a kernel itself: on processors with AVX-512 it writes beyond its memory where images are
    large and channels few (`Conv2DBackpropFilter`, 64x64x8 to 4 filters, stride 2), and the process
    dies.
    """

    def call(self, inputs: Tensor) -> Tensor:
        if not _is_tensorflow() or self.kernel_size != (1, 1):
            return super().call(inputs)
        if self.strides != (1, 1):
            inputs = every_other(inputs, self.strides)
        return pointwise(inputs, keras.ops.convert_to_tensor(self.kernel))


@keras.saving.register_keras_serializable("pnas")
class FastSeparableConv2D(keras.layers.SeparableConv2D):
    """`keras.layers.SeparableConv2D` without bias, with SAME padding and channels last."""

    def call(self, inputs: Tensor) -> Tensor:
        if not _is_tensorflow():
            return super().call(inputs)
        import tensorflow as tf

        kernel = keras.ops.convert_to_tensor(self.depthwise_kernel)
        strides = (1, *self.strides, 1)
        spread = tf.raw_ops.DepthwiseConv2dNative(
            input=inputs, filter=kernel, strides=strides, padding="SAME"
        )
        return pointwise(spread, keras.ops.convert_to_tensor(self.pointwise_kernel))


@keras.saving.register_keras_serializable("pnas")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization` over channels in one operation instead of eleven.

    In training, the moving variance is updated by the unbiased variance of the batch, which is
    n / (n - 1) times Keras's. Fused kernels (and tf.keras) have always done so.
    """

    def call(self, inputs: Tensor, training: bool | None = None, mask: Tensor = None) -> Tensor:
        if not _is_tensorflow() or mask is not None:
            return super().call(inputs, training=training, mask=mask)
        return self._fused(inputs, bool(training) and self.trainable)

    def _fused(self, inputs: Tensor, training: bool) -> Tensor:
        import tensorflow as tf

        result = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma.value,
            offset=self.beta.value,
            mean=self.moving_mean.value,
            variance=self.moving_variance.value,
            epsilon=self.epsilon,
            exponential_avg_factor=1.0 - self.momentum,
            is_training=training,
        )
        if training:
            self.moving_mean.assign(result.batch_mean)
            self.moving_variance.assign(result.batch_variance)
        return result.y
