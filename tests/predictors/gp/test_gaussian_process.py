"""The Gaussian process against its textbook formulas."""

import json
from pathlib import Path

import numpy as np
import pytest

from pnas.predictors import ControllerSpec
from pnas.predictors.gp import gaussian_process as gp
from pnas.predictors.gp.gaussian_process import GaussianProcess, Kernel
from pnas.predictors.score_transform import NormalScoreTransform
from pnas.state_space import StateSpace

SPACE = StateSpace(3, ["3x3 conv", "3x3 dconv", "3x3 maxpool", "identity"])


def _fitted(cells: int = 40) -> tuple[GaussianProcess, np.ndarray]:
    tokens = next(SPACE.iter_cells(2, 20000))
    tokens = tokens[np.random.default_rng(0).permutation(len(tokens))]
    predictor = GaussianProcess.create(SPACE, ControllerSpec.named("gp"))
    predictor.fit(tokens[:cells], np.random.default_rng(1).random(cells).tolist(), 2, seed=0)
    return predictor, tokens


def test_posterior_is_that_of_regression() -> None:
    predictor, tokens = _fitted()
    assert predictor.kernel is not None
    known = predictor._scaled(tokens[:40])
    asked = predictor._scaled(tokens[40:60])
    targets = predictor._map.forward(predictor._rewards.tolist())
    noisy = predictor.kernel.between(known, known) + np.exp(predictor.kernel.noise) * np.eye(40)
    cross = predictor.kernel.between(asked, known)
    inverse = np.linalg.inv(noisy)
    variance = (targets @ inverse @ targets + 1) / 41
    mean, deviation = predictor._mean_and_deviation(asked)
    np.testing.assert_allclose(mean, cross @ inverse @ targets, atol=2e-4)
    share = predictor.kernel.variance(asked) - np.einsum("ij,jk,ik->i", cross, inverse, cross)
    np.testing.assert_allclose(deviation, np.sqrt(share * variance), atol=2e-3)


def test_gradient_is_that_of_the_objective() -> None:
    predictor, tokens = _fitted()
    features = predictor._scaled(tokens[:40])
    objective = gp._Objective(features, predictor._map.forward(predictor._rewards))
    at = np.array([-1.0, 0.1, 0.5, -0.2, 0.3, -0.5])
    steps = 1e-5 * np.eye(6)
    numeric = [(objective(at + step)[0] - objective(at - step)[0]) / 2e-5 for step in steps]
    np.testing.assert_allclose(objective(at)[1], numeric, rtol=1e-4, atol=1e-4)


def test_uncertainty_grows_with_distance() -> None:
    predictor, tokens = _fitted()
    known, unknown = (
        predictor._mean_and_deviation(predictor._scaled(part))[1]
        for part in (tokens[:40], tokens[40:])
    )
    assert known.mean() < unknown.mean()


def test_more_cells_than_inducing_ones_are_projected(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, tokens = _fitted(120)
    monkeypatch.setattr(gp, "INDUCING", 100)
    projected, _ = _fitted(120)
    assert len(projected._solved.weights) == 100
    agreement = np.corrcoef(plain.predict(tokens), projected.predict(tokens))[0, 1]
    assert agreement > 0.9


def test_kernel_by_hand() -> None:
    kernel = Kernel(noise=0.0, lengths=(np.log(2), np.log(0.5)), slope=np.log(0.5))
    a = [np.array([[0.0, 1.0]]), np.array([[3.0]])]
    b = [np.array([[2.0, 1.0]]), np.array([[1.0]])]
    root = np.sqrt(3 * ((2 / 2) ** 2 + (2 / 0.5) ** 2))
    assert kernel.between(a, b)[0, 0] == pytest.approx((1 + root) * np.exp(-root) + 0.5 * (1 + 3))
    assert kernel.variance(b)[0] == pytest.approx(1 + 0.5 * (5 + 1))


def test_objective_is_the_density_under_that_kernel() -> None:
    predictor, tokens = _fitted()
    features = predictor._scaled(tokens[:40])
    targets = predictor._map.forward(predictor._rewards)
    objective = gp._Objective(features, targets)
    at = np.array([-1.0, 0.1, 0.5, -0.2, 0.3, -0.5])
    covariance = Kernel(at[0], tuple(at[1:-1]), at[-1]).between(features, features) + np.exp(
        at[0]
    ) * np.eye(40)
    fit = targets @ np.linalg.inv(covariance) @ targets
    likelihood = 20 * np.log((fit + 1) / 41) + np.linalg.slogdet(covariance)[1] / 2
    prior = np.sum(((at - objective._center) / objective._width) ** 2) / 2
    assert objective(at)[0] == pytest.approx(likelihood + prior, rel=1e-4)


def test_one_saved_with_another_kernel_is_fitted_again(tmp_path: Path) -> None:
    predictor, tokens = _fitted()
    predictor.save(tmp_path)
    described = json.loads((tmp_path / "predictor.json").read_text())
    with np.load(tmp_path / "weights.npz") as arrays:
        old = {**arrays, "kernel": arrays["kernel"] + 1}
    for kind in ("squared exponential", None):
        described.pop("kernel", None)
        (tmp_path / "predictor.json").write_text(
            json.dumps(described | ({"kernel": kind} if kind else {}))
        )
        np.savez(tmp_path / "weights.npz", **old)
        loaded = GaussianProcess.load(tmp_path, SPACE)
        np.testing.assert_array_equal(loaded.predict(tokens[:99]), predictor.predict(tokens[:99]))


def test_normal_scores_by_hand() -> None:
    scores = NormalScoreTransform.of([0.9, 0.1, 0.5, 0.5])
    assert scores.rewards.tolist() == [0.1, 0.5, 0.9]
    np.testing.assert_allclose(scores.scores, [-1.1503494, 0, 1.1503494], atol=1e-6)
    np.testing.assert_allclose(scores.backward(scores.forward([0.1, 0.3, 0.9])), [0.1, 0.3, 0.9])


def test_beyond_the_best_reward_better_is_still_better() -> None:
    for rewards in ([0.2, 1.0], [0.5, 0.5], [0.0, 0.0, 0.0]):
        back = NormalScoreTransform.of(rewards).backward(np.array([-9.0, -3.0, 0.0, 3.0, 9.0]))
        assert (np.diff(back) > 0).all()
        assert back[0] >= 0
        assert back[-1] <= 1
