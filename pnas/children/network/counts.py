"""Size of a child before it is built: the network builder run over shapes, without TensorFlow."""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from pnas.children.network.builder import build_network
from pnas.children.network.layers import Shape, Size
from pnas.children.network_specs import NetworkSpec
from pnas.state_space import Cell


class Counts(NamedTuple):
    """Size of a network.

    Attributes:
        params: Number of trainable parameters.
        flops: Multiply-adds of the convolutions and dense layers, in one forward pass of one
            example.
    """

    params: int
    flops: int


def count_network(
    cell: Cell, network: NetworkSpec, image_shape: Shape, num_classes: int, aux_head: bool = False
) -> Counts:
    """Return the trainable parameters and multiply-adds of the child that stacks ``cell``.

    Args:
        cell: Cell to stack.
        network: Settings of the network around it.
        image_shape: Height, width and channels of the images.
        num_classes: Number of classes.
        aux_head: Whether to count the auxiliary head, which exists during training only.

    Raises:
        InvalidValue: Images too small for the network's reductions, or an unknown operator.
    """
    layers = CountingLayers()
    build_network(layers, image_shape, cell, network, num_classes, aux_head)
    return Counts(layers.params, layers.flops)


class CountingLayers:
    """`pnas.children.network.layers.Layers` over shapes: a tensor is its shape.

    Attributes:
        params: Trainable parameters so far.
        flops: Multiply-adds so far.
    """

    def __init__(self) -> None:
        self.params = 0
        self.flops = 0

    def _add_weights(self, weights: int, positions: int = 1) -> None:
        self.params += weights
        self.flops += weights * positions

    def shape(self, x: Shape) -> Shape:
        return x

    def conv(
        self,
        x: Shape,
        filters: int,
        kernel: Size,
        stride: Size = 1,
        dilation: int = 1,
        padding: str = "same",
    ) -> Shape:
        # A dilated kernel has the same weights, and no caller dilates without padding.
        del dilation
        if padding == "same":
            height, width, channels = _padded_output(x, stride)
        else:
            height, width, channels = _valid_output(x, kernel, stride)
        weights = prod(_pair(kernel)) * channels * filters
        self._add_weights(weights, positions=height * width)
        return height, width, filters

    def separable_conv(self, x: Shape, filters: int, kernel: int, stride: int = 1) -> Shape:
        height, width, channels = _padded_output(x, stride)
        weights = kernel**2 * channels + channels * filters
        self._add_weights(weights, positions=height * width)
        return height, width, filters

    def batch_norm(self, x: Shape) -> Shape:
        self.params += 2 * x[2]
        return x

    def relu(self, x: Shape) -> Shape:
        return x

    def max_pool(self, x: Shape, kernel: int, stride: int = 1) -> Shape:
        # With SAME padding only the stride changes the size.
        del kernel
        return _padded_output(x, stride)

    def avg_pool(self, x: Shape, kernel: int, stride: int = 1, padding: str = "same") -> Shape:
        if padding == "same":
            return _padded_output(x, stride)
        return _valid_output(x, kernel, stride)

    def shift(self, x: Shape) -> Shape:
        return x

    def add(self, x: Shape, y: Shape) -> Shape:
        if x != y:
            raise ValueError(f"cannot add tensors of shapes {x} and {y}")
        return x

    def concat(self, xs: Sequence[Shape]) -> Shape:
        sizes = {x[:2] for x in xs}
        if len(sizes) != 1:
            raise ValueError(f"cannot concatenate tensors of shapes {list(xs)}")
        height, width, _ = xs[0]
        channels = sum(x[2] for x in xs)
        return height, width, channels

    def global_pool(self, x: Shape) -> Shape:
        return 1, 1, x[2]

    def drop_path(self, x: Shape, depth: float) -> Shape:
        del depth
        return x

    def dropout(self, x: Shape) -> Shape:
        return x

    def dense(self, x: Shape, units: int, name: str) -> Shape:
        del name
        self._add_weights(x[2] * units)
        # The bias is added, not multiplied.
        self.params += units
        return 1, 1, units


def _pair(size: Size) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size


def _padded_output(x: Shape, stride: Size) -> Shape:
    """Return the shape after a window with SAME padding: every stride begins a window."""
    height, width, channels = x
    down, across = _pair(stride)
    return -(-height // down), -(-width // across), channels


def _valid_output(x: Shape, kernel: Size, stride: Size) -> Shape:
    """Return the shape after a window without padding: windows lie within ``x``."""
    height, width, channels = x
    kernel_height, kernel_width = _pair(kernel)
    down, across = _pair(stride)
    rows = (height - kernel_height) // down + 1
    columns = (width - kernel_width) // across + 1
    return rows, columns, channels
