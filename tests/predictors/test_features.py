"""Groups of columns: their numbers by hand, and who sees which."""

import numpy as np

from pnas.predictors import named_spec
from pnas.predictors.features import GROUPS, CellFeatures
from pnas.predictors.token_layout import TokenLayout
from pnas.state_space import Cell, StateSpace

SPACE = StateSpace(2, ["3x3 conv", "identity"])
CELLS = [
    Cell([(-1, "3x3 conv", -2, "identity")]),
    Cell([(-2, "identity", -2, "identity")]),
    Cell([(-1, "3x3 conv", -1, "3x3 conv"), (0, "3x3 conv", -1, "identity")]),
]
OPERATOR_COUNTS = [
    # 3x3 conv, identity
    [1, 1],
    [0, 2],
    [3, 1],
]
PLACE_COUNTS = [
    # Inputs -1 and -2, then a block; of each 3x3 conv and identity.
    [1, 0, 0, 1, 0, 0],
    [0, 0, 0, 2, 0, 0],
    [2, 1, 0, 0, 1, 0],
]
READS = [
    # Inputs -1 and -2, then a block.
    [1, 1, 0],
    [0, 1, 0],
    [1, 0, 1],
]


def test_groups_by_hand() -> None:
    tokens = SPACE.encode(CELLS)
    features = CellFeatures.of(TokenLayout.of(SPACE), tokens)
    groups = dict(zip(GROUPS, features.groups(tokens), strict=True))
    np.testing.assert_allclose(groups["operators"], np.log1p(OPERATOR_COUNTS))
    np.testing.assert_allclose(groups["places"], np.log1p(PLACE_COUNTS))
    assert groups["reads"].tolist() == READS
    for group in groups.values():
        assert len(group) == len(CELLS)


def test_counts_are_the_groups_without_what_is_read() -> None:
    tokens = SPACE.encode(CELLS)
    features = CellFeatures.of(TokenLayout.of(SPACE), tokens)
    counts = features.counts(tokens)
    groups = features.groups(tokens)
    assert len(counts) == 3
    assert len(groups) == len(GROUPS) == 4
    for count, group in zip(counts, groups, strict=False):
        np.testing.assert_array_equal(count, group)


def test_a_process_sees_all_groups_and_trees_the_counts() -> None:
    from pnas.predictors.boosted_trees import BoostedTrees
    from pnas.predictors.gp.gaussian_process import GaussianProcess

    tokens = SPACE.encode(CELLS)
    features = CellFeatures.of(TokenLayout.of(SPACE), tokens)
    process = GaussianProcess.create(SPACE, named_spec("gp"))
    process.fit(tokens, [0.1, 0.2, 0.3], 2, 0)
    assert [x.shape for x in process._scaled(tokens)] == [x.shape for x in features.groups(tokens)]
    trees = BoostedTrees.create(SPACE, named_spec("trees"))
    trees.fit(tokens, [0.1, 0.2, 0.3], 2, 0)
    assert trees._columns(tokens).shape[1] == sum(x.shape[1] for x in features.counts(tokens))
