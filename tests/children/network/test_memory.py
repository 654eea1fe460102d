"""The counted memory of an inference."""

import pytest

from pnas.children import PNASNetworkSpec, count_network
from pnas.children.network.memory import MemoryLayers, memory_of_network
from pnas.state_space import Cell

NETWORK = PNASNetworkSpec(filters=8)
SMALL = Cell.parse("(-1, identity, -1, identity)")
LARGE = Cell.parse("(-1, 5x5 dconv, -2, 3x3 maxpool), (0, 3x3 conv, -1, identity)")


def test_the_peak_is_that_of_the_tensors_that_live_together() -> None:
    layers = MemoryLayers()
    image = layers.image((4, 4, 1))  # 16 values, read by the convolution only
    x = layers.batch_norm(layers.conv(image, 2, 3))  # 32
    left = layers.max_pool(x, 2, stride=2)  # 8, beside x
    right = layers.avg_pool(x, 2, stride=2)  # 8: 48 values live, as many as before
    y = layers.add(left, right)
    layers.dense(layers.global_pool(y), 10, "logits")
    assert layers.peak() == 16 + 32
    assert layers.weights == 3 * 3 * 1 * 2 + 4 * 2 + (2 + 1) * 10


def test_a_tensor_lives_until_the_last_operation_that_reads_it() -> None:
    layers = MemoryLayers()
    x = layers.conv(layers.image((2, 2, 1)), 4, 1)  # 16
    rectified = layers.relu(x)  # 16
    assert layers.relu(x) is rectified
    between = layers.max_pool(rectified, 3)  # 16
    layers.add(x, between)  # 16, beside x and the pooled one
    assert layers.peak() == 3 * 16


def test_drop_path_and_dropout_make_no_tensor() -> None:
    layers = MemoryLayers()
    x = layers.image((2, 2, 1))
    assert layers.drop_path(x, 0.5) is x
    assert layers.dropout(x) is x


@pytest.mark.parametrize("cell", [SMALL, LARGE])
def test_weights_are_in_it_once_and_tensors_once_an_example(cell: Cell) -> None:
    one = memory_of_network(cell, NETWORK, (8, 8, 1), 10)
    two = memory_of_network(cell, NETWORK, (8, 8, 1), 10, batch=2)
    weights = count_network(cell, NETWORK, (8, 8, 1), 10).params
    assert one < two < 2 * one
    assert one > 4 * weights / 1e6


def test_a_larger_cell_takes_more() -> None:
    small = memory_of_network(SMALL, NETWORK, (8, 8, 1), 10)
    large = memory_of_network(LARGE, NETWORK, (8, 8, 1), 10)
    assert large > small
