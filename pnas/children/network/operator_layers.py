"""The layers of each operator of a cell: ReLU, convolution and batch normalization, or a pool.

Strides are 1 or 2. Every operator returns the required number of filters, at the size of its input
divided by the stride.
"""

from pnas.children.network.layers import Layers, Size, T
from pnas.errors import require
from pnas.registry import Part, Registry
from pnas.state_space.operator_patterns import (
    KEY,
    OperatorKind,
    normalize_blanks,
    parse_operator,
)

DILATION = 2


def apply_operator(layers: Layers[T], x: T, operator: str, filters: int, stride: int) -> T:
    """Return ``operator`` applied to ``x``.

    Raises:
        InvalidValue: Text that is no operator, or one of an extension that breaks the contract.
    """
    kind, kernel = parse_operator(operator)
    if kind is OperatorKind.EXTENSION:
        return _apply_extension(layers, x, normalize_blanks(operator), filters, stride)

    factory = OPERATORS.factory(kind)
    result: T = factory(layers, x, filters, kernel, stride)
    return result


def _apply_extension(layers: Layers[T], x: T, name: str, filters: int, stride: int) -> T:
    """Return the operator ``name`` of an extension, which has no kernel size, applied to ``x``."""
    result: T = OPERATORS.make(name, object, layers, x, filters, stride)
    given = layers.shape(x)
    height, width = given[:2]
    rounded_up = (-(-height // stride), -(-width // stride), filters)
    rounded_down = (height // stride, width // stride, filters)
    returned = _shape_or_type(layers, result)
    rule = f"{name} must return {rounded_up} of {given} with stride {stride}"
    require(returned in (rounded_up, rounded_down), KEY, rule, returned)
    return result


def _shape_or_type(layers: Layers[T], x: T) -> tuple[int, ...] | str:
    """Return the shape of ``x``, or the name of its type if it is nothing that has one."""
    try:
        shape = tuple(layers.shape(x))
    except (AttributeError, TypeError):
        return type(x).__name__
    has_sizes = all(isinstance(size, int) for size in shape)
    return shape if has_sizes else type(x).__name__


def conv_bn(layers: Layers[T], x: T, filters: int, kernel: Size, stride: Size = 1) -> T:
    """Return a convolution of ``x`` with batch normalization."""
    return layers.batch_norm(layers.conv(x, filters, kernel, stride))


def factorized_reduction(layers: Layers[T], x: T, filters: int) -> T:
    """Return ``x`` at half its size.

    Two 1x1 convolutions of stride 2, one on even and one on odd pixels, are concatenated and
    normalized.
    """
    x = layers.relu(x)
    even = layers.conv(x, filters // 2, 1, 2)
    odd = layers.conv(layers.shift(x), filters - filters // 2, 1, 2)
    return layers.batch_norm(layers.concat([even, odd]))


def _identity(layers: Layers[T], x: T, filters: int, kernel: int, stride: int) -> T:
    del kernel
    if stride == 1 and layers.shape(x)[2] == filters:
        return x
    return conv_bn(layers, layers.relu(x), filters, 1, stride)


def _max_pool(layers: Layers[T], x: T, filters: int, kernel: int, stride: int) -> T:
    return _project(layers, layers.max_pool(x, kernel, stride), filters)


def _avg_pool(layers: Layers[T], x: T, filters: int, kernel: int, stride: int) -> T:
    return _project(layers, layers.avg_pool(x, kernel, stride), filters)


def _project(layers: Layers[T], x: T, filters: int) -> T:
    """Return ``x`` with the required number of filters."""
    if layers.shape(x)[2] == filters:
        return x
    return conv_bn(layers, x, filters, 1)


def _conv(layers: Layers[T], x: T, filters: int, kernel: int, stride: int) -> T:
    return conv_bn(layers, layers.relu(x), filters, kernel, stride)


def _separable_twice(layers: Layers[T], x: T, filters: int, kernel: int, stride: int) -> T:
    for step in (stride, 1):
        x = layers.batch_norm(layers.separable_conv(layers.relu(x), filters, kernel, step))
    return x


def _dilated(layers: Layers[T], x: T, filters: int, kernel: int, stride: int) -> T:
    """Return a convolution with a dilated kernel.

    At stride 2, a kernel dilated by 2 reads every other pixel only, so it is an ordinary kernel on
    those pixels. That is exact, a quarter of the work, and avoids the combination of stride and
    dilation, which Keras does not support.
    """
    x = layers.relu(x)
    if stride == DILATION:
        every_other_pixel = layers.max_pool(x, 1, stride)
        return conv_bn(layers, every_other_pixel, filters, kernel)
    return layers.batch_norm(layers.conv(x, filters, kernel, dilation=DILATION))


def _factorized(layers: Layers[T], x: T, filters: int, kernel: int, stride: int) -> T:
    """Return a 1xK convolution followed by a Kx1 convolution.

    Each strides along the axis that its kernel extends along, so that no pixel is left unread.
    """
    x = conv_bn(layers, layers.relu(x), filters, (1, kernel), (1, stride))
    return conv_bn(layers, layers.relu(x), filters, (kernel, 1), (stride, 1))


OPERATORS = Registry(
    kind="operators",
    key=KEY,
    parts={
        OperatorKind.IDENTITY: Part(_identity),
        OperatorKind.MAXPOOL: Part(_max_pool),
        OperatorKind.AVGPOOL: Part(_avg_pool),
        OperatorKind.CONV: Part(_conv),
        OperatorKind.DCONV: Part(_separable_twice),
        OperatorKind.DILATED_CONV: Part(_dilated),
        OperatorKind.FACTORIZED_CONV: Part(_factorized),
    },
)
"""Every operator by its form (`OperatorKind`): a function of the layers, the input, the number of
filters, the kernel size and the stride. That of an extension has no kernel size.
"""
