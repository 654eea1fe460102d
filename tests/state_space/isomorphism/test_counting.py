import time

import pytest
from support.cells import written_cells

from pnas.state_space import StateSpace
from pnas.state_space.isomorphism.canonical import canonical_form
from pnas.state_space.isomorphism.counting import count_cells

OPERATORS = ["3x3 conv", "identity", "3x3 maxpool"]


@pytest.mark.parametrize(
    ("lookback", "operators", "lookforward", "b"),
    [
        (-1, 1, None, 4),
        (-1, 1, 1, 5),
        (-1, 1, 2, 4),
        (-2, 1, None, 3),
        (-2, 1, 1, 4),
        (-1, 2, None, 3),
        (-1, 2, 0, 5),
        (-1, 2, 1, 4),
        (-2, 2, 1, 3),
        (-3, 1, 0, 4),
        (-1, 3, 1, 3),
        (-2, 3, None, 2),
        (0, 3, 0, 3),
    ],
)
def test_brute_force_agrees(lookback, operators, lookforward, b):
    space = StateSpace(b, OPERATORS[:operators], lookback, lookforward)
    assert len(set(map(canonical_form, written_cells(space, b)))) == space.num_cells(b)


def test_the_papers_space():
    space = StateSpace(5)
    assert [space.num_cells(b) for b in (1, 2)] == [136, 31_620]
    assert space.num_cells(5) == 3_147_356_952_080  # "approximately 10^12", section 3.1


def test_answers_at_once():
    start = time.perf_counter()
    assert count_cells(10, 2, 8) > 10**25
    assert time.perf_counter() - start < 2


def test_a_flat_cell_is_a_multiset_of_blocks():
    space = StateSpace(3, ["3x3 maxpool", "1x7-7x1 conv"], 0, 0)
    assert [space.num_cells(b) for b in (1, 2, 3)] == [3, 6, 10]


def test_a_limit_that_no_cell_reaches_changes_nothing():
    assert count_cells(5, 2, 3, 4) == count_cells(5, 2, 3, 99) == count_cells(5, 2, 3)
