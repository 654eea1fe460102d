import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from pnas.reports.cells.cell_svg import cell_svg
from pnas.reports.charts.svg_plot import Plot, element, ticks

from pnas.children.network_specs import PNASNetworkSpec
from pnas.reports.cells.network_drawing import draw_network, network_row, network_svg
from pnas.state_space import Cell

SVG = "{http://www.w3.org/2000/svg}"
CELL = Cell.parse("(-2, 5x5 dconv, -1, identity), (0, 3x3 maxpool, -1, 3x3 dconv)")


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ET.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.91, 0.94, [0.91, 0.92, 0.93, 0.94]),
        (0, 1160, [0, 500, 1000]),
        (3, 3, [3]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


def test_texts_and_attributes_are_escaped() -> None:
    assert (
        element("text", '<b>"&', data_c='"><i>')
        == '<text data-c="&#34;&gt;&lt;i&gt;">&lt;b&gt;&#34;&amp;</text>'
    )


def test_a_plot_places_values_and_keeps_them_inside() -> None:
    plot = Plot((0, 10), (0, 1), "x", "y", "title")
    assert plot.at_x(0) < plot.at_x(10)
    assert plot.at_y(1) < plot.at_y(0) == plot.at_y(-5)
    plot.steps([(1, 0.2), (4, 0.8)])
    assert ET.fromstring(plot.svg()).find(f"{SVG}title").text == "title"  # type: ignore[union-attr]


def test_a_cell_shows_its_inputs_operators_and_output() -> None:
    shown = texts(cell_svg(CELL))
    for text in (
        "h[-1]",
        "h[-2]",
        "5x5 dconv",
        "identity",
        "3x3 maxpool",
        "3x3 dconv",
        "concat",
        "output",
    ):
        assert text in shown


def test_only_unused_blocks_can_be_the_output() -> None:
    assert "concat" not in texts(cell_svg(CELL, "unused"))


def test_the_network_has_3N_cells() -> None:
    stops = network_row(PNASNetworkSpec(repeats=2, filters=8)).stops
    assert [stop.text for stop in stops] == [
        "image", "stem", "cell", "cell", "cell /2", "cell", "cell /2", "cell", "pool", "dense",
    ]  # fmt: skip
    assert [stop.below for stop in stops if stop.is_cell] == [
        f"{f} filters" for f in (8, 8, 16, 16, 32, 32)
    ]


def test_equal_cells_of_a_long_network_share_a_box() -> None:
    texts_of = [
        stop.text
        for stop in network_row(PNASNetworkSpec(repeats=6, filters=32)).stops
        if stop.is_cell
    ]
    assert texts_of == ["cell x 6", "cell /2", "cell x 5", "cell /2", "cell x 5"]


def test_arcs_show_the_cell_before_the_last() -> None:
    assert len(network_row(PNASNetworkSpec(repeats=1), CELL).arcs) == 2
    assert (
        network_row(PNASNetworkSpec(repeats=1), Cell.parse("(-1, identity, -1, 3x3 dconv)")).arcs
        == ()
    )


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_network_is_drawn_to_a_file(tmp_path: Path, suffix: str) -> None:
    assert draw_network(PNASNetworkSpec(), tmp_path / f"net.{suffix}", CELL).stat().st_size > 1000
    assert "16 filters" in texts(network_svg(PNASNetworkSpec(filters=8), CELL))
