"""The highest of many rewards, against known expectations and against sampling all of them."""

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from pnas.preflight.highest_rewards import HighestRewards, sample_highest

SIMULATIONS = 20_000

# Standard normal order statistics, largest first (Harter, Biometrika 48, 1961).
EXPECTED_OF_10 = [1.53875, 1.00136, 0.65606, 0.37576, 0.12267, -0.12267]


def highest(
    cells: int, count: int, between: float = 1.0, noise: float = 0.0, simulations: int = SIMULATIONS
) -> HighestRewards:
    return sample_highest(
        np.random.default_rng(0),
        simulations=simulations,
        cells=cells,
        count=count,
        between=between,
        noise=noise,
    )


def test_means_are_those_of_normal_order_statistics() -> None:
    found = highest(10, 6)
    assert found.shown.mean(axis=0) == pytest.approx(EXPECTED_OF_10, abs=0.02)
    assert (np.diff(found.shown, axis=1) <= 0).all()
    # Without noise what is shown is the truth.
    assert found.true == pytest.approx(found.shown)


def test_of_all_cells_the_last_one_is_the_lowest() -> None:
    found = highest(3, 6)
    assert found.shown.shape == (SIMULATIONS, 3)
    assert found.shown.mean(axis=0) == pytest.approx([0.84628, 0, -0.84628], abs=0.02)


def test_quality_behind_what_is_shown_is_that_of_a_sample_of_all_cells() -> None:
    true, shown = _sample_all(cells=40, between=0.3, noise=0.4)
    order = np.argsort(-shown, axis=1)[:, :3]
    expected = np.take_along_axis(true, order, axis=1)

    found = highest(40, 3, between=0.3, noise=0.4)
    assert found.true.mean(axis=0) == pytest.approx(expected.mean(axis=0), abs=0.01)
    assert found.true.std(axis=0) == pytest.approx(expected.std(axis=0), abs=0.01)
    assert np.cov(found.true.T) == pytest.approx(np.cov(expected.T), abs=0.005)


def _sample_all(
    cells: int, between: float, noise: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    generator = np.random.default_rng(1)
    shape = (SIMULATIONS, cells)
    true = between * generator.standard_normal(shape)
    return true, true + noise * generator.standard_normal(shape)


def test_without_any_variance_all_cells_are_alike() -> None:
    found = highest(10, 2, between=0.0, noise=0.0)
    assert not found.true.any()
    assert not found.shown.any()


def test_many_cells_need_no_more_memory_than_few() -> None:
    highest(10, 6)  # imports what it needs
    tracemalloc.start()
    try:
        # 4.38432 is expected of the largest of 100,000, by numerical integration.
        assert highest(100_000, 6).shown[:, 0].mean() == pytest.approx(4.3843, abs=0.01)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20e6
