"""Which orders of the blocks of a cell are images of each other."""

import random
from itertools import permutations

import pytest
from support.cells import random_cell

from pnas.state_space import Cell
from pnas.state_space.isomorphism.automorphism import are_images, is_automorphism

ID = "identity"
CONV = "3x3 conv"
CHAINS = Cell([(-1, ID, -1, ID), (0, ID, 0, ID), (-1, ID, -1, ID), (2, ID, 2, ID)])
"""Two chains of two blocks."""


def test_chains_trade_places_as_a_whole():
    assert are_images(CHAINS.blocks, (0,), (2,))
    assert are_images(CHAINS.blocks, (0, 2), (2, 0))
    assert are_images(CHAINS.blocks, (0, 2, 1), (2, 0, 3))
    assert not are_images(CHAINS.blocks, (0, 2, 1), (0, 2, 3))
    assert not are_images(CHAINS.blocks, (0,), (1,))


def test_half_of_a_chain_cannot_trade_places():
    assert not is_automorphism(CHAINS.blocks, {0: 2, 2: 0})
    assert is_automorphism(CHAINS.blocks, {0: 2, 2: 0, 1: 3, 3: 1})


def test_who_reads_twins_together_is_told_apart():
    twins = [(-1, ID, -1, ID)] * 3
    cell = Cell([*twins, (0, ID, 1, ID)])
    assert are_images(cell.blocks, (0,), (1,))
    assert not are_images(cell.blocks, (0,), (2,))


@pytest.mark.parametrize("seed", range(40))
def test_an_image_is_one_of_all_automorphisms(seed):
    cell = random_cell(random.Random(seed), b=5, lookbacks=1, operators=1)
    automorphisms = []
    for order in permutations(range(5)):
        if is_automorphism(cell.blocks, dict(enumerate(order))):
            automorphisms.append(order)
    for one, other in permutations(range(5), 2):
        is_image = any(image[one] == other for image in automorphisms)
        assert are_images(cell.blocks, (one,), (other,)) == is_image


def test_a_block_that_reads_what_is_not_there_is_no_reader():
    cell = Cell([*CHAINS.blocks, (-1, CONV, 9, ID)])
    assert not are_images(cell.blocks, (0,), (1,))
