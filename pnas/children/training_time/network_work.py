"""What one network costs, by kind of work: the network builder run over shapes."""

from collections.abc import Sequence
from math import prod
from statistics import fmean
from typing import NamedTuple

from pnas.children.network.builder import build_network
from pnas.children.network.counts import CountingLayers
from pnas.children.network.layers import Shape, Size
from pnas.children.network_specs import NetworkSpec
from pnas.state_space import Cell


class NetworkWork(NamedTuple):
    """Work of one network, or the mean of several.

    Layers cost time to build and in every step, however small they are; multiply-adds and elements
    cost time for every example.

    Attributes:
        convolutions: Number of convolutions, of which a separable one has two.
        norms: Number of batch normalizations.
        others: Number of other layers.
        dense_madds: Multiply-adds of ordinary and 1x1 convolutions and of dense layers.
        depthwise_madds: Multiply-adds of depthwise convolutions, which are slower by the number.
        elements: Elements of the outputs of all layers.
    """

    convolutions: float
    norms: float
    others: float
    dense_madds: float
    depthwise_madds: float
    elements: float


def network_work(
    cell: Cell, network: NetworkSpec, image_shape: Shape, num_classes: int
) -> NetworkWork:
    """Return the work of the child that stacks ``cell``, for one example.

    Args:
        cell: Cell to stack.
        network: Settings of the network around it.
        image_shape: Height, width and channels of the images.
        num_classes: Number of classes.
    """
    layers = _WorkLayers()
    build_network(layers, image_shape, cell, network, num_classes)
    return NetworkWork(
        convolutions=layers.convolutions,
        norms=layers.norms,
        others=layers.others,
        dense_madds=layers.flops - layers.depthwise_madds,
        depthwise_madds=layers.depthwise_madds,
        elements=layers.elements,
    )


def mean_work(works: Sequence[NetworkWork]) -> NetworkWork:
    """Return the mean of ``works``; times are linear in it."""
    means = [fmean(column) for column in zip(*works, strict=True)]
    return NetworkWork(*means)


class _WorkLayers(CountingLayers):
    """Counts the layers and their elements besides parameters and multiply-adds."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = 0
        self.norms = 0
        self.others = 0
        self.depthwise_madds = 0
        self.elements = 0

    def conv(
        self,
        x: Shape,
        filters: int,
        kernel: Size,
        stride: Size = 1,
        dilation: int = 1,
        padding: str = "same",
    ) -> Shape:
        self.convolutions += 1
        return self._made(super().conv(x, filters, kernel, stride, dilation, padding))

    def separable_conv(self, x: Shape, filters: int, kernel: int, stride: int = 1) -> Shape:
        result = super().separable_conv(x, filters, kernel, stride)
        height, width, _ = result
        depthwise_elements = height * width * x[2]
        self.convolutions += 2
        self.depthwise_madds += depthwise_elements * kernel**2
        self.elements += depthwise_elements
        return self._made(result)

    def batch_norm(self, x: Shape) -> Shape:
        self.norms += 1
        return self._made(super().batch_norm(x))

    def relu(self, x: Shape) -> Shape:
        return self._other(x)

    def max_pool(self, x: Shape, kernel: int, stride: int = 1) -> Shape:
        return self._other(super().max_pool(x, kernel, stride))

    def avg_pool(self, x: Shape, kernel: int, stride: int = 1, padding: str = "same") -> Shape:
        return self._other(super().avg_pool(x, kernel, stride, padding))

    def shift(self, x: Shape) -> Shape:
        return self._other(x)

    def add(self, x: Shape, y: Shape) -> Shape:
        return self._other(super().add(x, y))

    def concat(self, xs: Sequence[Shape]) -> Shape:
        return self._other(super().concat(xs))

    def _other(self, result: Shape) -> Shape:
        self.others += 1
        return self._made(result)

    def _made(self, result: Shape) -> Shape:
        self.elements += prod(result)
        return result
