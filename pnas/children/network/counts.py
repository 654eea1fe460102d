"""Size of a child before it is built: the network builder run over shapes, without TensorFlow."""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from pnas.children.network.builder import build_network
from pnas.children.network.layers import Shape, Size
from pnas.children.spec import NetworkSpec
from pnas.state_space import Cell


class Counts(NamedTuple):
    """Size of a network.

    Attributes:
        params: trainable parameters.
        flops: multiply-adds of the convolutions and dense layers in one forward pass of one example.
    """

    params: int
    flops: int


def count_network(
    cell: Cell, network: NetworkSpec, image_shape: Shape, num_classes: int, aux_head: bool = False
) -> Counts:
    """Trainable parameters and multiply-adds of the child that stacks ``cell``.

    Args:
        aux_head: count the auxiliary head too, which a child has while it is trained and never after.

    Raises:
        InvalidValue: images too small for the network's reductions, or an operator that is not one.
    """
    layers = CountingLayers()
    build_network(layers, image_shape, cell, network, num_classes, aux_head)
    return Counts(layers.params, layers.flops)


class CountingLayers:
    """`pnas.children.network.layers.Layers` over shapes: a tensor is its shape.

    Attributes:
        params: trainable parameters so far.
        flops: multiply-adds so far.
    """

    def __init__(self) -> None:
        self.params = 0
        self.flops = 0

    def _weights(self, weights: int, positions: int = 1) -> None:
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
        del dilation  # spreads the kernel, does not grow it; nobody asks for it without padding
        height, width, channels = (
            _strided(x, stride) if padding == "same" else _inside(x, kernel, stride)
        )
        self._weights(prod(_pair(kernel)) * channels * filters, positions=height * width)
        return height, width, filters

    def separable_conv(self, x: Shape, filters: int, kernel: int, stride: int = 1) -> Shape:
        height, width, channels = _strided(x, stride)
        self._weights(kernel**2 * channels + channels * filters, positions=height * width)
        return height, width, filters

    def batch_norm(self, x: Shape) -> Shape:
        self.params += 2 * x[2]
        return x

    def relu(self, x: Shape) -> Shape:
        return x

    def max_pool(self, x: Shape, kernel: int, stride: int = 1) -> Shape:
        del kernel  # SAME padding: only the stride changes the size
        return _strided(x, stride)

    def avg_pool(self, x: Shape, kernel: int, stride: int = 1, padding: str = "same") -> Shape:
        return _strided(x, stride) if padding == "same" else _inside(x, kernel, stride)

    def shift(self, x: Shape) -> Shape:
        return x

    def add(self, x: Shape, y: Shape) -> Shape:
        if x != y:
            raise ValueError(f"cannot add tensors of shapes {x} and {y}")
        return x

    def concat(self, xs: Sequence[Shape]) -> Shape:
        if len({x[:2] for x in xs}) != 1:
            raise ValueError(f"cannot concatenate tensors of shapes {list(xs)}")
        return (*xs[0][:2], sum(x[2] for x in xs))

    def global_pool(self, x: Shape) -> Shape:
        return 1, 1, x[2]

    def drop_path(self, x: Shape, depth: float) -> Shape:
        del depth
        return x

    def dropout(self, x: Shape) -> Shape:
        return x

    def dense(self, x: Shape, units: int, name: str) -> Shape:
        del name
        self._weights(x[2] * units)
        self.params += units
        return 1, 1, units


def _pair(size: Size) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size


def _strided(x: Shape, stride: Size) -> Shape:
    down, across = _pair(stride)
    return -(-x[0] // down), -(-x[1] // across), x[2]


def _inside(x: Shape, kernel: Size, stride: Size) -> Shape:
    """Positions at which a window lies within ``x``."""
    (high, wide), (down, across) = _pair(kernel), _pair(stride)
    return (x[0] - high) // down + 1, (x[1] - wide) // across + 1, x[2]
