"""Memory of an inference before the child is built: the network builder run over sizes of tensors.

The definition is that of a runtime that computes one operation after the other, in the order in
which the network is built, and frees a tensor after the last operation that reads it:

    memory = weights + max over operations of (sizes of the tensors that live while it is computed)

- Tensors are float32: 4 bytes a value, times the examples of a batch.
- A convolution and the batch normalization after it are one operation; a depthwise-separable
  convolution is two. A batch normalization that follows anything else, drop path and dropout
  make no tensor of their own.
- Weights are all values that the exported model holds, moving statistics included.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

from pnas.children.network.builder import build_network
from pnas.children.network.counts import CountingLayers
from pnas.children.network.layers import Shape, Size
from pnas.children.network_specs import NetworkSpec
from pnas.state_space import Cell

_BYTES = 4
_BYTES_OF_MEGABYTE = 1e6


def memory_of_network(
    cell: Cell, network: NetworkSpec, image_shape: Shape, num_classes: int, batch: int = 1
) -> float:
    """Return the megabytes (10^6 bytes) of an inference by the child that stacks ``cell``.

    Args:
        cell: Cell to stack.
        network: Settings of the network around it.
        image_shape: Height, width and channels of the images.
        num_classes: Number of classes.
        batch: Number of examples of one inference.

    Raises:
        InvalidValue: Images too small for the network's reductions, or an unknown operator.
    """
    layers = MemoryLayers()
    image = layers.image(image_shape)
    build_network(layers, image, cell, network, num_classes)
    values = layers.weights + batch * layers.peak()
    return values * _BYTES / _BYTES_OF_MEGABYTE


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor of one example.

    Attributes:
        size: Its shape.
        made_by: Number of the operation that makes it.
    """

    size: Shape
    made_by: int


@dataclass
class MemoryLayers:
    """`pnas.children.network.layers.Layers` over tensors that know who reads them.

    Attributes:
        weights: Values that the model holds so far.
    """

    weights: int = 0
    _tensors: list[Tensor] = field(default_factory=list)
    _last_read: list[int] = field(default_factory=list)
    _rectified: dict[int, Tensor] = field(default_factory=dict)

    def image(self, shape: Shape) -> Tensor:
        """Return the input of the network."""
        return self._make(shape)

    def peak(self) -> int:
        """Return the most values of one example that live at the same time."""
        change = [0] * (len(self._tensors) + 1)
        for tensor, last_read in zip(self._tensors, self._last_read, strict=True):
            change[tensor.made_by] += prod(tensor.size)
            change[last_read + 1] -= prod(tensor.size)
        highest = 0
        living = 0
        for each in change:
            living += each
            highest = max(highest, living)
        return highest

    def shape(self, x: Tensor) -> Shape:
        return x.size

    def conv(
        self,
        x: Tensor,
        filters: int,
        kernel: Size,
        stride: Size = 1,
        dilation: int = 1,
        padding: str = "same",
    ) -> Tensor:
        counting = CountingLayers()
        size = counting.conv(x.size, filters, kernel, stride, dilation, padding)
        self.weights += counting.params
        return self._make(size, x)

    def separable_conv(self, x: Tensor, filters: int, kernel: int, stride: int = 1) -> Tensor:
        counting = CountingLayers()
        size = counting.separable_conv(x.size, filters, kernel, stride)
        self.weights += counting.params
        depthwise = self._make((size[0], size[1], x.size[2]), x)
        return self._make(size, depthwise)

    def batch_norm(self, x: Tensor) -> Tensor:
        # Scale and offset, mean and variance.
        self.weights += 4 * x.size[2]
        return x

    def relu(self, x: Tensor) -> Tensor:
        # Operators that read the same tensor share its rectification.
        if x.made_by not in self._rectified:
            self._rectified[x.made_by] = self._make(x.size, x)
        return self._rectified[x.made_by]

    def max_pool(self, x: Tensor, kernel: int, stride: int = 1) -> Tensor:
        return self._make(CountingLayers().max_pool(x.size, kernel, stride), x)

    def avg_pool(self, x: Tensor, kernel: int, stride: int = 1, padding: str = "same") -> Tensor:
        return self._make(CountingLayers().avg_pool(x.size, kernel, stride, padding), x)

    def shift(self, x: Tensor) -> Tensor:
        return self._make(x.size, x)

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        return self._make(x.size, x, y)

    def concat(self, xs: Sequence[Tensor]) -> Tensor:
        size = CountingLayers().concat([x.size for x in xs])
        return self._make(size, *xs)

    def global_pool(self, x: Tensor) -> Tensor:
        return self._make((1, 1, x.size[2]), x)

    def drop_path(self, x: Tensor, depth: float) -> Tensor:
        del depth
        return x

    def dropout(self, x: Tensor) -> Tensor:
        return x

    def dense(self, x: Tensor, units: int, name: str) -> Tensor:
        del name
        self.weights += (x.size[2] + 1) * units
        return self._make((1, 1, units), x)

    def _make(self, size: Shape, *inputs: Tensor) -> Tensor:
        """Return what the next operation makes of ``inputs``."""
        operation = len(self._tensors)
        for each in inputs:
            self._last_read[each.made_by] = operation
        tensor = Tensor(size, made_by=operation)
        self._tensors.append(tensor)
        self._last_read.append(operation)
        return tensor
