import random
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from pnas.errors import InvalidValue
from pnas.reports import draw_cell
from pnas.reports.cells.cell_graph import cell_graph
from pnas.reports.cells.drawing_layout import Box, Edge, Layout, lay_out
from pnas.reports.cells.lane_assignment import arrange, crossings
from pnas.state_space import Cell

PNASNET_5 = Cell.parse(
    "(-2, 5x5 dconv, -2, 3x3 maxpool), (-1, 7x7 dconv, -1, 3x3 maxpool), (-1, 5x5 dconv, -1, 3x3 dconv), "
    "(2, 3x3 dconv, -1, 3x3 maxpool), (-2, 3x3 dconv, -1, identity)"
)
FLAT = Cell([(-1, "3x3 dconv", -1, "identity")] * 3)
CHAIN = Cell([(index - 1, "3x3 dconv", index - 1, "identity") for index in range(5)])
NODES = Cell(
    [("nor_conv_3x3",), ("none", "skip_connect"), ("avg_pool_3x3", "nor_conv_1x1", "nor_conv_3x3")]
)
DEAD = Cell([("none",), ("none", "none"), ("none", "none", "none")])


def random_cell(blocks: int, seed: int) -> Cell:
    draw = random.Random(seed)
    return Cell(
        [
            (
                draw.randrange(-2, i),
                "3x3 dconv",
                draw.randrange(-2, i),
                draw.choice(["identity", "1x7-7x1 conv"]),
            )
            for i in range(blocks)
        ]
    )


RANDOM = [random_cell(blocks, seed) for blocks in range(1, 9) for seed in range(4)]


def ids(path: Path, prefix: str) -> list[str]:
    found = (element.get("id") or "" for element in ElementTree.parse(path).iter())
    return [name for name in found if name.startswith(prefix)]


def words(path: Path) -> list[str]:
    return [
        "".join(element.itertext())
        for element in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")
    ]


# -- what is drawn -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", [PNASNET_5, FLAT, CHAIN, *RANDOM[::5]], ids=str)
def test_two_operators_and_one_add_a_block(cell: Cell, tmp_path: Path) -> None:
    path = draw_cell(cell, tmp_path / "cell.svg")
    assert len(ids(path, "operator-")) == 2 * len(cell)
    assert len(ids(path, "add-")) == len(ids(path, "block-")) == len(cell)
    assert len(ids(path, "output")) == 1
    assert len(ids(path, "concat")) == (len(cell) > 1)


def test_pnasnet_5(tmp_path: Path) -> None:
    path = draw_cell(PNASNET_5, tmp_path / "cell.svg", title="PNASNet-5")
    texts = words(path)
    assert {"PNASNet-5", "h[-1]", "h[-2]", "concat", "output"} <= set(texts)
    assert texts.count("3x3 maxpool") == texts.count("3x3 dconv") == 3


def test_a_flat_cell_reads_one_input(tmp_path: Path) -> None:
    assert ids(draw_cell(FLAT, tmp_path / "cell.svg"), "input") == ["input-1"]


def test_nasbench201_cells_have_no_concat_and_no_none(tmp_path: Path) -> None:
    path = draw_cell(NODES, tmp_path / "cell.svg")
    assert len(ids(path, "operator-")) == 5
    assert ids(path, "concat") == []
    assert "none" not in words(path)


def test_png_has_the_size_of_its_layout(tmp_path: Path) -> None:
    layout = lay_out(cell_graph(PNASNET_5))
    with Image.open(draw_cell(PNASNET_5, tmp_path / "cell.png", dpi=100)) as image:
        image.verify()
        assert image.size == (int(100 * layout.width), int(100 * layout.height))


def test_odd_names_are_escaped_and_long_ones_cut(tmp_path: Path) -> None:
    odd = Cell([(-1, "<b>&\"'$x^2$</b>", -1, "x" * 99)])
    texts = words(draw_cell(odd, tmp_path / "cell.svg", title="a < b & $c$ <script>"))
    assert "<b>&\"'$x^2$</b>" in texts
    assert "x" * 25 + "…" in texts
    assert "a < b & $c$ <script>" in " ".join(texts)


