import numpy as np
import pytest
from support.cells import enumerated_cells

from pnas.errors import InvalidValue
from pnas.state_space import Cell, NASBench201Space
from pnas.state_space.nasbench201 import OPERATORS, full_cell


def test_every_stage_has_all_its_cells():
    space = NASBench201Space()
    assert [space.num_cells(b) for b in (1, 2, 3)] == [5, 125, 15_625]
    cells = space.initial_children()
    for b, count in ((2, 125), (3, 15_625)):
        candidates = space.expand(cells)
        cells = space.decode(candidates.tokens)
        assert len(set(cells)) == count
        assert candidates.generated == count
        assert space.num_candidates(space.num_cells(b - 1), b) == count


def test_enumeration_in_chunks():
    chunks = list(NASBench201Space().iter_cells(3, chunk=4000))
    assert [len(tokens) for tokens in chunks] == [4000, 4000, 4000, 3625]
    assert len(np.unique(np.concatenate(chunks), axis=0)) == 15_625


def test_text_tokens_and_back():
    space = NASBench201Space()
    one_node = Cell.parse("(nor_conv_3x3)")
    two_nodes = Cell.parse("(nor_conv_3x3), (none, skip_connect)")
    cells = [one_node, two_nodes]
    tokens = space.encode(cells)
    assert tokens.tolist() == [[[3, -1, -1], [-1, -1, -1]], [[3, -1, -1], [0, 1, -1]]]
    assert space.decode(tokens) == cells
    assert [space.check(cell) for cell in cells] == cells
    assert len({space.key(cell) for cell in cells}) == 2


@pytest.mark.parametrize(
    ("text", "operators"),
    [
        ("(nor_conv_3x3)", "nor_conv_3x3 none skip_connect none none skip_connect"),
        (
            "(nor_conv_3x3), (skip_connect, none)",
            "nor_conv_3x3 skip_connect none none none skip_connect",
        ),
        (
            "(none), (none, none), (skip_connect, avg_pool_3x3, nor_conv_1x1)",
            "none none none skip_connect avg_pool_3x3 nor_conv_1x1",
        ),
    ],
)
def test_small_cells_in_the_table(text, operators):
    assert full_cell(Cell.parse(text)) == tuple(operators.split())


def test_cells_of_one_size_are_different_rows_of_the_table():
    space = NASBench201Space()
    for b in (1, 2, 3):
        rows = {full_cell(cell) for cell in enumerated_cells(space, b)}
        assert len(rows) == space.num_cells(b)
        for row in rows:
            assert len(row) == 6
            assert set(row) <= set(OPERATORS)


@pytest.mark.parametrize("B", [0, 4, "3", True])
def test_B_is_from_1_to_3(B):
    with pytest.raises(InvalidValue, match=r"^state_space\.B: "):
        NASBench201Space(B)


@pytest.mark.parametrize(
    "text", ["(nor_conv_5x5)", "(none, none)", "(none), (none)", "(-1, none, -2, none)"]
)
def test_cells_outside_the_space_are_refused(text):
    with pytest.raises(InvalidValue, match=r"^cell: "):
        NASBench201Space().check(Cell.parse(text))
