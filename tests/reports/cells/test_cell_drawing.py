from pathlib import Path

import pytest
from support.drawn_cells import CHAIN, FLAT, NODES, PNASNET_5, RANDOM
from support.svg_reading import ids_in, size_of_png, texts_in, texts_of

from pnas.errors import InvalidValue
from pnas.reports import draw_cell
from pnas.reports.cells.cell_drawing import cell_svg
from pnas.reports.cells.cell_graph import cell_graph
from pnas.reports.cells.cell_layout import lay_out_cell
from pnas.state_space import Cell

TWO_BLOCKS = Cell.parse("(-2, 5x5 dconv, -1, identity), (0, 3x3 maxpool, -1, 3x3 dconv)")


@pytest.mark.parametrize("cell", [PNASNET_5, FLAT, CHAIN, *RANDOM[::5]], ids=str)
def test_a_block_has_two_operators_and_one_add(cell: Cell, tmp_path: Path) -> None:
    path = draw_cell(cell, tmp_path / "cell.svg")
    assert len(ids_in(path, "operator-")) == 2 * len(cell)
    assert len(ids_in(path, "add-")) == len(cell)
    assert len(ids_in(path, "block-")) == len(cell)
    assert len(ids_in(path, "output")) == 1
    assert len(ids_in(path, "concat")) == (len(cell) > 1)


def test_pnasnet_5(tmp_path: Path) -> None:
    path = draw_cell(PNASNET_5, tmp_path / "cell.svg", title="PNASNet-5")
    texts = texts_in(path)
    assert {"PNASNet-5", "h[-1]", "h[-2]", "concat", "output"} <= set(texts)
    assert texts.count("3x3 maxpool") == 3
    assert texts.count("3x3 dconv") == 3


def test_a_cell_shows_its_inputs_operators_and_output() -> None:
    texts = set(texts_of(cell_svg(TWO_BLOCKS)))
    assert {"h[-1]", "h[-2]", "concat", "output"} <= texts
    assert {"5x5 dconv", "identity", "3x3 maxpool", "3x3 dconv"} <= texts


def test_one_unused_block_is_the_output_without_a_concatenation() -> None:
    assert "concat" not in texts_of(cell_svg(TWO_BLOCKS, "unused"))


def test_a_flat_cell_reads_one_input(tmp_path: Path) -> None:
    assert ids_in(draw_cell(FLAT, tmp_path / "cell.svg"), "input") == ["input-1"]


def test_nasbench201_cells_have_no_concat_and_no_none(tmp_path: Path) -> None:
    path = draw_cell(NODES, tmp_path / "cell.svg")
    assert len(ids_in(path, "operator-")) == 5
    assert ids_in(path, "concat") == []
    assert "none" not in texts_in(path)


def test_a_png_has_the_size_of_its_layout(tmp_path: Path) -> None:
    layout = lay_out_cell(cell_graph(PNASNET_5))
    width, height = size_of_png(draw_cell(PNASNET_5, tmp_path / "cell.png", dpi=100))
    assert width == pytest.approx(100 * layout.width, abs=1)
    assert height == pytest.approx(100 * layout.height, abs=1)


def test_odd_names_are_escaped_and_long_ones_cut(tmp_path: Path) -> None:
    odd = Cell([(-1, "<b>&\"'$x^2$</b>", -1, "x" * 99)])
    texts = texts_in(draw_cell(odd, tmp_path / "cell.svg", title="a < b & $c$ <script>"))
    assert "<b>&\"'$x^2$</b>" in texts
    assert "x" * 25 + "…" in texts
    assert "a < b & $c$ <script>" in " ".join(texts)


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_the_same_cell_gives_the_same_file(tmp_path: Path, suffix: str) -> None:
    first = draw_cell(PNASNET_5, tmp_path / f"a.{suffix}").read_bytes()
    second = draw_cell(PNASNET_5, tmp_path / f"b.{suffix}").read_bytes()
    assert first == second


def test_a_cell_that_has_no_graph_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="must have at least one block"):
        draw_cell(Cell([]), tmp_path / "cell.png")


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"must end in \.png or \.svg"):
        draw_cell(FLAT, tmp_path / "cell.gif")
