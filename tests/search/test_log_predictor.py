"""Tests for predictors of positive objectives by their logarithm."""

import numpy as np
import pytest

from pnas.predictors import ControllerSpec, named_spec
from pnas.search.log_predictor import LogPredictor, fit_log_predictor, predict_quantiles
from pnas.state_space import StateSpace

SPACE = StateSpace(B=2, operators=["3x3 conv", "identity"])
CELLS = SPACE.initial_children()
TOKENS = SPACE.encode(CELLS)


class Normal:
    """Predicts 0.5 of every cell, with the standard deviation 0.1."""

    def predict_mean_std(self, tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.full(len(tokens), 0.5), np.full(len(tokens), 0.1)


def fitted(values: list[float]) -> LogPredictor:
    controller: ControllerSpec = named_spec("gp")
    return fit_log_predictor(SPACE, controller, CELLS, values, stage=1, seed=0)


def test_a_predictor_without_quantiles_is_taken_for_normal() -> None:
    quantiles = predict_quantiles(Normal(), TOKENS, chunk=2)
    assert quantiles.shape == (len(CELLS), 16)
    np.testing.assert_allclose(quantiles.mean(axis=1), 0.5)
    # The standard deviation of 16 equally likely values of a normal distribution is a bit smaller.
    np.testing.assert_allclose(quantiles.std(axis=1), 0.0961, atol=1e-4)


def test_half_of_the_time_a_value_is_below_its_median() -> None:
    predictor = LogPredictor(Normal(), low=np.log(2.0), width=np.log(8.0) - np.log(2.0))
    # 0.5 is half way from log 2 to log 8.
    np.testing.assert_allclose(predictor.medians(TOKENS, chunk=100), 4.0, rtol=1e-3)
    np.testing.assert_allclose(predictor.probability_below(4.0, TOKENS, chunk=100), 0.5)
    assert predictor.probability_below(2.0, TOKENS, chunk=100)[0] < 1e-6
    assert predictor.probability_below(8.0, TOKENS, chunk=100)[0] > 1 - 1e-6


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_it_learns_values_of_any_scale_and_their_order(scale: float) -> None:
    values = [scale * (1 + cell.blocks[0].count("3x3 conv")) for cell in CELLS]
    medians = fitted(values).medians(TOKENS, chunk=100)
    assert np.corrcoef(np.log(values), np.log(medians))[0, 1] > 0.95
    assert 0.5 * scale < medians.min() < medians.max() < 6 * scale


def test_equal_values_are_learned_as_such() -> None:
    medians = fitted([3.0] * len(CELLS)).medians(TOKENS, chunk=100)
    np.testing.assert_allclose(medians, 3.0, rtol=1e-3)


def test_a_value_of_zero_has_a_logarithm_too() -> None:
    values = [0.0] + [1.0] * (len(CELLS) - 1)
    assert np.isfinite(fitted(values).medians(TOKENS, chunk=100)).all()
