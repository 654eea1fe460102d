"""A bottleneck operator: to a quarter of the width, a 3x3 convolution there, and back.

PNAS_EXTENSIONS=docs/examples/my_operator.py python run.py name=mine \
    'state_space.operators=[3x3 conv,bottleneck,identity]'
"""

from pnas.children.network.layers import Layers, T
from pnas.children.network.operator_layers import conv_bn


def bottleneck(layers: Layers[T], x: T, filters: int, stride: int) -> T:
    """``x`` with ``filters`` filters, its height and width divided by ``stride`` (1 or 2)."""
    narrow = max(1, filters // 4)
    x = conv_bn(layers, layers.relu(x), narrow, 1)
    x = conv_bn(layers, layers.relu(x), narrow, 3, stride)
    return conv_bn(layers, layers.relu(x), filters, 1)


PNAS = {"operators": {"bottleneck": bottleneck}}
