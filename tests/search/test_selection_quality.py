import pytest

from pnas.search.selection_quality import evaluate_selection


def test_the_chosen_and_the_probe_are_judged_apart() -> None:
    predictions = [0.9, 0.8, 0.7, 0.6, 0.2, 0.3, 0.4, 0.5]
    rewards = [0.6, 0.7, 0.8, 0.9, 0.1, 0.2, None, 0.95]
    judged = evaluate_selection(predictions, rewards, chosen=4, seed=0)
    assert (judged["chosen"]["spearman"], judged["chosen"]["kendall"]) == (
        pytest.approx(-1),
        pytest.approx(-1),
    )
    assert judged["probe"]["spearman"] == pytest.approx(1)
    assert judged["regret"] == pytest.approx(0.05)
    assert judged["advantage"] == pytest.approx(0.75 - 1.25 / 3)


def test_without_a_probe_there_is_no_regret() -> None:
    judged = evaluate_selection([0.1, 0.2, 0.3], [0.1, 0.2, 0.3], chosen=3, seed=0)
    assert (judged["probe"], judged["regret"], judged["advantage"]) == (None, None, None)
    assert judged["chosen"]["spearman"] == pytest.approx(1)


def test_a_probe_without_rewards_has_no_figures() -> None:
    judged = evaluate_selection([0.1, 0.2, 0.3], [0.1, 0.2, None], chosen=2, seed=0)
    assert (judged["probe"]["spearman"], judged["regret"]) == (None, None)
