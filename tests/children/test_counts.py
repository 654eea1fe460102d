import subprocess
import sys
import time

import pytest

from pnas.children import NetworkSpec, check_image, count_network
from pnas.errors import InvalidValue
from pnas.state_space import Cell

PNASNET5 = Cell.parse(
    "(-2, 5x5 dconv, -2, 3x3 maxpool), (-1, 7x7 dconv, -1, 3x3 maxpool), (-1, 5x5 dconv, -1, 3x3 dconv), "
    "(2, 3x3 dconv, -1, 3x3 maxpool), (-2, 3x3 dconv, -1, identity)"
)
IDENTITY = Cell.parse("(-1, identity, -1, identity)")


def test_pnasnet5_on_cifar10_has_the_published_size() -> None:
    counts = count_network(PNASNET5, NetworkSpec(repeats=3, filters=48), (32, 32, 3), 10)
    assert counts.params == pytest.approx(3.189e6, abs=500)


def test_smallest_network_by_hand() -> None:
    # Stem 3x3, 1->6 (BN 12); cell 0: 1x1, 6->2 (BN 4); cell 1: 1x1, 2->4 (BN 8), and as stride-2 identities
    # twice 1x1, 4->4 (BN 8); cell 2: 1x1, 4->8 (BN 16), and twice 1x1, 8->8 (BN 16); dense 8->3.
    params = (54 + 12) + (12 + 4) + (8 + 8) + 2 * (16 + 8) + (32 + 16) + 2 * (64 + 16) + (24 + 3)
    flops = 64 * (54 + 12 + 8) + 16 * (2 * 16 + 32) + 4 * 2 * 64 + 24
    assert count_network(IDENTITY, NetworkSpec(filters=2), (8, 8, 1), 3) == (params, flops)


def test_flat_network_reads_the_image_and_has_two_cells() -> None:
    # One 3x3 conv an operator: 1->2 and 2->4, stride 2, batch normalised; no stem, no projection.
    cell = Cell.parse("(-1, 3x3 conv, -1, 3x3 conv)")
    params = 2 * (9 * 2 + 4) + 2 * (9 * 8 + 8) + (4 * 10 + 10)
    flops = 2 * 16 * 18 + 2 * 4 * 72 + 40
    assert count_network(cell, NetworkSpec(kind="flat", filters=2), (8, 8, 1), 10) == (params, flops)


def test_unused_blocks_only_makes_a_narrower_output() -> None:
    sizes = {
        concat: count_network(PNASNET5, NetworkSpec(concat=concat), (8, 8, 1), 10).params
        for concat in ("all", "unused")
    }
    # Block 2 is read by block 3: projections and the head no longer read its 8, 16 and 32 channels.
    assert sizes["unused"] < sizes["all"]


def test_a_cell_that_nothing_reads_is_not_built() -> None:
    # Cell 2 reads cell 0 only, so that cell 1 is dead: the same network but for cell 1's own parameters.
    cell = Cell.parse("(-2, 3x3 conv, -2, identity)")
    few = count_network(cell, NetworkSpec(filters=2), (8, 8, 1), 10)
    both = count_network(Cell.parse("(-2, 3x3 conv, -1, identity)"), NetworkSpec(filters=2), (8, 8, 1), 10)
    assert few.params < both.params


def test_counting_a_paper_sized_child_takes_milliseconds() -> None:
    start = time.perf_counter()
    for _ in range(10):
        count_network(PNASNET5, NetworkSpec(repeats=6, filters=44), (32, 32, 3), 10)
    assert (time.perf_counter() - start) / 10 < 0.05


@pytest.mark.parametrize(
    ("kind", "size", "is_large_enough"),
    [("pnas", 2, False), ("pnas", 3, True), ("flat", 2, False), ("flat", 3, True)],
)
def test_smallest_image(kind: str, size: int, is_large_enough: bool) -> None:
    network = NetworkSpec(kind=kind)
    if is_large_enough:
        check_image(network, (size, size, 1))
        return
    with pytest.raises(InvalidValue, match="at least 3 pixels"):
        check_image(network, (9, size, 1))


def test_unknown_operator_and_foreign_cells_are_refused() -> None:
    with pytest.raises(InvalidValue, match="operator"):
        count_network(Cell.parse("(-1, 3x3 dream, -1, identity)"), NetworkSpec(), (8, 8, 1), 10)
    with pytest.raises(InvalidValue, match="cell"):
        count_network(Cell.parse("(nor_conv_1x1, none)"), NetworkSpec(), (8, 8, 1), 10)
    with pytest.raises(InvalidValue, match="cell"):
        count_network(Cell.parse("(-1, identity, 0, identity)"), NetworkSpec(), (8, 8, 1), 10)


def test_importing_and_counting_does_not_import_tensorflow() -> None:
    code = (
        "import sys; from pnas.children import *; from pnas.state_space import Cell; "
        "count_network(Cell.parse('(-1, 3x3 conv, -2, identity)'), NetworkSpec(), (8, 8, 1), 10); "
        "assert not {'tensorflow', 'keras', 'mlflow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
