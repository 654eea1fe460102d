"""`pnas.children.network.layers.Layers` that makes Keras 3 layers, on any Keras backend."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

import keras

from pnas.children.network.builder import build_network
from pnas.children.network.layers import Shape, Size
from pnas.children.network_specs import NetworkSpec
from pnas.children.search_training.fast_layers import (
    FastConv2D,
    FastSeparableConv2D,
    FusedBatchNormalization,
)
from pnas.state_space import Cell

Tensor = Any
"""A keras.KerasTensor."""


def build_model(
    cell: Cell,
    network: NetworkSpec,
    image_shape: Shape,
    num_classes: int,
    mixed_precision: str = "none",
) -> keras.Model:
    """Return the child that stacks ``cell``.

    Its input are float images, (batch, height, width, channels), its output float32 logits,
    (batch, num_classes).

    Args:
        cell: Cell to stack.
        network: Settings of the network around it.
        image_shape: Height, width and channels of the images.
        num_classes: Number of classes.
        mixed_precision: Type of activations (``float16``, ``bfloat16``); ``none`` for float32.

    Raises:
        InvalidValue: Images too small for the network's reductions, or an unknown operator.
    """
    image = keras.Input(image_shape, name="image")
    layers = KerasLayers(network, mixed_precision)
    heads = build_network(layers, image, cell, network, num_classes)
    return keras.Model(image, heads.logits, name="child")


class KerasLayers:
    """Layers over symbolic Keras tensors. Operators that ask for the same ReLU share one layer.

    Layers with weights are named in the order they are made (``conv_0``, ``conv_1``, ...), so that
    the same layer of another model of the same child is found by its name.

    Args:
        network: Settings of batch normalization.
        mixed_precision: Type of activations, ``none`` for float32.
        weight_decay: Factor of half the squared norm of the kernels, added to the loss.
    """

    conv_class: ClassVar[type[keras.Layer]] = FastConv2D
    separable_class: ClassVar[type[keras.Layer]] = FastSeparableConv2D
    norm_class: ClassVar[type[keras.Layer]] = FusedBatchNormalization

    def __init__(
        self, network: NetworkSpec, mixed_precision: str = "none", weight_decay: float = 0.0
    ) -> None:
        self._network = network
        # Half of it, as in the released networks: the gradient is the weight times the decay.
        self._decay = keras.regularizers.L2(weight_decay / 2) if weight_decay else None
        self._dtype = "float32" if mixed_precision == "none" else f"mixed_{mixed_precision}"
        self._rectified: dict[int, Tensor] = {}
        self._made: Counter[str] = Counter()

    def _name_and_type(self, kind: str) -> dict[str, str]:
        """Return name and type of the next layer of ``kind``."""
        name = f"{kind}_{self._made[kind]}"
        self._made[kind] += 1
        return {"name": name, "dtype": self._dtype}

    def shape(self, x: Tensor) -> Shape:
        return tuple(x.shape[1:])

    def conv(
        self,
        x: Tensor,
        filters: int,
        kernel: Size,
        stride: Size = 1,
        dilation: int = 1,
        padding: str = "same",
    ) -> Tensor:
        layer = self.conv_class(
            filters,
            kernel,
            stride,
            dilation_rate=dilation,
            padding=padding,
            use_bias=False,
            kernel_regularizer=self._decay,
            **self._name_and_type("conv"),
        )
        return layer(x)

    def separable_conv(self, x: Tensor, filters: int, kernel: int, stride: int = 1) -> Tensor:
        layer = self.separable_class(
            filters,
            kernel,
            stride,
            padding="same",
            use_bias=False,
            depthwise_regularizer=self._decay,
            pointwise_regularizer=self._decay,
            **self._name_and_type("separable_conv"),
        )
        return layer(x)

    def batch_norm(self, x: Tensor) -> Tensor:
        layer = self.norm_class(
            momentum=self._network.bn_momentum,
            epsilon=self._network.bn_epsilon,
            **self._name_and_type("batch_norm"),
        )
        return layer(x)

    def relu(self, x: Tensor) -> Tensor:
        if id(x) not in self._rectified:
            self._rectified[id(x)] = keras.layers.ReLU(dtype=self._dtype)(x)
        return self._rectified[id(x)]

    def max_pool(self, x: Tensor, kernel: int, stride: int = 1) -> Tensor:
        layer = keras.layers.MaxPooling2D(kernel, stride, padding="same", dtype=self._dtype)
        return layer(x)

    def avg_pool(self, x: Tensor, kernel: int, stride: int = 1, padding: str = "same") -> Tensor:
        layer = keras.layers.AveragePooling2D(kernel, stride, padding=padding, dtype=self._dtype)
        return layer(x)

    def shift(self, x: Tensor) -> Tensor:
        x = keras.layers.ZeroPadding2D(((0, 1), (0, 1)), dtype=self._dtype)(x)
        # Not Cropping2D: the gradient of a split is a concatenation, which is faster. The gradient
        # of indexing took 5 % of a step.
        for axis in (1, 2):
            _, x = keras.ops.split(x, [1], axis=axis)
        return x

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        return keras.layers.Add(dtype=self._dtype)([x, y])

    def concat(self, xs: Sequence[Tensor]) -> Tensor:
        return keras.layers.Concatenate(dtype=self._dtype)(list(xs))

    def global_pool(self, x: Tensor) -> Tensor:
        return keras.layers.GlobalAveragePooling2D(dtype=self._dtype)(x)

    def drop_path(self, x: Tensor, depth: float) -> Tensor:
        # Only final trainings (`pnas.children.final_training`) are regularized.
        del depth
        return x

    def dropout(self, x: Tensor) -> Tensor:
        return x

    def dense(self, x: Tensor, units: int, name: str) -> Tensor:
        # float32 whatever the activations are: a loss in half precision loses its small values.
        layer = keras.layers.Dense(
            units, dtype="float32", name=name, kernel_regularizer=self._decay
        )
        return layer(x)
