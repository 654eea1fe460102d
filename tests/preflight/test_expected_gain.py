"""Expected gains against order statistics and simulation."""

import numpy as np
import pytest

from pnas.preflight.expected_gain import expected_gain, expected_maximum, trainings_to_know
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


@pytest.mark.parametrize(
    ("n", "published"),
    [(1, 0.0), (2, 0.56419), (5, 1.16296), (10, 1.53875), (100, 2.50759)],
)
def test_expected_maximum_of_normal_samples(n: int, published: float) -> None:
    assert expected_maximum(n) == pytest.approx(published, abs=1e-4)


def test_without_noise_the_best_cell_is_found() -> None:
    gain = expected_gain(reliability(0.02, 0.0), children=50)
    assert gain.single == pytest.approx(0.02 * expected_maximum(50))
    assert gain.optimism == 0.0


def test_without_differences_there_is_nothing_to_gain_but_optimism() -> None:
    gain = expected_gain(reliability(0.0, 0.01), children=50)
    assert gain.single == 0.0
    assert gain.confirmed == 0.0
    assert gain.optimism == pytest.approx(0.01 * expected_maximum(50))


def test_gain_and_optimism_agree_with_a_simulation() -> None:
    generator = np.random.default_rng(0)
    true = 0.02 * generator.standard_normal((20_000, 40))
    rewards = true + 0.01 * generator.standard_normal(true.shape)
    rows = np.arange(len(true))
    named = rewards.argmax(axis=1)

    gain = expected_gain(reliability(0.02, 0.01), children=40)
    assert gain.single == pytest.approx(true[rows, named].mean(), abs=3e-4)
    optimism = (rewards - true)[rows, named].mean()
    assert gain.optimism == pytest.approx(optimism, abs=3e-4)


def test_confirmation_pays_where_rewards_are_noisy() -> None:
    noisy = expected_gain(reliability(0.01, 0.02), children=130)
    assert noisy.confirmed > noisy.single


def test_more_noise_needs_more_trainings() -> None:
    few = trainings_to_know(reliability(0.02, 0.002), children=60)
    more = trainings_to_know(reliability(0.02, 0.02), children=60)
    assert few == 1
    assert more is not None
    assert more > 1
