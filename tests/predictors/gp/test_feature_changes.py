"""Changes of features against a parent, compared with the features themselves."""

import numpy as np
import pytest

from pnas.predictors.features import GROUPS, CellFeatures
from pnas.predictors.gp.feature_changes import FeatureChanges, FeatureEncoder
from pnas.predictors.token_layout import TokenLayout
from pnas.state_space import ABSENT, Cell, NASBench201Space, SlotSpace, StateSpace, Tokens

SPACE = StateSpace(3, ["3x3 conv", "3x3 maxpool", "identity"])
SCALES = [2.0, 3.0, 0.5, 0.25]


def encoder_and_features(space: SlotSpace, known: Tokens) -> tuple[FeatureEncoder, CellFeatures]:
    layout = TokenLayout.of(space)
    features = CellFeatures.of(layout, known)
    return FeatureEncoder(layout, features.known, SCALES), features


def dense(changes: FeatureChanges) -> np.ndarray:
    return changes.reference.toarray()[changes.family] + changes.change.toarray()


def expected(features: CellFeatures, tokens: Tokens) -> np.ndarray:
    groups = [x / scale for x, scale in zip(features.groups(tokens), SCALES, strict=True)]
    return np.concatenate(groups, axis=1)


def extensions() -> Tokens:
    """Return all cells of three blocks that grow from five parents, a family after the other."""
    parents = SPACE.decode(next(SPACE.iter_cells(2, 1000))[::190])
    return SPACE.expand(parents).tokens


def test_families_share_a_reference_and_differ_by_a_few_columns() -> None:
    tokens = extensions()
    encoder, features = encoder_and_features(SPACE, tokens[::50])
    changes = encoder.encode(tokens)
    parents = np.unique(tokens[:, :2].reshape(len(tokens), -1), axis=0)
    assert 1 < changes.reference.shape[0] == len(parents)
    assert changes.change.nnz < 10 * len(tokens)
    np.testing.assert_allclose(dense(changes), expected(features, tokens), atol=1e-12)


def shuffled(tokens: Tokens) -> Tokens:
    return np.random.default_rng(0).permutation(tokens)


def test_a_cell_has_the_same_changes_among_any_others() -> None:
    tokens = extensions()
    encoder, _ = encoder_and_features(SPACE, tokens[::50])
    order = np.random.default_rng(0).permutation(len(tokens))
    changes = encoder.encode(tokens)
    shuffled = encoder.encode(tokens[order])
    np.testing.assert_array_equal(dense(shuffled), dense(changes)[order])
    np.testing.assert_array_equal(shuffled.change.toarray(), changes.change.toarray()[order])


def test_cells_of_one_block_are_changes_of_the_empty_cell() -> None:
    tokens = next(SPACE.iter_cells(1))
    encoder, features = encoder_and_features(SPACE, extensions()[::50])
    changes = encoder.encode(tokens)
    assert changes.is_alone
    assert changes.reference.shape == (1, encoder.columns)
    np.testing.assert_array_equal(dense(changes), expected(features, tokens))


def test_no_cells() -> None:
    encoder, _ = encoder_and_features(SPACE, extensions()[::50])
    assert dense(encoder.encode(np.zeros((0, 3, 4), np.int16))).shape == (0, encoder.columns)


def test_squares_grow_as_features_do() -> None:
    tokens = extensions()
    encoder, features = encoder_and_features(SPACE, tokens[::50])
    changes = encoder.encode(tokens)
    growth = np.add.reduceat(changes.square, changes.change.indptr[:-1])
    of_reference = (changes.reference.toarray() ** 2).sum(axis=1)[changes.family]
    of_cells = (expected(features, tokens) ** 2).sum(axis=1)
    np.testing.assert_allclose(of_reference + growth, of_cells, atol=1e-9)


def test_cells_that_lack_their_last_block_are_their_parents() -> None:
    tokens = extensions().copy()
    tokens[::7, 2] = ABSENT
    encoder, features = encoder_and_features(SPACE, tokens[::50])
    np.testing.assert_allclose(
        dense(encoder.encode(tokens)), expected(features, tokens), atol=1e-12
    )


@pytest.mark.parametrize("B", [2, 3])
def test_a_benchmark_space(B: int) -> None:
    space = NASBench201Space(3)
    tokens = next(space.iter_cells(B, 500))
    encoder, features = encoder_and_features(space, tokens[::3])
    np.testing.assert_array_equal(dense(encoder.encode(tokens)), expected(features, tokens))


def test_the_group_of_each_column() -> None:
    encoder, features = encoder_and_features(SPACE, extensions()[::50])
    widths = [x.shape[1] for x in features.groups(extensions()[:1])]
    assert np.bincount(encoder.group).tolist() == widths
    assert len(widths) == len(GROUPS)


def test_changes_by_hand() -> None:
    space = StateSpace(2, ["3x3 conv", "identity"])
    parent = Cell([(-1, "3x3 conv", -1, "3x3 conv")])
    child = Cell([*parent.blocks, (-1, "3x3 conv", -1, "3x3 conv")])
    tokens = space.encode([child] * 40)
    encoder, _ = encoder_and_features(space, space.encode([parent]))
    scale_of_column = np.array(SCALES)[encoder.group]
    changes = encoder.encode(tokens).change.toarray()
    change = changes[0] * scale_of_column
    # Its path, its operator and its place occur four times instead of twice.
    changed = np.flatnonzero(change)
    np.testing.assert_allclose(change[changed], [np.log(5 / 3)] * 3)
    assert encoder.group[changed].tolist() == [0, 1, 2]
