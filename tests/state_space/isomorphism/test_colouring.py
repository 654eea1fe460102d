import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cells import DIFFERENT, random_cell, shuffled, written_cells

from pnas.state_space import Cell, StateSpace
from pnas.state_space.isomorphism.canonical import canonical_form
from pnas.state_space.isomorphism.colouring import block_colours, class_keys

OPERATORS = ["3x3 conv", "identity", "3x3 maxpool"]


def keys(cells: list[Cell]) -> np.ndarray:
    space = StateSpace(max(map(len, cells)), OPERATORS)
    return class_keys(space.encode(cells), 2)


SPACES = [
    # look-back, operators, b
    (-1, 2, 3),
    (-2, 1, 3),
    (-1, 1, 4),
    (-2, 3, 2),
]


@pytest.mark.parametrize(("lookback", "operators", "b"), SPACES)
def test_keys_part_cells_as_canonical_forms_do(lookback: int, operators: int, b: int) -> None:
    space = StateSpace(b, OPERATORS[:operators], lookback)
    cells = written_cells(space, b)
    keys_of_cells = keys(cells).tolist()
    forms = list(map(canonical_form, cells))
    pairs = set(zip(keys_of_cells, forms, strict=True))
    assert len(set(keys_of_cells)) == len(pairs)
    assert len(set(forms)) == len(pairs)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9))
def test_keys_do_not_depend_on_operand_and_block_order(seed, b):
    rng = random.Random(seed)
    cell = random_cell(rng, b, 2, 2)
    same = [shuffled(rng, cell) for _ in range(3)]
    assert len(set(keys([cell, *same]).tolist())) == 1


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(5, 8))
def test_keys_tell_random_cells_apart_as_canonical_forms_do(seed, b):
    rng = random.Random(seed)
    cells = [random_cell(rng, b, 1, 1) for _ in range(50)]
    num_keys = len(set(keys(cells).tolist()))
    assert num_keys == len(set(map(canonical_form, cells)))


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_different_graphs_get_different_keys(one, other):
    assert len(set(keys([Cell(one), Cell(other)]).tolist())) == 2


def test_keys_do_not_depend_on_the_batch():
    cells = [random_cell(random.Random(seed), 5, 2, 3) for seed in range(9000)]
    np.testing.assert_array_equal(keys(cells)[8900:], keys(cells[8900:]))


def test_blocks_get_one_colour_where_they_can_trade_places():
    space = StateSpace(4, OPERATORS)
    twin = (-1, "identity", -1, "identity")
    cell = Cell([twin, twin, (0, "identity", 1, "identity"), twin])
    colours = block_colours(space.encode([cell]), 2)[0].tolist()
    assert colours[0] == colours[1]
    assert len(set(colours)) == 3


def test_no_cells():
    assert class_keys(np.empty((0, 3, 4), np.int16), 2).shape == (0,)
