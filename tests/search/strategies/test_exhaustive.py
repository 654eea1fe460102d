"""Which cells a table is made of."""

import pytest

from pnas.errors import InvalidValue
from pnas.runs.child_identity import identify
from pnas.search.strategies.exhaustive import Exhaustive, all_cells, sampled_cells
from pnas.state_space import StateSpace

SPACE = StateSpace(2, ["3x3 conv", "identity"], -1)  # 3 and 27 cells


def test_all_cells_once_small_ones_first() -> None:
    cells = all_cells(SPACE)
    assert [len(cell) for cell in cells] == [1] * 3 + [2] * 27
    assert len({SPACE.key(cell) for cell in cells}) == 30
    with pytest.raises(InvalidValue, match=r"^task\.cells"):
        all_cells(StateSpace(5))


def test_a_sample_has_no_cell_twice_and_every_size_its_share() -> None:
    assert len({SPACE.key(cell) for cell in sampled_cells(SPACE, 30, 0)}) == 30
    small = sum(len(cell) == 1 for seed in range(100) for cell in sampled_cells(SPACE, 10, seed))
    assert 70 < small < 130  # 100 expected, with a deviation of 9
    assert sampled_cells(SPACE, 10, 0) == sampled_cells(SPACE, 10, 0)
    assert [len(cell) for cell in sampled_cells(StateSpace(5), 4, 0)] == [5] * 4
    with pytest.raises(InvalidValue, match="at most the 30 cells"):
        sampled_cells(SPACE, 31, 0)


def test_each_training_has_a_key_and_a_seed_of_its_own() -> None:
    cells = all_cells(SPACE)
    strategy = Exhaustive(cells, repeats=2)
    found = []
    while (proposal := strategy.ask()) is not None:
        assert proposal.repeats is not None
        for cell, repeat in zip(proposal.cells, proposal.repeats, strict=True):
            found.append(identify(SPACE, 0, cell, repeat))
        strategy.tell([0.5] * len(cells))
    assert len({key for key, _ in found}) == len({seed for _, seed in found}) == 60
    assert [key for key, _ in found[:30]] == [SPACE.key(cell) for cell in cells]
