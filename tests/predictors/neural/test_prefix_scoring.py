import numpy as np

from pnas.predictors.neural.prefix_scoring import prefix_levels, repeat_runs
from pnas.state_space import ABSENT, StateSpace


def _tokens(*rows: list[int]) -> np.ndarray:
    return np.array(rows, np.int16)[:, None, :]


def test_equal_prefixes_of_neighbours_are_one_run() -> None:
    tree = list(prefix_levels(_tokens([0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3])))
    assert [level.token.tolist() for level in tree] == [[0, 1], [1, 2, 2], [2, 3, 3, 3]]
    assert [level.parent.tolist() for level in tree] == [[0, 0], [0, 0, 1], [0, 0, 1, 2]]
    assert [level.slot for level in tree] == [0, 1, 2]


def test_equal_tokens_under_other_prefixes_are_other_runs() -> None:
    tree = list(prefix_levels(_tokens([0, 5], [1, 5])))
    assert tree[1].parent.tolist() == [0, 1]


def test_repeated_rows_are_one_run_and_spread_back() -> None:
    tree = list(prefix_levels(_tokens([0, 1], [0, 1], [0, 2])))
    assert tree[-1].start.tolist() == [0, 2]
    assert repeat_runs(np.array([7, 8], np.float32), tree[-1], 3).tolist() == [7, 7, 8]


def test_positions_absent_everywhere_are_left_out() -> None:
    tree = list(prefix_levels(_tokens([0, ABSENT, 2], [1, ABSENT, 2])))
    assert [level.slot for level in tree] == [0, 2]


def test_no_cells() -> None:
    assert list(prefix_levels(np.empty((0, 2, 4), np.int16)))[-1:] == []


def test_expansion_shares_each_parent() -> None:
    space = StateSpace(2, ["3x3 conv", "identity"])
    parents = space.initial_children()
    candidates = space.expand(parents)
    tree = list(prefix_levels(candidates.tokens))
    assert len(tree[3].token) == len(parents)
    assert len(tree[7].token) == len(candidates.tokens)
