"""Sizes of networks: the published ones, small ones by hand, and what is refused."""

import subprocess
import sys
import time

import pytest

from pnas.children import (
    FlatNetworkSpec,
    NetworkSpec,
    PNASNetworkSpec,
    check_image,
    count_network,
)
from pnas.errors import InvalidValue
from pnas.state_space import Cell
from pnas.state_space.named_cells import PRESETS

PNASNET5 = PRESETS["pnasnet5"]
MOBILE = PNASNetworkSpec(stem="imagenet", stem_multiplier=1, repeats=3, filters=54)
LARGE = PNASNetworkSpec(stem="imagenet", stem_multiplier=3, repeats=4, filters=216)
IDENTITY = Cell.parse("(-1, identity, -1, identity)")


def test_pnasnet5_on_cifar10_has_the_published_size() -> None:
    network = PNASNetworkSpec(repeats=3, filters=48)
    counts = count_network(PNASNET5, network, (32, 32, 3), 10)
    assert counts.params == pytest.approx(3.189e6, abs=500)


def test_pnasnet5_on_imagenet_has_the_published_sizes() -> None:
    # Paper, table 5: 5.1 M parameters and 588 M multiply-adds (mobile), 86.1 M and 25.0 B (large).
    mobile = count_network(PNASNET5, MOBILE, (224, 224, 3), 1001)
    assert round(mobile.params / 1e6, 1) == 5.1
    assert mobile.flops == pytest.approx(588e6, rel=0.002)

    large = count_network(PNASNET5, LARGE, (331, 331, 3), 1001)
    assert round(large.params / 1e6, 1) == 86.1
    assert large.flops == pytest.approx(25e9, rel=0.003)


def test_auxiliary_head_by_hand() -> None:
    cell = Cell([(-1, "3x3 conv", -1, "identity")] * 4)
    network = PNASNetworkSpec(filters=2)
    plain = count_network(cell, network, (16, 16, 1), 10)
    with_head = count_network(cell, network, (16, 16, 1), 10, aux_head=True)

    # On 4 * 4 channels of 8x8 pixels, pooled to 2x2: 1x1 to 128 and 2x2 to 768, both with batch
    # normalization, then dense.
    first_kernel = 4 * 4 * 128
    second_kernel = 4 * 128 * 768
    dense_kernel = 768 * 10
    extra_params = (first_kernel + 2 * 128) + (second_kernel + 2 * 768) + (dense_kernel + 10)
    extra_madds = 4 * first_kernel + second_kernel + dense_kernel
    assert with_head.params - plain.params == extra_params
    assert with_head.flops - plain.flops == extra_madds


@pytest.mark.parametrize(
    ("cell", "side", "message"),
    [
        (IDENTITY, 8, r"trainer.aux_weight.*5x5 pixels.*4x4"),
        (Cell.parse("(-4, identity, -4, identity)"), 16, r"trainer.aux_weight.*look past"),
    ],
)
def test_auxiliary_head_that_does_not_fit_is_refused(cell: Cell, side: int, message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        count_network(cell, PNASNetworkSpec(), (side, side, 1), 10, aux_head=True)


def test_smallest_network_by_hand() -> None:
    # Stem 3x3, 1->6 (BN 12); cell 0: 1x1, 6->2 (BN 4); cell 1: 1x1, 2->4 (BN 8), and as stride-2
    # identities twice 1x1, 4->4 (BN 8); cell 2: 1x1, 4->8 (BN 16), and twice 1x1, 8->8 (BN 16);
    # dense 8->3.
    params = (54 + 12) + (12 + 4) + (8 + 8) + 2 * (16 + 8) + (32 + 16) + 2 * (64 + 16) + (24 + 3)
    flops = 64 * (54 + 12 + 8) + 16 * (2 * 16 + 32) + 4 * 2 * 64 + 24
    counts = count_network(IDENTITY, PNASNetworkSpec(filters=2), (8, 8, 1), 3)
    assert counts == (params, flops)


def test_flat_network_reads_the_image_and_has_two_cells() -> None:
    # One 3x3 conv an operator: 1->2 and 2->4, stride 2, batch normalized; no stem, no projection.
    cell = Cell.parse("(-1, 3x3 conv, -1, 3x3 conv)")
    params = 2 * (9 * 2 + 4) + 2 * (9 * 8 + 8) + (4 * 10 + 10)
    flops = 2 * 16 * 18 + 2 * 4 * 72 + 40
    assert count_network(cell, FlatNetworkSpec(filters=2), (8, 8, 1), 10) == (params, flops)


def test_a_cell_with_unused_blocks_only_has_a_narrower_output() -> None:
    every = count_network(PNASNET5, PNASNetworkSpec(concat="all"), (8, 8, 1), 10)
    unused = count_network(PNASNET5, PNASNetworkSpec(concat="unused"), (8, 8, 1), 10)
    # Block 2 is read by block 3: projections and the head no longer read its channels.
    assert unused.params < every.params


def test_a_cell_that_nothing_reads_is_not_built() -> None:
    # Cell 2 reads cell 0 only, so cell 1 is dead: the same network but for its parameters.
    network = PNASNetworkSpec(filters=2)
    looking_past = Cell.parse("(-2, 3x3 conv, -2, identity)")
    reading_both = Cell.parse("(-2, 3x3 conv, -1, identity)")
    few = count_network(looking_past, network, (8, 8, 1), 10)
    more = count_network(reading_both, network, (8, 8, 1), 10)
    assert few.params < more.params


def test_counting_a_paper_sized_child_takes_milliseconds() -> None:
    network = PNASNetworkSpec(repeats=6, filters=44)
    start = time.perf_counter()
    for _ in range(10):
        count_network(PNASNET5, network, (32, 32, 3), 10)
    seconds = (time.perf_counter() - start) / 10
    assert seconds < 0.05


@pytest.mark.parametrize(
    ("network", "size"),
    [
        (PNASNetworkSpec(), 3),
        (FlatNetworkSpec(), 3),
        (PNASNetworkSpec(stem="imagenet"), 19),
    ],
)
def test_smallest_image(network: NetworkSpec, size: int) -> None:
    check_image(network, (size, size, 1))
    count_network(PNASNET5, network, (size, size, 1), 10)
    with pytest.raises(InvalidValue, match=f"at least {size} pixels"):
        check_image(network, (30, size - 1, 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(-1, 3x3 dream, -1, identity)", "operator"),
        ("(nor_conv_1x1, none)", "cell"),
        ("(-1, identity, 0, identity)", "cell"),
    ],
)
def test_unknown_operators_and_foreign_cells_are_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        count_network(Cell.parse(text), PNASNetworkSpec(), (8, 8, 1), 10)


COUNT_WITHOUT_TENSORFLOW = """
import sys
from pnas.children import *
from pnas.state_space import Cell

count_network(Cell.parse('(-1, 3x3 conv, -2, identity)'), PNASNetworkSpec(), (8, 8, 1), 10)
assert not {'tensorflow', 'keras', 'mlflow'} & set(sys.modules)
"""


def test_importing_and_counting_does_not_import_tensorflow() -> None:
    subprocess.run([sys.executable, "-c", COUNT_WITHOUT_TENSORFLOW], check=True)
