"""Variance components against hand-computed and simulated values."""

import numpy as np
import pytest

from pnas.errors import InvalidValue
from pnas.preflight.reliability import measure_reliability


def test_the_example_of_the_module() -> None:
    found = measure_reliability([[0.90, 0.92], [0.94, 0.96], [0.95, 0.93]])

    assert found.cells == 3
    assert found.trainings == 6
    assert found.mean == pytest.approx(0.9333333)
    assert found.noise_sd**2 == pytest.approx(0.0002)
    assert found.between_sd**2 == pytest.approx(0.000333333, rel=1e-5)
    assert found.icc == pytest.approx(0.625)
    assert found.icc_low < found.icc < found.icc_high


def test_the_published_example_of_shrout_and_fleiss() -> None:
    """Table 2 of Shrout and Fleiss (1979): six targets, four ratings; ICC(1, 1) is .17."""
    ratings = [
        [9, 2, 5, 8],
        [6, 1, 3, 2],
        [8, 4, 6, 8],
        [7, 1, 2, 6],
        [10, 5, 6, 9],
        [6, 2, 4, 7],
    ]
    found = measure_reliability(ratings)
    assert found.icc == pytest.approx(0.17, abs=0.005)
    # McGraw and Wong (1996) print the interval [-.13, .72] of these data.
    assert found.icc_low == 0.0
    assert found.icc_high == pytest.approx(0.72, abs=0.005)


def test_equal_rewards_of_each_cell_belong_to_the_cell() -> None:
    found = measure_reliability([[0.5, 0.5], [0.7, 0.7]])
    assert found.icc == 1.0
    assert (found.icc_low, found.icc_high) == (1.0, 1.0)


def test_constant_rewards_tell_nothing() -> None:
    found = measure_reliability([[0.5, 0.5], [0.5, 0.5]])
    assert found.icc == 0.0
    assert (found.icc_low, found.icc_high) == (0.0, 1.0)


def test_pure_noise_has_no_reliability() -> None:
    generator = np.random.default_rng(0)
    found = measure_reliability(generator.normal(size=(200, 3)).tolist())
    assert found.icc < 0.1
    assert found.noise_sd == pytest.approx(1.0, abs=0.06)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        cells = generator.normal(size=(8, 1))
        found = measure_reliability((cells + generator.normal(size=(8, 3))).tolist())
        covered += found.icc_low <= 0.5 <= found.icc_high
    assert 0.92 <= covered / 400 <= 0.98


@pytest.mark.parametrize("rewards", [[], [[0.1, 0.2]], [[0.1], [0.2], [0.3]]])
def test_too_few_trainings_are_refused(rewards: list[list[float]]) -> None:
    with pytest.raises(InvalidValue, match="two or more cells"):
        measure_reliability(rewards)
