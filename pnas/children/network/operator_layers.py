"""What each operator of a cell does to a tensor: ReLU, convolution, batch normalisation, or a pool.

Strides are 1 or 2. Every operator returns the asked-for number of filters, at the size divided by the stride.
"""

from pnas.children.network.layers import Layers, Size, T
from pnas.extensions import extension
from pnas.state_space.operator_patterns import OperatorKind, parse_operator

DILATION = 2


def apply_operator(layers: Layers[T], x: T, operator: str, filters: int, stride: int) -> T:
    """``operator`` applied to ``x``.

    Raises:
        InvalidValue: text that is no operator.
    """
    kind, kernel = parse_operator(operator)
    match kind:
        case OperatorKind.IDENTITY:
            return _identity(layers, x, filters, stride)
        case OperatorKind.MAXPOOL:
            return _widen(layers, layers.max_pool(x, kernel, stride), filters)
        case OperatorKind.AVGPOOL:
            return _widen(layers, layers.avg_pool(x, kernel, stride), filters)
        case OperatorKind.CONV:
            return conv_bn(layers, layers.relu(x), filters, kernel, stride)
        case OperatorKind.DCONV:
            return _separable_twice(layers, x, filters, kernel, stride)
        case OperatorKind.DILATED_CONV:
            return _dilated(layers, x, filters, kernel, stride)
        case OperatorKind.FACTORIZED_CONV:
            return _one_axis_each(layers, x, filters, kernel, stride)
        case OperatorKind.EXTENSION:
            made: T = extension("operators", " ".join(operator.split()))(layers, x, filters, stride)
            return made


def conv_bn(layers: Layers[T], x: T, filters: int, kernel: Size, stride: Size = 1) -> T:
    """Convolution and batch normalisation."""
    return layers.batch_norm(layers.conv(x, filters, kernel, stride))


def factorized_reduction(layers: Layers[T], x: T, filters: int) -> T:
    """Half the size: two 1x1 stride-2 paths, over even and over odd pixels, concatenated and normalised."""
    x = layers.relu(x)
    even = layers.conv(x, filters // 2, 1, 2)
    odd = layers.conv(layers.shift(x), filters - filters // 2, 1, 2)
    return layers.batch_norm(layers.concat([even, odd]))


def _identity(layers: Layers[T], x: T, filters: int, stride: int) -> T:
    if stride == 1 and layers.shape(x)[2] == filters:
        return x
    return conv_bn(layers, layers.relu(x), filters, 1, stride)


def _widen(layers: Layers[T], x: T, filters: int) -> T:
    return x if layers.shape(x)[2] == filters else conv_bn(layers, x, filters, 1)


def _separable_twice(layers: Layers[T], x: T, filters: int, kernel: int, stride: int) -> T:
    for step in (stride, 1):
        x = layers.batch_norm(layers.separable_conv(layers.relu(x), filters, kernel, step))
    return x


def _dilated(layers: Layers[T], x: T, filters: int, kernel: int, stride: int) -> T:
    """At stride 2 a kernel dilated by 2 touches every other pixel only: it is a plain one on those pixels.

    That is exact, a quarter of the work, and spares us stride with dilation, which Keras refuses.
    """
    x = layers.relu(x)
    if stride == DILATION:
        return conv_bn(layers, layers.max_pool(x, 1, stride), filters, kernel)
    return layers.batch_norm(layers.conv(x, filters, kernel, dilation=DILATION))


def _one_axis_each(layers: Layers[T], x: T, filters: int, kernel: int, stride: int) -> T:
    """1xK, then Kx1; each strides along the axis it looks along, so that no pixel goes unread."""
    x = conv_bn(layers, layers.relu(x), filters, (1, kernel), (1, stride))
    return conv_bn(layers, layers.relu(x), filters, (kernel, 1), (stride, 1))
