import numpy as np

from pnas.search.strategies.mutation import mutated, mutations
from pnas.state_space import Cell, NASBench201Space, StateSpace

SPACE = StateSpace(2, ["3x3 conv", "identity", "3x3 maxpool"], -1)
CELL = Cell([(-1, "identity", -1, "identity"), (0, "3x3 conv", -1, "identity")])


def test_every_mutation_differs_in_one_decision_and_belongs_to_the_space() -> None:
    # Inputs of block 1 have no other value, its operators two each. Block 2 has one other input
    # and two other operators, twice.
    every = mutations(SPACE, CELL)
    assert len(every) == len(set(every)) == 4 + 6
    for cell in every:
        assert num_differences(SPACE.check(cell), CELL) == 1


def num_differences(one: Cell, other: Cell) -> int:
    count = 0
    for blocks in zip(one.blocks, other.blocks, strict=True):
        for value, other_value in zip(*blocks, strict=True):
            count += value != other_value
    return count


def test_operators_and_inputs_are_changed_equally_often() -> None:
    generator = np.random.default_rng(0)
    children = [mutated(SPACE, CELL, generator) for _ in range(2000)]
    assert set(children) == set(mutations(SPACE, CELL))
    changed_input = sum(child.blocks[1][0::2] != CELL.blocks[1][0::2] for child in children)
    assert abs(changed_input - 1000) < 100


def test_a_space_with_nothing_to_change() -> None:
    space = StateSpace(1, ["identity"], -1)
    (only,) = space.initial_children()
    assert mutated(space, only, np.random.default_rng(0)) == only
    assert len(mutations(NASBench201Space(), Cell([("none",)]))) == 4
