"""The verdict of a preflight, from evidence that is known to be good, bad or unclear."""

from dataclasses import replace

import pytest

from pnas.preflight.baselines import Baseline
from pnas.preflight.reliability import Reliability
from pnas.preflight.summary import summary_lines
from pnas.preflight.verdict import Evidence, is_still_rising, judge


def evidence(
    between: float = 0.02,
    noise: float = 0.01,
    *,
    icc_low: float = 0.5,
    icc_high: float = 0.95,
    baseline: float = 0.5,
    validation_examples: int = 5000,
    last_rise: float | None = None,
    largest_validation: int | None = None,
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
        largest_validation=largest_validation,
    )


def lines_of(found: Evidence) -> list[str]:
    return summary_lines(found, judge(found), [1.0])


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
    found = evidence(between=0.01, noise=0.02, validation_examples=200, largest_validation=5000)
    best = judge(found).alternatives[0]
    assert best.override == "data.val_size=800"
    assert found.sampling_variance == pytest.approx(0.9 * 0.1 / 200)
    assert any(line.endswith("raise data.val_size") for line in lines_of(found))


def test_no_more_validation_examples_are_offered_than_there_are() -> None:
    found = evidence(between=0.01, noise=0.02, validation_examples=200, largest_validation=400)
    (larger,) = [each for each in judge(found).alternatives if "data.val_size" in each.override]
    assert larger.override == "data.val_size=400"

    four_times = replace(found, largest_validation=800)
    (largest,) = [
        each for each in judge(four_times).alternatives if "data.val_size" in each.override
    ]
    assert larger.gain < largest.gain


@pytest.mark.parametrize("largest", [None, 200])
def test_a_validation_part_that_cannot_grow_is_not_told_to(largest: int | None) -> None:
    found = evidence(between=0.01, noise=0.02, validation_examples=200, largest_validation=largest)
    overrides = [alternative.override for alternative in judge(found).alternatives]
    assert overrides == ["", "search.confirm=0"]
    assert not any("data.val_size" in line for line in lines_of(found))
    assert any("leave no more of them" in line for line in lines_of(found))


def test_a_few_examples_of_a_class_are_the_noise_of_a_balanced_accuracy() -> None:
    found = evidence(between=0.01, noise=0.02, largest_validation=20_000)
    assert found.sampling_variance == pytest.approx(0.9 * 0.1 / 5000)
    balanced = replace(found, metric="balanced_accuracy", effective_examples=150.0)
    assert balanced.sampling_variance == pytest.approx(0.9 * 0.1 / 150)

    def gain_of_more(of: Evidence) -> float:
        return max(each.gain for each in judge(of).alternatives if "val_size" in each.override)

    assert gain_of_more(balanced) > gain_of_more(found)


def test_what_is_said_names_the_metric() -> None:
    found = replace(evidence(last_rise=0.02), metric="balanced_accuracy")
    assert "points of balanced accuracy" in judge(found).reason
    assert "logistic regression: balanced accuracy 0.5000 (650 parameters)" in lines_of(found)
    assert any("validation balanced accuracy still rises" in line for line in lines_of(found))

    beaten = replace(found, baselines=[Baseline("logistic regression", 650, 0.99)])
    assert "more than the balanced accuracy of" in judge(beaten).reason


def test_trainings_that_have_not_converged() -> None:
    assert is_still_rising(evidence(last_rise=0.02))
    assert not is_still_rising(evidence(last_rise=0.001))
    assert not is_still_rising(evidence(last_rise=None))


@pytest.mark.parametrize(
    ("noise", "line"),
    [
        (1e-9, "1 training of each finalist makes the winner known with probability 0.9"),
        (0.02, "trainings of each finalist make the winner known with probability 0.9"),
    ],
)
def test_one_training_of_each_finalist_is_one(noise: float, line: str) -> None:
    lines = lines_of(evidence(noise=noise))
    assert [each for each in lines if each.endswith(line)]
