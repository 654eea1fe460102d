"""`pnas.children.network.layers.Layers` that emits Keras 3 layers, on any Keras backend."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

import keras

from pnas.children.network.builder import build_network
from pnas.children.network.layers import Shape, Size
from pnas.children.search_training.fast_layers import (
    FastConv2D,
    FastSeparableConv2D,
    FusedBatchNormalization,
)
from pnas.children.spec import NetworkSpec
from pnas.state_space import Cell

Tensor = Any  # keras.KerasTensor


def build_model(
    cell: Cell,
    network: NetworkSpec,
    image_shape: Shape,
    num_classes: int,
    mixed_precision: str = "none",
) -> keras.Model:
    """The child that stacks ``cell``: float images (batch, height, width, channels) -> float32 logits.

    Args:
        mixed_precision: type of activations (``float16``, ``bfloat16``); ``none`` for float32.

    Raises:
        InvalidValue: images too small for the network's reductions, or an operator that is not one.
    """
    image = keras.Input(image_shape, name="image")
    heads = build_network(KerasLayers(network, mixed_precision), image, cell, network, num_classes)
    return keras.Model(image, heads.logits, name="child")


class KerasLayers:
    """Layers over symbolic Keras tensors. A ReLU that two operators ask for is one layer.

    Layers with weights are named in the order they are made (``conv_0``, ``conv_1``, ...), so that one of another
    model of the same child is found by its name.
    """

    conv_class: ClassVar[type[keras.Layer]] = FastConv2D
    separable_class: ClassVar[type[keras.Layer]] = FastSeparableConv2D
    norm_class: ClassVar[type[keras.Layer]] = FusedBatchNormalization

    def __init__(
        self, network: NetworkSpec, mixed_precision: str = "none", weight_decay: float = 0.0
    ) -> None:
        self._network = network
        # Half the squares, as in the released recipe: its gradient is the weight times the decay.
        self._decay = keras.regularizers.L2(weight_decay / 2) if weight_decay else None
        self._dtype = "float32" if mixed_precision == "none" else f"mixed_{mixed_precision}"
        self._rectified: dict[int, Tensor] = {}
        self._made: Counter[str] = Counter()

    def _named(self, kind: str) -> dict[str, str]:
        """Name and type of the next layer of ``kind``."""
        self._made[kind] += 1
        return {"name": f"{kind}_{self._made[kind] - 1}", "dtype": self._dtype}

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
        options = {
            "dilation_rate": dilation,
            "padding": padding,
            "use_bias": False,
            **self._named("conv"),
        }
        return self.conv_class(filters, kernel, stride, kernel_regularizer=self._decay, **options)(
            x
        )

    def separable_conv(self, x: Tensor, filters: int, kernel: int, stride: int = 1) -> Tensor:
        options = {"padding": "same", "use_bias": False, **self._named("separable_conv")}
        decay = {"depthwise_regularizer": self._decay, "pointwise_regularizer": self._decay}
        return self.separable_class(filters, kernel, stride, **options, **decay)(x)

    def batch_norm(self, x: Tensor) -> Tensor:
        momentum = self._network.bn_momentum
        epsilon = self._network.bn_epsilon
        return self.norm_class(momentum=momentum, epsilon=epsilon, **self._named("batch_norm"))(x)

    def relu(self, x: Tensor) -> Tensor:
        if id(x) not in self._rectified:
            self._rectified[id(x)] = keras.layers.ReLU(dtype=self._dtype)(x)
        return self._rectified[id(x)]

    def max_pool(self, x: Tensor, kernel: int, stride: int = 1) -> Tensor:
        return keras.layers.MaxPooling2D(kernel, stride, padding="same", dtype=self._dtype)(x)

    def avg_pool(self, x: Tensor, kernel: int, stride: int = 1, padding: str = "same") -> Tensor:
        return keras.layers.AveragePooling2D(kernel, stride, padding=padding, dtype=self._dtype)(x)

    def shift(self, x: Tensor) -> Tensor:
        x = keras.layers.ZeroPadding2D(((0, 1), (0, 1)), dtype=self._dtype)(x)
        # Not Cropping2D: the gradient of a split is a concatenation, that of indexing took 5 % of a step.
        for axis in (1, 2):
            x = keras.ops.split(x, [1], axis=axis)[1]
        return x

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        return keras.layers.Add(dtype=self._dtype)([x, y])

    def concat(self, xs: Sequence[Tensor]) -> Tensor:
        return keras.layers.Concatenate(dtype=self._dtype)(list(xs))

    def global_pool(self, x: Tensor) -> Tensor:
        return keras.layers.GlobalAveragePooling2D(dtype=self._dtype)(x)

    def drop_path(self, x: Tensor, depth: float) -> Tensor:
        del depth  # only `pnas.children.final_training` regularises
        return x

    def dropout(self, x: Tensor) -> Tensor:
        return x

    def dense(self, x: Tensor, units: int, name: str) -> Tensor:
        # float32 whatever the activations are: a loss in half precision loses its small values.
        return keras.layers.Dense(
            units, dtype="float32", name=name, kernel_regularizer=self._decay
        )(x)
