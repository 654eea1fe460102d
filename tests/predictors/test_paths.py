"""Functional paths and counts of cells, by hand."""

from collections import Counter

import numpy as np
import pytest

from pnas.predictors.paths import CellGraph, count_paths
from pnas.predictors.token_layout import TokenLayout
from pnas.state_space import ABSENT, Cell, NASBench201Space, Slot, SlotSpace, StateSpace
from pnas.state_space.wiring import Operand, Outputs, Wiring

SPACE = StateSpace(3, ["3x3 conv", "3x3 maxpool", "identity"])
_FACTOR = 0x9E3779B97F4A7C15


def _code(source: int, *operators: int) -> int:
    """Return the code of a path; its input and its operators are numbered from 1."""
    code = source
    for operator in operators:
        code = (code * _FACTOR + operator) % 2**64
    return code


def _paths(space: SlotSpace, cell: Cell) -> Counter[int]:
    return Counter(CellGraph(TokenLayout.of(space)).paths(space.encode([cell])).code.tolist())


def test_paths_of_a_block_are_its_operators() -> None:
    assert _paths(SPACE, Cell([(-1, "3x3 conv", -2, "3x3 maxpool")])) == Counter(
        [_code(1, 1), _code(2, 2)]
    )


def test_identity_is_left_out() -> None:
    assert _paths(SPACE, Cell([(-1, "identity", -1, "identity")])) == Counter({_code(1): 2})


def test_paths_go_through_blocks_and_every_block_is_output() -> None:
    cell = Cell(
        [
            (-1, "3x3 conv", -2, "identity"),
            (0, "3x3 maxpool", -2, "3x3 conv"),
            (1, "identity", 1, "3x3 conv"),
        ]
    )
    first = [_code(1, 1), _code(2)]
    second = [_code(1, 1, 2), _code(2, 2), _code(2, 1)]
    third = [*second, _code(1, 1, 2, 1), _code(2, 2, 1), _code(2, 1, 1)]
    assert _paths(SPACE, cell) == Counter(first + second + third)


def test_none_carries_nothing_and_the_last_node_is_the_output() -> None:
    space = NASBench201Space()
    none = "none"
    skip = "skip_connect"
    conv = "nor_conv_3x3"
    cell = Cell(
        [(conv,), (none, skip), (skip, none, conv)]
    )  # 0 -> 3, and 0 -conv-> 1 -> 2 -conv-> 3
    assert _paths(space, cell) == Counter([_code(1), _code(1, 4, 4)])
    assert _paths(space, Cell([(none,), (none, conv)])) == Counter()
    assert _paths(space, Cell([(conv,), (skip, conv)])) == Counter([_code(1), _code(1, 4, 4)])


def test_codes_are_the_same_in_larger_spaces_and_beside_larger_cells() -> None:
    cells = [
        Cell([(-1, "3x3 conv", -2, "identity")]),
        Cell([(-1, "3x3 conv", -2, "identity")] * 2 + [(1, "3x3 conv", 0, "3x3 conv")]),
    ]
    larger = StateSpace(6, SPACE.operators)
    together = CellGraph(TokenLayout.of(larger)).paths(larger.encode(cells))
    assert Counter(together.code[together.cell == 0].tolist()) == _paths(SPACE, cells[0])
    assert Counter(together.code[together.cell == 1].tolist()) == _paths(SPACE, cells[1])


def test_written_form_does_not_matter() -> None:
    graph = CellGraph(TokenLayout.of(SPACE))
    one = Cell(
        [
            (-1, "3x3 conv", -2, "identity"),
            (-2, "3x3 maxpool", -1, "identity"),
            (0, "identity", -1, "3x3 conv"),
        ]
    )
    other = Cell(
        [
            (-1, "identity", -2, "3x3 maxpool"),
            (-2, "identity", -1, "3x3 conv"),
            (-1, "3x3 conv", 1, "identity"),
        ]
    )
    assert SPACE.key(one) == SPACE.key(other)
    assert _paths(SPACE, one) == _paths(SPACE, other)
    tokens = SPACE.encode([one, other])
    for counts in (graph.operator_counts(tokens), graph.place_counts(tokens)):
        np.testing.assert_array_equal(counts[0], counts[1])


def test_operator_and_place_counts() -> None:
    graph = CellGraph(TokenLayout.of(SPACE))
    tokens = SPACE.encode(
        [
            Cell([(-1, "3x3 conv", -2, "identity"), (0, "3x3 conv", -1, "3x3 conv")]),
            Cell([(-2, "identity", -2, "identity")]),
        ]
    )
    assert graph.operator_counts(tokens).tolist() == [[3, 0, 1], [0, 0, 2]]
    assert graph.place_counts(tokens).tolist() == [
        [2, 0, 0, 0, 0, 1, 1, 0, 0],
        [0, 0, 0, 0, 0, 2, 0, 0, 0],
    ]


