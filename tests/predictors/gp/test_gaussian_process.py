"""The Gaussian process against its textbook formulas."""

import json
from pathlib import Path

import numpy as np
import pytest

from pnas.predictors import GPSpec
from pnas.predictors.gp import gaussian_process
from pnas.predictors.gp.gaussian_process import GaussianProcess
from pnas.predictors.gp.kernel import Features, Kernel
from pnas.predictors.gp.likelihood import NegativeLogPosterior
from pnas.state_space import StateSpace, Tokens

SPACE = StateSpace(3, ["3x3 conv", "3x3 dconv", "3x3 maxpool", "identity"])
LOGARITHMS = np.array([-1.0, 0.1, 0.5, -0.2, 0.3, -0.5])  # noise, four lengths, slope


def shuffled_cells() -> Tokens:
    tokens = next(SPACE.iter_cells(2, 20000))
    return tokens[np.random.default_rng(0).permutation(len(tokens))]


def fitted(cells: int = 40) -> tuple[GaussianProcess, Tokens]:
    """Return a GP fitted to random rewards of the first ``cells`` cells, and all cells."""
    tokens = shuffled_cells()
    rewards = np.random.default_rng(1).random(cells).tolist()
    predictor = GaussianProcess.create(SPACE, GPSpec())
    predictor.fit(tokens[:cells], rewards, 2, seed=0)
    return predictor, tokens


def data_of(predictor: GaussianProcess, tokens: Tokens) -> tuple[list[Features], Features]:
    """Return the scaled features and the targets of the first 40 cells."""
    targets = predictor._transform.forward(predictor._rewards.tolist())
    return predictor._scaled(tokens[:40]), targets


def test_the_posterior_is_that_of_regression() -> None:
    predictor, tokens = fitted()
    assert predictor.kernel is not None
    known, targets = data_of(predictor, tokens)
    asked = predictor._scaled(tokens[40:60])

    noise = np.exp(predictor.kernel.noise) * np.eye(40)
    inverse = np.linalg.inv(predictor.kernel.between(known, known) + noise)
    cross = predictor.kernel.between(asked, known)
    variance = (targets @ inverse @ targets + 1) / 41
    prior = predictor.kernel.variance(asked)
    share = prior - np.einsum("ij,jk,ik->i", cross, inverse, cross)

    mean, deviation = predictor._posterior.mean_and_deviation(asked)
    np.testing.assert_allclose(mean, cross @ inverse @ targets, atol=2e-4)
    np.testing.assert_allclose(deviation, np.sqrt(share * variance), atol=2e-3)


def test_the_posterior_of_repeated_trainings_is_that_of_each_training() -> None:
    """A mean of three trainings says what three equal rewards of the cell say together."""
    tokens = shuffled_cells()[:40]
    rewards = np.random.default_rng(1).random(40).tolist()
    repeats = [3 if row < 10 else 1 for row in range(40)]
    mean_of_three = GaussianProcess.create(SPACE, GPSpec())
    mean_of_three.fit(tokens, rewards, 2, seed=0, repeats=repeats)
    assert mean_of_three.kernel is not None

    known, targets = data_of(mean_of_three, tokens)
    rows = np.repeat(np.arange(40), repeats)
    repeated = [x[rows] for x in known]
    noise = np.exp(mean_of_three.kernel.noise) * np.eye(len(rows))
    inverse = np.linalg.inv(mean_of_three.kernel.between(repeated, repeated) + noise)
    cross = mean_of_three.kernel.between(known, repeated)

    mean = mean_of_three._posterior.mean(known)
    np.testing.assert_allclose(mean, cross @ inverse @ targets[rows], atol=1e-3)


def test_one_training_each_is_the_default() -> None:
    tokens = shuffled_cells()[:40]
    rewards = np.random.default_rng(1).random(40).tolist()
    plain = GaussianProcess.create(SPACE, GPSpec())
    plain.fit(tokens, rewards, 2, seed=0)
    ones = GaussianProcess.create(SPACE, GPSpec())
    ones.fit(tokens, rewards, 2, seed=0, repeats=[1] * 40)
    np.testing.assert_array_equal(plain.predict(tokens), ones.predict(tokens))


