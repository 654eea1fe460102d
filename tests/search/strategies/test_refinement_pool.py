"""The cells that a round at full size chooses from."""

import pytest

from pnas.search.strategies.refinement_pool import RefinementPool
from pnas.state_space import StateSpace

SPACE = StateSpace(2, ["3x3 conv", "identity", "3x3 maxpool"], -1)  # 6 and 126 cells


@pytest.mark.parametrize("grows", [True, False])
def test_a_pool_without_a_trained_cell_of_full_size_has_no_mutations(grows: bool) -> None:
    small = SPACE.initial_children()
    rewarded = [(cell, 0.1 * place) for place, cell in enumerate(small)]
    pool = RefinementPool(SPACE, largest=20, parents=5, seed=0, grows=grows)
    candidates = pool.candidates([rewarded], small)
    assert candidates.generated == 20
    assert {len(cell) for cell in SPACE.decode(candidates.tokens)} == {2}
    assert not pool.is_exhausted(small)
