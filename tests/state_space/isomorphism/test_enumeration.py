import numpy as np
import pytest
from support.cells import enumerated_cells, written_cells

from pnas.state_space import StateSpace
from pnas.state_space.isomorphism.canonical import canonical_form
from pnas.state_space.isomorphism.colouring import class_keys

OPERATORS = ["3x3 conv", "identity", "3x3 maxpool"]

SPACES = [
    # look-back, operators, look-forward, b
    (-1, 1, None, 6),
    (-1, 1, 1, 5),
    (-1, 1, 3, 6),
    (-2, 1, None, 5),
    (-2, 1, 2, 5),
    (-1, 2, None, 4),
    (-1, 2, 2, 4),
    (-2, 2, 1, 3),
    (-2, 3, 0, 4),
    (0, 3, 0, 4),
    (-2, 2, None, 1),
]


LARGE_SPACES = [
    # look-back, operators, b
    (-1, 1, 8),
    (-2, 1, 6),
    (-1, 2, 5),
]


@pytest.mark.parametrize(("lookback", "operators", "lookforward", "b"), SPACES)
def test_yields_every_unique_cell_once(
    lookback: int, operators: int, lookforward: int | None, b: int
) -> None:
    space = StateSpace(b, OPERATORS[:operators], lookback, lookforward)
    assert_every_class_once(space, b, chunk=1000)


@pytest.mark.slow
@pytest.mark.parametrize(("lookback", "operators", "b"), LARGE_SPACES)
def test_yields_every_unique_cell_once_where_cells_are_large(
    lookback: int, operators: int, b: int
) -> None:
    space = StateSpace(b, OPERATORS[:operators], lookback)
    assert_every_class_once(space, b, chunk=100_000)


def assert_every_class_once(space: StateSpace, b: int, chunk: int) -> None:
    """Assert that the cells of b blocks are as many as are counted, and no two of them equal."""
    chunks = []
    for tokens in space.iter_cells(b, chunk):
        keys = class_keys(tokens, len(space.lookbacks))
        chunks.append(keys)
    keys = np.concatenate(chunks)
    assert len(keys) == space.num_cells(b)
    assert len(np.unique(keys)) == len(keys)


def test_yields_the_cells_that_brute_force_finds():
    space = StateSpace(3, OPERATORS[:2], -1, 1)
    found = set(map(canonical_form, enumerated_cells(space, 3)))
    assert found == set(map(canonical_form, written_cells(space, 3)))


def test_cells_are_written_within_the_look_forward_limit():
    space = StateSpace(4, OPERATORS[:2], -1, 1)
    cells = enumerated_cells(space, 4)
    assert all(space.check(cell) for cell in cells)


def test_chunks_are_full():
    space = StateSpace(3, OPERATORS[:2])
    sizes = [len(tokens) for tokens in space.iter_cells(3, chunk=1000)]
    assert set(sizes[:-1]) == {1000}
    assert 0 < sizes[-1] <= 1000


def test_a_huge_space_streams_from_the_start():
    tokens = next(StateSpace(5).iter_cells(5, chunk=5000))
    assert tokens.shape == (5000, 5, 4)
