"""Scores by tables in single precision, compared with the posterior in double precision."""

import numpy as np
import pytest

from pnas.predictors import GPSpec
from pnas.predictors.gp import scoring_tables
from pnas.predictors.gp.gaussian_process import GaussianProcess
from pnas.state_space import Cell, NASBench201Space, SlotSpace, StateSpace, Tokens

SPACE = StateSpace(3, ["3x3 conv", "3x3 dconv", "3x3 maxpool", "identity"])


def fitted(space: SlotSpace, tokens: Tokens) -> GaussianProcess:
    """Return a GP fitted to a mean over operators with some noise, which makes it look smooth."""
    rng = np.random.default_rng(1)
    worth = rng.random(int(tokens.max()) + 1)
    rewards = worth[tokens[:, :, -1]].mean(axis=1) * 0.8 + 0.1 * rng.random(len(tokens))
    predictor = GaussianProcess.create(space, GPSpec())
    predictor.fit(tokens, rewards.tolist(), 3, seed=0)
    return predictor


def extensions() -> Tokens:
    """Return cells of three blocks that grow from twelve parents, a family after the other."""
    parents = SPACE.decode(next(SPACE.iter_cells(2, 2000))[::167])
    return SPACE.expand(parents).tokens


def exact(predictor: GaussianProcess, tokens: Tokens) -> tuple[np.ndarray, np.ndarray]:
    """Return means and deviations of rewards by dense products in double precision."""
    mean, deviation = predictor._posterior.mean_and_deviation(predictor._scaled(tokens))
    expected = predictor._to_rewards(mean)
    return expected, predictor._to_rewards(mean + deviation) - expected


@pytest.mark.parametrize("cells", [30, 300])
def test_families_are_scored_as_in_double_precision(cells: int) -> None:
    tokens = extensions()
    history = np.random.default_rng(0).permutation(tokens)[:cells]
    predictor = fitted(SPACE, history)
    assert predictor._tables.dtype == np.float32
    mean, deviation = exact(predictor, tokens)
    np.testing.assert_allclose(predictor.predict(tokens), mean, atol=1e-5)
    found = predictor.predict_mean_std(tokens)
    np.testing.assert_allclose(found[0], mean, atol=1e-5)
    np.testing.assert_allclose(found[1], deviation, atol=1e-5)


def test_the_best_cells_are_those_of_double_precision() -> None:
    tokens = extensions()
    history = np.random.default_rng(0).permutation(tokens)[:300]
    predictor = fitted(SPACE, history)
    mean, _ = exact(predictor, tokens)
    best = np.argsort(-mean, kind="stable")[:256]
    found = np.argsort(-predictor.predict_mean_std(tokens)[0], kind="stable")[:256]
    assert set(found.tolist()) == set(best.tolist())


def test_a_benchmark_space_is_scored_as_in_double_precision() -> None:
    space = NASBench201Space(3)
    tokens = np.concatenate(list(space.iter_cells(3)))
    order = np.random.default_rng(0).permutation(len(tokens))
    predictor = fitted(space, tokens[order[:400]])
    asked = tokens[order[:1500]]
    for found, expected in zip(
        predictor.predict_mean_std(asked), exact(predictor, asked), strict=True
    ):
        np.testing.assert_allclose(found, expected, atol=2e-5)


def test_tables_are_double_where_single_precision_will_not_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scoring_tables, "_TOLERANCE", 1e-12)
    tokens = extensions()
    predictor = fitted(SPACE, np.random.default_rng(0).permutation(tokens)[:60])
    assert predictor._tables.dtype == np.float64
    mean, deviation = exact(predictor, tokens)
    found = predictor.predict_mean_std(tokens)
    np.testing.assert_allclose(found[0], mean, atol=1e-9)
    np.testing.assert_allclose(found[1], deviation, atol=1e-7)


def test_what_the_history_explains_is_one_product() -> None:
    predictor = fitted(SPACE, np.random.default_rng(0).permutation(extensions())[:60])
    posterior = predictor._posterior
    factor = posterior.explained_factor()
    asked = predictor._scaled(extensions()[:20])
    covariance = posterior.kernel.between(asked, posterior.features)
    _, deviation = posterior.mean_and_deviation(asked)
    explained = ((covariance @ factor) ** 2).sum(axis=1)
    share = posterior.kernel.variance(asked) - explained
    np.testing.assert_allclose(np.sqrt(share * posterior.variance), deviation, atol=1e-7)
    np.testing.assert_array_equal(factor, np.tril(factor))


def test_scales_are_those_of_dense_features() -> None:
    tokens = extensions()[:700]
    predictor = fitted(SPACE, tokens)
    for x, scale in zip(predictor._features.groups(tokens), predictor._scales, strict=True):
        mean = 2 * float(x.var(axis=0).sum())
        assert scale == np.sqrt(mean)


def test_cells_with_the_same_features_may_be_in_the_history() -> None:
    one = Cell([(-1, "3x3 conv", -2, "identity"), (-1, "3x3 maxpool", 0, "identity")])
    other = Cell([(-1, "3x3 maxpool", -2, "identity"), (-1, "3x3 conv", 0, "identity")])
    others = next(SPACE.iter_cells(2, 2000))[::40]
    tokens = np.concatenate([SPACE.encode([one, other]), others])
    predictor = fitted(SPACE, tokens)
    mean, deviation = exact(predictor, tokens)
    found_mean, found_deviation = predictor.predict_mean_std(tokens)
    np.testing.assert_allclose(found_mean, mean, atol=1e-5)
    np.testing.assert_allclose(found_deviation, deviation, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_depend_on_nothing_but_the_cell(
    dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    if dtype is np.float64:
        monkeypatch.setattr(scoring_tables, "_TOLERANCE", 1e-12)
    tokens = extensions()
    predictor = fitted(SPACE, np.random.default_rng(0).permutation(tokens)[:100])
    assert predictor._tables.dtype is dtype
    whole = (predictor.predict(tokens), *predictor.predict_mean_std(tokens))

    order = np.random.default_rng(1).permutation(len(tokens))[:900]
    for rows in (order, order[:1], order[3:40], np.arange(5, 300)):
        asked = tokens[rows]
        found = (predictor.predict(asked), *predictor.predict_mean_std(asked))
        for scores, expected in zip(found, whole, strict=True):
            np.testing.assert_array_equal(scores, expected[rows])


def test_quantiles_are_those_of_mean_and_deviation() -> None:
    tokens = extensions()[:400]
    predictor = fitted(SPACE, tokens[::4])
    mean, deviation = predictor.predict_mean_std(tokens)
    quantiles = predictor.predict_quantiles(tokens, np.array([0.0, 1.0]))
    expected = np.stack([mean, mean + deviation], axis=1)
    np.testing.assert_allclose(quantiles, expected, atol=1e-12)
