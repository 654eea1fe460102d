from pathlib import Path

import pytest
from support.svg_reading import texts_of

from pnas.children.network_specs import NetworkSpec, PNASNetworkSpec
from pnas.reports.cells.network_drawing import draw_network, network_svg
from pnas.reports.cells.network_layout import NetworkPart, lay_out_network
from pnas.state_space import Cell

READS_TWO_CELLS = Cell.parse("(-2, 5x5 dconv, -1, identity), (0, 3x3 maxpool, -1, 3x3 dconv)")
READS_ONE_CELL = Cell.parse("(-1, identity, -1, 3x3 dconv)")


def cell_parts(network: NetworkSpec) -> list[NetworkPart]:
    return [part for part in lay_out_network(network).parts if part.is_cell]


def test_a_network_has_3N_cells() -> None:
    network = PNASNetworkSpec(repeats=2, filters=8)
    assert [part.text for part in lay_out_network(network).parts] == [
        "image", "stem", "cell", "cell", "cell /2", "cell", "cell /2", "cell", "pool", "dense",
    ]  # fmt: skip
    filters = [part.below for part in cell_parts(network)]
    assert filters == [f"{number} filters" for number in (8, 8, 16, 16, 32, 32)]


def test_equal_cells_of_a_long_network_share_a_box() -> None:
    texts = [part.text for part in cell_parts(PNASNetworkSpec(repeats=6, filters=32))]
    assert texts == ["cell x 6", "cell /2", "cell x 5", "cell /2", "cell x 5"]


@pytest.mark.parametrize(("cell", "arcs"), [(READS_TWO_CELLS, 2), (READS_ONE_CELL, 0), (None, 0)])
def test_arcs_show_the_cell_before_the_last(cell: Cell | None, arcs: int) -> None:
    assert len(lay_out_network(PNASNetworkSpec(repeats=1), cell).arcs) == arcs


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_network_is_drawn_to_a_file(tmp_path: Path, suffix: str) -> None:
    path = draw_network(PNASNetworkSpec(), tmp_path / f"net.{suffix}", READS_TWO_CELLS)
    assert path.stat().st_size > 1000


def test_a_network_names_its_filters() -> None:
    assert "16 filters" in texts_of(network_svg(PNASNetworkSpec(filters=8), READS_TWO_CELLS))
