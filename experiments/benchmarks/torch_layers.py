"""`pnas.children.network.layers.Layers` that makes PyTorch modules, for `torch_child.py`.

Padding is symmetric, where TensorFlow's SAME may have a pixel less on one side: as much work, not
the same numbers.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from pnas.children.network.builder import build_network
from pnas.children.network.layers import Shape, Size
from pnas.children.network_specs import NetworkSpec
from pnas.state_space import Cell


class Result(NamedTuple):
    """A result of the network.

    Attributes:
        index: Its number, in the order of computation; 0 is the image.
        shape: Height, width and channels.
    """

    index: int
    shape: Shape


def build_torch_model(
    cell: Cell, network: NetworkSpec, image_shape: Shape, num_classes: int
) -> "TorchNetwork":
    """Return the child that stacks ``cell``: images (batch, channels, height, width) to logits."""
    layers = TorchLayers(network)
    heads = build_network(layers, Result(0, image_shape), cell, network, num_classes)
    return TorchNetwork(layers.modules, layers.inputs, heads.logits.index)


class TorchNetwork(nn.Module):
    """Modules that are called one after the other.

    Args:
        steps: The modules.
        inputs: Which results each one takes.
        output: Which result is the network's.
    """

    def __init__(
        self, steps: Sequence[nn.Module], inputs: Sequence[Sequence[int]], output: int
    ) -> None:
        super().__init__()
        self.steps = nn.ModuleList(steps)
        self._inputs = inputs
        self._output = output

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return the logits of a batch of images."""
        results = [image]
        for step, inputs in zip(self.steps, self._inputs, strict=True):
            results.append(step(*(results[index] for index in inputs)))
        return results[self._output]


class TorchLayers:
    """Records modules in the order of computation. Equal ReLUs of a result are one.

    Attributes:
        modules: Modules.
        inputs: Which results each one takes.

    Args:
        network: Settings of batch normalization.
    """

    def __init__(self, network: NetworkSpec) -> None:
        self._network = network
        self._rectified: dict[int, Result] = {}
        self.modules: list[nn.Module] = []
        self.inputs: list[list[int]] = []

    def _add(self, module: nn.Module, inputs: Sequence[Result], shape: Shape) -> Result:
        self.modules.append(module)
        self.inputs.append([result.index for result in inputs])
        return Result(len(self.modules), shape)

    def shape(self, x: Result) -> Shape:
        return x.shape

    def conv(
        self,
        x: Result,
        filters: int,
        kernel: Size,
        stride: Size = 1,
        dilation: int = 1,
        padding: str = "same",
    ) -> Result:
        sides = _pair(kernel)
        margins = [dilation * (side // 2) for side in sides] if padding == "same" else [0, 0]
        module = nn.Conv2d(
            x.shape[2],
            filters,
            sides,
            _pair(stride),
            (margins[0], margins[1]),
            dilation,
            bias=False,
        )
        return self._add(module, [x], _shape_of(x, filters, sides, _pair(stride), padding))

    def separable_conv(self, x: Result, filters: int, kernel: int, stride: int = 1) -> Result:
        channels = x.shape[2]
        depthwise = nn.Conv2d(
            channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False
        )
        pointwise = nn.Conv2d(channels, filters, 1, bias=False)
        module = nn.Sequential(depthwise, pointwise)
        return self._add(module, [x], _shape_of(x, filters, _pair(kernel), _pair(stride)))

    def batch_norm(self, x: Result) -> Result:
        momentum = 1 - self._network.bn_momentum
        module = nn.BatchNorm2d(x.shape[2], self._network.bn_epsilon, momentum)
        return self._add(module, [x], x.shape)

    def relu(self, x: Result) -> Result:
        if x.index not in self._rectified:
            self._rectified[x.index] = self._add(nn.ReLU(), [x], x.shape)
        return self._rectified[x.index]

    def max_pool(self, x: Result, kernel: int, stride: int = 1) -> Result:
        module = nn.MaxPool2d(kernel, stride, kernel // 2)
        return self._add(module, [x], _shape_of(x, x.shape[2], _pair(kernel), _pair(stride)))

    def avg_pool(self, x: Result, kernel: int, stride: int = 1, padding: str = "same") -> Result:
        margin = kernel // 2 if padding == "same" else 0
        module = nn.AvgPool2d(kernel, stride, margin, count_include_pad=False)
        shape = _shape_of(x, x.shape[2], _pair(kernel), _pair(stride), padding)
        return self._add(module, [x], shape)

    def shift(self, x: Result) -> Result:
        return self._add(_Shift(), [x], x.shape)

    def add(self, x: Result, y: Result) -> Result:
        return self._add(_Sum(), [x, y], x.shape)

    def concat(self, xs: Sequence[Result]) -> Result:
        height, width, _ = xs[0].shape
        channels = sum(x.shape[2] for x in xs)
        return self._add(_Concatenation(), xs, (height, width, channels))

    def global_pool(self, x: Result) -> Result:
        return self._add(_GlobalMean(), [x], (1, 1, x.shape[2]))

    def drop_path(self, x: Result, depth: float) -> Result:
        del depth
        return x

    def dropout(self, x: Result) -> Result:
        return x

    def dense(self, x: Result, units: int, name: str) -> Result:
        del name
        return self._add(nn.Linear(x.shape[2], units), [x], (1, 1, units))


class _Shift(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]


class _Sum(nn.Module):
    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return x + y


class _Concatenation(nn.Module):
    def forward(self, *xs: torch.Tensor) -> torch.Tensor:
        return torch.cat(xs, dim=1)


class _GlobalMean(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(dim=(2, 3))


def _pair(size: Size) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size


def _shape_of(
    x: Result,
    filters: int,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: str = "same",
) -> Shape:
    sides = []
    for side, length, step in zip(x.shape[:2], kernel, stride, strict=True):
        covered = side if padding == "same" else side - length + 1
        sides.append(-(-covered // step))
    return sides[0], sides[1], filters