def test_the_same_cell_gives_the_same_file(tmp_path: Path) -> None:
    first, second = (
        draw_cell(PNASNET_5, tmp_path / name).read_bytes() for name in ("a.svg", "b.svg")
    )
    assert first == second


# -- what the graph says -------------------------------------------------------------------------------------


def test_depth_follows_what_is_read() -> None:
    assert cell_graph(PNASNET_5).depths == (1, 1, 1, 2, 1)
    assert cell_graph(CHAIN).depths == (1, 2, 3, 4, 5)
    assert cell_graph(NODES).depths == (1, 2, 3)
    assert cell_graph(DEAD).depths == (1, 1, 1)


def test_what_is_concatenated() -> None:
    assert cell_graph(PNASNET_5).outputs == (0, 1, 2, 3, 4)
    assert cell_graph(PNASNET_5, "unused").outputs == (0, 1, 3, 4)
    assert cell_graph(CHAIN, "unused").outputs == (4,)
    assert cell_graph(NODES).outputs == (2,)


@pytest.mark.parametrize(
    ("cell", "concat", "message"),
    [
        (Cell([(-1, "a", 0, "b")]), "all", "block 0 must read previous cells or earlier blocks"),
        (Cell([(-1, "a", -1, "b"), (5, "a", -1, "b")]), "all", "block 1 must read"),
        (Cell([("a", "b")]), "all", "must be made of PNAS blocks or of NAS-Bench-201 nodes"),
        (Cell([]), "all", "must have at least one block"),
        (FLAT, "some", "child.concat: must be one of all, unused"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    cell: Cell, concat: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidValue, match=message):
        draw_cell(cell, tmp_path / "cell.png", concat)


def test_other_kinds_of_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"must end in \.png or \.svg"):
        draw_cell(FLAT, tmp_path / "cell.gif")


# -- where things stand --------------------------------------------------------------------------------------


def path_of(edge: Edge) -> Iterator[tuple[float, float]]:
    """Points along an edge: a cubic curve with level ends, then a straight line."""
    for step in range(101):
        t = step / 100
        x = edge.x + (edge.bend - edge.x) * ((1 - t) ** 2 * t * 1.5 + (1 - t) * t**2 * 1.5 + t**3)
        yield x, edge.y + (edge.end_y - edge.y) * t * t * (3 - 2 * t)
        yield edge.bend + (edge.end_x - edge.bend) * t, edge.end_y


def boxes_of(layout: Layout) -> list[Box]:
    inner = [box for boxes in layout.operators for box in boxes]
    return [
        *layout.inputs.values(),
        *inner,
        *layout.adds,
        *([layout.concat] if layout.concat else []),
        layout.output,
    ]


def overlap(a: Box, b: Box) -> bool:
    return abs(a.x - b.x) < (a.width + b.width) / 2 and abs(a.y - b.y) < (a.height + b.height) / 2


def inside(box: Box, x: float, y: float) -> bool:
    return box.left + 0.01 < x < box.right - 0.01 and box.top + 0.01 < y < box.bottom - 0.01


@pytest.mark.parametrize("cell", [PNASNET_5, FLAT, CHAIN, NODES, DEAD, *RANDOM], ids=str)
def test_no_box_meets_another_box_or_an_edge(cell: Cell) -> None:
    layout = lay_out(cell_graph(cell), "title")
    boxes = boxes_of(layout)
    for a in boxes:
        assert min(a.left, a.top) > 0
        assert a.right < layout.width
        assert a.bottom < layout.height
        overlaps = [b for b in boxes if overlap(a, b)]
        assert overlaps == [a]
        assert not [edge for edge in layout.edges if any(inside(a, x, y) for x, y in path_of(edge))]


@pytest.mark.parametrize("cell", [PNASNET_5, FLAT, CHAIN, NODES], ids=str)
def test_these_need_no_crossing(cell: Cell) -> None:
    graph = cell_graph(cell)
    assert crossings(graph, arrange(graph)) == 0
