"""Expected gains against limits that are known, and against a simulation."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pnas.preflight.expected_gain import expected_gain, trainings_to_know
from pnas.preflight.reliability import Reliability


def reliability(between: float, noise: float) -> Reliability:
    total = between**2 + noise**2
    icc = between**2 / total if total else 0.0
    return Reliability(
        cells=10,
        trainings=30,
        mean=0.9,
        between_sd=between,
        noise_sd=noise,
        icc=icc,
        icc_low=icc,
        icc_high=icc,
    )


EXPECTED_MAXIMUM = 2.24907
"""Of 50 standard normal numbers (Harter, Biometrika 48, 1961)."""


def test_of_small_differences_the_gain_is_that_of_normal_rewards() -> None:
    gain = expected_gain(reliability(1e-5, 0.0), children=50)
    assert gain.single == pytest.approx(1e-5 * EXPECTED_MAXIMUM, rel=0.01)
    assert gain.optimism == 0.0


def test_of_large_differences_no_search_gains_more_than_the_error() -> None:
    gain = expected_gain(reliability(0.09, 0.0), children=1000)
    assert 0.06 < gain.single < 0.1


def test_without_differences_there_is_nothing_to_gain_but_optimism() -> None:
    gain = expected_gain(reliability(0.0, 1e-5), children=50)
    assert gain.single == 0.0
    assert gain.confirmed == 0.0
    assert gain.optimism == pytest.approx(1e-5 * EXPECTED_MAXIMUM, rel=0.01)


@pytest.mark.parametrize(("between", "noise"), [(0.2, 0.1), (0.8, 0.3)])
def test_gain_and_optimism_agree_with_a_simulation_of_errors(between: float, noise: float) -> None:
    generator = np.random.default_rng(0)
    errors = 0.1 * _factors(generator, between)
    shown = errors * _factors(generator, noise)
    rows = np.arange(len(errors))
    named = shown.argmin(axis=1)

    # The noise of a reward is in proportion to its error.
    noise_sd = noise * np.sqrt((errors**2).mean())
    gain = expected_gain(reliability(0.1 * between, float(noise_sd)), children=40)
    assert gain.single == pytest.approx(0.1 - errors[rows, named].mean(), rel=0.02)
    optimism = (errors - shown)[rows, named].mean()
    assert gain.optimism == pytest.approx(optimism, rel=0.03)


def _factors(generator: np.random.Generator, deviation: float) -> NDArray[np.float64]:
    """Return factors of mean 1 with this standard deviation."""
    sigma = np.sqrt(np.log1p(deviation**2))
    return generator.lognormal(-(sigma**2) / 2, sigma, (20_000, 40))


def test_confirmation_pays_where_rewards_are_noisy() -> None:
    noisy = expected_gain(reliability(0.01, 0.02), children=130)
    assert noisy.confirmed > noisy.single


def test_more_noise_needs_more_trainings() -> None:
    few = trainings_to_know(reliability(0.02, 0.002), children=60)
    more = trainings_to_know(reliability(0.02, 0.02), children=60)
    assert few == 1
    assert more is not None
    assert more > 1


def test_the_largest_search_is_judged_as_the_smallest_one_is() -> None:
    """Expected of the largest of 80,000 and 100,000 normal numbers, by numerical integration."""
    largest = expected_gain(reliability(1e-5, 0.0), children=100_000)
    assert largest.single == pytest.approx(4.3843e-5, rel=0.01)
    # A fifth of the trainings confirms: 80,000 cells are searched.
    assert largest.confirmed == pytest.approx(4.3353e-5, rel=0.01)


def test_the_smallest_searches_have_fewer_finalists() -> None:
    """The larger of two standard normal numbers is expected to be 1 / sqrt(pi)."""
    for children in (2, 3):
        gain = expected_gain(reliability(1e-5, 0.0), children)
        assert gain.confirmed == pytest.approx(1e-5 / np.sqrt(np.pi), rel=0.03)
