import pytest
from support.drawn_cells import CHAIN, DEAD, FLAT, NODES, PNASNET_5

from pnas.errors import InvalidValue
from pnas.reports.cells.cell_graph import cell_graph
from pnas.state_space import Cell


@pytest.mark.parametrize(
    ("cell", "depths"),
    [
        (PNASNET_5, (1, 1, 1, 2, 1)),
        (CHAIN, (1, 2, 3, 4, 5)),
        (NODES, (1, 2, 3)),
        (DEAD, (1, 1, 1)),
    ],
)
def test_depth_follows_what_is_read(cell: Cell, depths: tuple[int, ...]) -> None:
    assert cell_graph(cell).depths == depths


@pytest.mark.parametrize(
    ("cell", "concat", "outputs"),
    [
        (PNASNET_5, "all", (0, 1, 2, 3, 4)),
        (PNASNET_5, "unused", (0, 1, 3, 4)),
        (CHAIN, "unused", (4,)),
        (NODES, "all", (2,)),
    ],
)
def test_outputs_are_all_blocks_or_those_that_none_reads(
    cell: Cell, concat: str, outputs: tuple[int, ...]
) -> None:
    assert cell_graph(cell, concat).outputs == outputs


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
def test_a_cell_without_a_graph_is_refused(cell: Cell, concat: str, message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        cell_graph(cell, concat)