def test_what_a_cell_reads() -> None:
    graph = CellGraph(TokenLayout.of(SPACE))
    tokens = SPACE.encode(
        [
            Cell([(-1, "3x3 conv", -2, "identity"), (0, "3x3 conv", -1, "3x3 conv")]),
            Cell([(-2, "identity", -2, "identity")]),
        ]
    )
    assert graph.reads(graph.place_counts(tokens)).tolist() == [
        [True, True, True],
        [False, True, False],
    ]
    fixed = CellGraph(TokenLayout.of(NASBench201Space()))
    assert fixed.reads(np.zeros((2, 6))).tolist() == [[True], [True]]


def test_places_of_a_fixed_graph_are_edges_and_a_larger_space_appends() -> None:
    cell = Cell([("none",), ("nor_conv_3x3", "skip_connect")])
    counts = []
    for space in (NASBench201Space(2), NASBench201Space(3)):
        graph = CellGraph(TokenLayout.of(space))
        counts.append(graph.place_counts(space.encode([cell]))[0])
    small, large = counts
    assert np.flatnonzero(small).tolist() == [0, 13, 16]
    np.testing.assert_array_equal(large[: len(small)], small)
    assert not large[len(small) :].any()


def test_known_paths_are_counted_and_others_are_one_column() -> None:
    twice_known = Cell([(-1, "3x3 conv", -1, "3x3 conv")])
    once_known = Cell([(-2, "3x3 maxpool", -1, "3x3 conv")])
    graph = CellGraph(TokenLayout.of(SPACE))
    paths = graph.paths(SPACE.encode([twice_known, once_known]))

    known = np.array([_code(1, 1)], np.uint64)
    counts = count_paths(paths, 2, known)
    assert counts.tolist() == [[2, 0], [1, 1]]

    nothing_known = np.zeros(0, np.uint64)
    counts = count_paths(paths, 2, nothing_known)
    assert counts.tolist() == [[2], [2]]


def test_no_cells_and_cells_without_blocks() -> None:
    graph = CellGraph(TokenLayout.of(SPACE))
    assert len(graph.paths(np.zeros((0, 2, 4), np.int16)).code) == 0
    assert len(graph.paths(np.full((3, 2, 4), ABSENT, np.int16)).code) == 0


class Chosen(SlotSpace):
    """Blocks (input, operator); those that nothing reads are the output."""

    def slots(self, b):
        return (Slot("input", "input", (-1, 0, 1)[:b]), Slot("operator", "operator", OPERATORS))

    @property
    def vocabulary(self):
        return {"input": (-1, 0, 1)[: self.B], "operator": OPERATORS}

    @property
    def wiring(self):
        operand = Operand(operator=1, input=0)
        return Wiring((operand,), Outputs.UNREAD, pass_through=("through",), zero=("nothing",))

    def spec(self):
        return {"kind": "chosen", "B": self.B}


OPERATORS = ("conv", "through", "nothing")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("(-1, conv), (0, conv), (1, through)", "(-1, through), (0, conv), (1, conv)"),
        ("(-1, conv), (-1, nothing), (1, conv)", "(-1, conv), (0, through), (-1, nothing)"),
    ],
)
def test_paths_follow_the_wiring_that_a_space_declares(one, other):
    space = Chosen(3)
    graph = CellGraph(TokenLayout.of(space))
    paths = graph.paths(space.encode([Cell.parse(one), Cell.parse(other)]))
    first = paths.code[paths.cell == 0]
    second = paths.code[paths.cell == 1]
    assert sorted(first.tolist()) == sorted(second.tolist())


def test_only_blocks_that_nothing_reads_are_outputs():
    space = Chosen(3)
    graph = CellGraph(TokenLayout.of(space))
    chain = Cell.parse("(-1, conv), (0, conv), (1, conv)")
    parallel = Cell.parse("(-1, conv), (-1, conv), (-1, conv)")
    paths = graph.paths(space.encode([chain, parallel]))
    assert np.bincount(paths.cell).tolist() == [1, 3]


def test_a_declared_wiring_is_stored_and_an_inferred_one_is_not():
    declared = TokenLayout.of(Chosen(3))
    assert TokenLayout.from_json(declared.to_json()) == declared
    inferred = TokenLayout.of(StateSpace(2))
    assert "wiring" not in inferred.to_json()
    assert TokenLayout.from_json(inferred.to_json()) == inferred