def test_the_gradient_is_that_of_the_value() -> None:
    predictor, tokens = fitted()
    features, targets = data_of(predictor, tokens)
    objective = NegativeLogPosterior(features, targets, np.ones(40))

    numeric = []
    for step in 1e-5 * np.eye(len(LOGARITHMS)):
        above, _ = objective(LOGARITHMS + step)
        below, _ = objective(LOGARITHMS - step)
        numeric.append((above - below) / 2e-5)
    _, gradient = objective(LOGARITHMS)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-4, atol=1e-4)


def test_the_value_is_the_density_under_that_kernel() -> None:
    predictor, tokens = fitted()
    features, targets = data_of(predictor, tokens)
    objective = NegativeLogPosterior(features, targets, np.ones(40))

    kernel = Kernel(LOGARITHMS[0], tuple(LOGARITHMS[1:-1]), LOGARITHMS[-1])
    noise = np.exp(LOGARITHMS[0]) * np.eye(40)
    covariance = kernel.between(features, features) + noise
    fit = targets @ np.linalg.inv(covariance) @ targets
    _, log_determinant = np.linalg.slogdet(covariance)
    likelihood = 20 * np.log((fit + 1) / 41) + log_determinant / 2
    standardised = (LOGARITHMS - objective._center) / objective._width
    prior = np.sum(standardised**2) / 2

    value, _ = objective(LOGARITHMS)
    assert value == pytest.approx(likelihood + prior, rel=1e-4)


def test_the_deviation_grows_with_distance() -> None:
    predictor, tokens = fitted()
    posterior = predictor._posterior
    _, known = posterior.mean_and_deviation(predictor._scaled(tokens[:40]))
    _, unknown = posterior.mean_and_deviation(predictor._scaled(tokens[40:]))
    assert known.mean() < unknown.mean()


def test_expected_cells_are_no_part_of_the_data(tmp_path: Path) -> None:
    predictor, tokens = fitted()
    predictor.expect(tokens[40:44])
    predictor.expect(tokens[44:46])
    once, _ = fitted()
    once.expect(tokens[44:46])
    expected = once.predict_mean_std(tokens[46:60])
    np.testing.assert_allclose(predictor.predict_mean_std(tokens[46:60]), expected, atol=1e-6)

    predictor.save(tmp_path)
    loaded = GaussianProcess.load(tmp_path, SPACE)
    known, _ = fitted()
    np.testing.assert_array_equal(loaded.predict(tokens), known.predict(tokens))


def test_more_cells_than_inducing_ones_are_projected(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, tokens = fitted(120)
    monkeypatch.setattr(gaussian_process, "INDUCING", 100)
    projected, _ = fitted(120)
    assert len(projected._posterior.weights) == 100
    agreement = np.corrcoef(plain.predict(tokens), projected.predict(tokens))[0, 1]
    assert agreement > 0.9


def test_the_kernel_by_hand() -> None:
    kernel = Kernel(noise=0.0, lengths=(np.log(2), np.log(0.5)), slope=np.log(0.5))
    # Two groups of features, of two columns and of one; they are 2 apart in each group.
    first = [np.array([[0.0, 1.0]]), np.array([[3.0]])]
    second = [np.array([[2.0, 1.0]]), np.array([[1.0]])]

    squared_distance = (2 / 2) ** 2 + (2 / 0.5) ** 2
    root = np.sqrt(3 * squared_distance)
    matern = (1 + root) * np.exp(-root)
    linear = 0.5 * (1 + 3)
    covariance = kernel.between(first, second)
    assert covariance[0, 0] == pytest.approx(matern + linear)

    linear_of_second = 0.5 * (5 + 1)
    assert kernel.variance(second)[0] == pytest.approx(1 + linear_of_second)


@pytest.mark.parametrize("kind", ["squared exponential", None])
def test_a_predictor_with_another_kernel_is_fitted_again(kind: str | None, tmp_path: Path) -> None:
    predictor, tokens = fitted()
    predictor.save(tmp_path)
    description = json.loads((tmp_path / "predictor.json").read_text())
    description.pop("kernel")
    if kind is not None:
        description["kernel"] = kind
    (tmp_path / "predictor.json").write_text(json.dumps(description))
    with np.load(tmp_path / "weights.npz") as stored:
        arrays = {**stored, "kernel": stored["kernel"] + 1}
    np.savez(tmp_path / "weights.npz", **arrays)

    loaded = GaussianProcess.load(tmp_path, SPACE)
    np.testing.assert_array_equal(loaded.predict(tokens[:99]), predictor.predict(tokens[:99]))
