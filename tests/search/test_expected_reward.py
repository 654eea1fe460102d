"""What is expected of a whole training after a short one."""

import numpy as np
import pytest

from pnas.search.expected_reward import Evidence, expected_rewards
from pnas.search.rungs.agreement import measure_agreement
from pnas.search.short_training import Signals, signals_in


def evidence(known: int, noise: float = 0.0, cells: int = 60) -> Evidence:
    """Cells whose short reward is half of their reward, of which the first ``known`` have it."""
    generator = np.random.default_rng(0)
    rewards = generator.uniform(0.4, 0.9, cells)
    short = np.clip(rewards / 2 + noise * generator.normal(size=cells), 0, 1)
    signals = [Signals(float(value)) for value in short]
    whole = [float(value) if i < known else None for i, value in enumerate(rewards)]
    return Evidence(signals, [None] * cells, whole)


def test_without_rewards_the_order_is_that_of_the_signals() -> None:
    unknown = evidence(known=0)
    order = np.argsort([each.reward for each in unknown.signals])
    assert list(np.argsort(expected_rewards(unknown))) == list(order)


def test_a_signal_of_no_noise_predicts_the_reward() -> None:
    known = evidence(known=30)
    rewards = np.random.default_rng(0).uniform(0.4, 0.9, 60)
    errors = expected_rewards(known)[30:] - rewards[30:]
    assert np.abs(errors).mean() < 0.05


def test_no_cell_is_expected_to_beat_the_best_that_is_known() -> None:
    known = evidence(known=5)
    best = max(reward for reward in known.rewards if reward is not None)
    assert expected_rewards(known).max() <= best


def test_a_lower_loss_promises_more() -> None:
    signals = [Signals(0.5, loss) for loss in (3.0, 1.0, 2.0)]
    expected = expected_rewards(Evidence(signals, [None] * 3, [None] * 3))
    assert list(np.argsort(-expected)) == [1, 2, 0]


def test_the_prediction_before_the_training_counts_too() -> None:
    signals = [Signals(0.5)] * 3
    expected = expected_rewards(Evidence(signals, [0.1, 0.9, None], [None] * 3))
    assert list(np.argsort(-expected)) == [1, 2, 0]


def test_a_rung_that_agrees_is_trusted() -> None:
    agreement = measure_agreement(2, evidence(known=12), seed=0)
    assert agreement.spearman[0] == 1.0
    assert agreement.is_trusted
    assert (agreement.cells, agreement.both) == (60, 12)
    assert agreement.as_record()["is_trusted"]


def test_a_rung_of_noise_alone_is_not_trusted() -> None:
    generator = np.random.default_rng(1)
    signals = [Signals(float(value)) for value in generator.uniform(size=40)]
    rewards = [float(value) for value in generator.uniform(size=40)]
    agreement = measure_agreement(2, Evidence(signals, [None] * 40, rewards), seed=0)
    assert not agreement.is_trusted


def test_a_rung_is_trusted_until_something_is_known() -> None:
    assert measure_agreement(2, evidence(known=1), seed=0).is_trusted


def promoted(correlation: float, groups: int, generator: np.random.Generator) -> Evidence:
    """Return a first group of 36 cells, six spread ones of them trained whole, and later groups.

    Of 18 cells in each later group the two best by their short trainings are trained whole.
    """
    signals: list[Signals] = []
    rewards: list[float | None] = []
    for group in range(1 + groups):
        count = 36 if group == 0 else 18
        shown = generator.normal(size=count)
        noise = generator.normal(size=count)
        truth = 0.7 + 0.05 * (correlation * shown + (1 - correlation**2) ** 0.5 * noise)
        places = [0, 1, 2, 8, 19, 30] if group == 0 else [0, 1]
        trained = set(np.argsort(-shown)[places].tolist())
        for cell in range(count):
            signals.append(Signals(float(1 / (1 + np.exp(-shown[cell])))))
            rewards.append(float(truth[cell]) if cell in trained else None)
    return Evidence(signals, [None] * len(signals), rewards)


@pytest.mark.parametrize("correlation", [0.2, 0.6])
@pytest.mark.parametrize("groups", [0, 4, 20])
def test_trust_does_not_fall_since_only_the_best_go_on(correlation: float, groups: int) -> None:
    generator = np.random.default_rng(groups)
    corrected = []
    for _ in range(60):
        found = measure_agreement(2, promoted(correlation, groups, generator), seed=0).corrected
        assert found is not None
        corrected.append(found)
    assert np.mean(corrected) == pytest.approx(correlation, abs=0.1 if groups else 0.15)


def test_the_corrected_correlation_is_the_measured_one_where_all_were_trained_whole() -> None:
    generator = np.random.default_rng(2)
    shown = generator.uniform(size=50)
    rewards = shown + generator.uniform(size=50)
    whole = Evidence([Signals(float(each)) for each in shown], [None] * 50, rewards.tolist())
    agreement = measure_agreement(2, whole, seed=0)
    assert agreement.corrected == pytest.approx(agreement.spearman[0], abs=0.05)
    assert agreement.as_record()["corrected"] == agreement.corrected


def test_equal_signals_say_nothing_of_a_rung() -> None:
    agreement = measure_agreement(2, Evidence([Signals(0.5)] * 3, [None] * 3, [0.1, 0.2, 0.3]), 0)
    assert agreement.corrected is None
    assert agreement.is_trusted


def test_signals_are_read_from_the_metrics_of_a_child() -> None:
    assert signals_in({"short_reward": [0.5], "loss": [2.0, 1.0]}) == Signals(0.5, 1.5)
    assert signals_in({"short_reward": [0.5]}) == Signals(0.5, None)
    assert signals_in({"loss": [1.0]}) is None
