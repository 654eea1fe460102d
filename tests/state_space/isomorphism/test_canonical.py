import random
import time
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cells import DIFFERENT, random_cell, renumbered, shuffled

from pnas.errors import InvalidValue
from pnas.state_space import Cell
from pnas.state_space.isomorphism.canonical import canonical_form, is_canonical

ID = "identity"
CONV = "3x3 conv"


def by_definition(cell: Cell) -> Cell:
    """The smallest written form of all orders that the definition allows."""
    read = {source for block in cell.blocks for source in (block[0], block[2])}

    def is_legal(order: tuple[int, ...]) -> bool:
        for i, block in enumerate(cell.blocks):
            for source in (block[0], block[2]):
                if source >= 0 and order.index(source) >= order.index(i):
                    return False
        is_read = [i in read for i in order]
        return is_read == sorted(is_read, reverse=True)

    orders = filter(is_legal, permutations(range(len(cell))))
    forms = [renumbered(cell, list(order)) for order in orders]
    return min(forms, key=lambda form: form.blocks)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 2), st.integers(1, 3))
def test_is_the_smallest_legal_written_form(seed, b, lookbacks, operators):
    cell = random_cell(random.Random(seed), b, lookbacks, operators)
    form = by_definition(cell)
    assert canonical_form(cell) == form
    assert is_canonical(form)
    assert is_canonical(cell) == (cell == form)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 10))
def test_operand_and_block_order_do_not_matter(seed, b):
    rng = random.Random(seed)
    cell = random_cell(rng, b, 2, 2)
    assert canonical_form(shuffled(rng, cell)) == canonical_form(cell)
    assert canonical_form(canonical_form(cell)) == canonical_form(cell)


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_different_graphs_stay_different(one, other):
    assert canonical_form(Cell(one)) != canonical_form(Cell(other))


def test_nested_references_follow_their_blocks():
    one = Cell(
        [
            (-1, CONV, -1, ID),
            (-2, ID, -2, ID),
            (0, ID, 1, CONV),
            (2, ID, 0, ID),
        ]
    )
    other = Cell(
        [
            (-2, ID, -2, ID),
            (-1, ID, -1, CONV),
            (0, CONV, 1, ID),
            (1, ID, 2, ID),
        ]
    )
    assert canonical_form(one) == canonical_form(other)


def test_read_blocks_come_first():
    cell = Cell([(-2, ID, -2, ID), (-1, ID, -1, ID), (1, ID, -1, ID)])
    assert canonical_form(cell) == Cell([(-1, ID, -1, ID), (-2, ID, -2, ID), (-1, ID, 0, ID)])


@pytest.mark.parametrize(
    "twins", [[(-1, ID, -1, ID)] * 12, [(-1, ID, -1, ID)] * 11 + [(0, ID, 0, ID)]]
)
def test_many_twins_do_not_explode(twins):
    assert canonical_form(Cell(twins)).blocks[:10] == Cell(twins).blocks[:10]


@pytest.mark.parametrize("length", [2, 3])
def test_many_identical_chains_do_not_explode(length):
    chains = []
    for first in range(0, 14 // length * length, length):
        chains.append((-1, ID, -1, ID))
        chains += [(before, ID, before, ID) for before in range(first, first + length - 1)]
    cell = Cell(chains)
    began = time.process_time()
    canonical = canonical_form(cell)
    assert canonical == canonical_form(shuffled(random.Random(1), cell))
    assert time.process_time() - began < 5, "51 s where each order of the chains was followed"


@pytest.mark.parametrize("seed", range(30))
def test_several_equal_parts_have_the_smallest_legal_form(seed):
    rng = random.Random(seed)
    part = random_cell(rng, 2, 1, 2)
    blocks = []
    for first in (0, 2, 4):
        for one, operator1, other, operator2 in part.blocks:
            blocks.append((_moved(one, first), operator1, _moved(other, first), operator2))
    cell = shuffled(rng, Cell(blocks))
    assert canonical_form(cell) == by_definition(cell)


def _moved(source: int, first: int) -> int:
    return source if source < 0 else source + first


def test_an_invalid_cell_of_equal_chains_is_refused():
    chains = [(-1, ID, -1, ID)] * 4 + [(i, ID, i, ID) for i in range(4)]
    with pytest.raises(InvalidValue, match=r"^cell: a block must read only earlier blocks"):
        canonical_form(Cell([*chains, (-1, ID, 20, ID)]))


@pytest.mark.parametrize(
    "blocks",
    [[("none",)], [(0, ID, -1, ID)], [(-1, ID, 7, ID)], [(1, ID, -1, ID), (0, ID, -1, ID)]],
)
def test_what_is_no_pnas_cell_is_refused(blocks):
    with pytest.raises(InvalidValue, match=r"^cell: "):
        canonical_form(Cell(blocks))
