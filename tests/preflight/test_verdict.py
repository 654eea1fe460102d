"""The verdict of a preflight, from evidence that is known to be good, bad or unclear."""

import pytest

from pnas.preflight.baselines import Baseline
from pnas.preflight.reliability import Reliability
from pnas.preflight.verdict import Evidence, is_still_rising, judge, sampling_variance


def evidence(
    between: float = 0.02,
    noise: float = 0.01,
    *,
    icc_low: float = 0.5,
    icc_high: float = 0.95,
    baseline: float = 0.5,
    validation_examples: int = 5000,
    last_rise: float | None = None,
) -> Evidence:
    total = between**2 + noise**2
    reliability = Reliability(
        cells=8,
        trainings=24,
        mean=0.9,
        between_sd=between,
        noise_sd=noise,
        icc=between**2 / total,
        icc_low=icc_low,
        icc_high=icc_high,
    )
    return Evidence(
        reliability=reliability,
        children=60,
        validation_examples=validation_examples,
        last_rise=last_rise,
        baselines=[Baseline("logistic regression", 650, baseline)],
    )


def test_cells_that_differ_are_worth_a_search() -> None:
    verdict = judge(evidence())
    assert verdict.is_worth_it is True
    assert verdict.gain_low < verdict.gain.confirmed < verdict.gain_high


def test_a_baseline_out_of_reach_is_named() -> None:
    verdict = judge(evidence(baseline=0.99))
    assert verdict.is_worth_it is False
    assert "logistic regression has 0.9900" in verdict.reason


def test_cells_that_do_not_differ_are_not_worth_a_search() -> None:
    verdict = judge(evidence(between=0.0, noise=0.001, icc_low=0.0, icc_high=0.2))
    assert verdict.is_worth_it is False
    assert "at most" in verdict.reason


def test_too_few_trainings_do_not_tell() -> None:
    verdict = judge(evidence(icc_low=0.0, icc_high=0.9))
    assert verdict.is_worth_it is None
    assert "too few trainings" in verdict.reason


def test_a_small_validation_part_is_named_as_the_cause_of_noise() -> None:
    found = evidence(between=0.01, noise=0.02, validation_examples=200)
    best = judge(found).alternatives[0]
    assert best.override == "data.val_size=800"
    assert sampling_variance(found.reliability, 200) == pytest.approx(0.9 * 0.1 / 200)


def test_trainings_that_have_not_converged() -> None:
    assert is_still_rising(evidence(last_rise=0.02))
    assert not is_still_rising(evidence(last_rise=0.001))
    assert not is_still_rising(evidence(last_rise=None))
