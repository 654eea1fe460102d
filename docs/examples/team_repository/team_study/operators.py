"""The team's own operator: a 3x3 convolution between two of 1x1."""

from pnas.children.network.layers import Layers, T
from pnas.children.network.operator_layers import conv_bn


def team_conv(layers: Layers[T], x: T, filters: int, stride: int) -> T:
    """``x`` with ``filters`` filters, its height and width divided by ``stride`` (1 or 2)."""
    x = conv_bn(layers, layers.relu(x), filters, 1)
    x = conv_bn(layers, layers.relu(x), filters, 3, stride)
    return conv_bn(layers, layers.relu(x), filters, 1)


PNAS = {"operators": {"team conv": team_conv}}
