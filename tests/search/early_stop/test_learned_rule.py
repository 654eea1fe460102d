"""What a rule is learned from, and whom it stops."""

from dataclasses import replace

import numpy as np
import pytest
from support.learning_curves import EPOCHS, learning_curve

from pnas.records import ChildRecord, Status
from pnas.records.stop_rule import score_among
from pnas.search.early_stop.expectation import ExpectedRewards
from pnas.search.early_stop.learned_rule import FEWEST_TRAININGS, learn_rule
from pnas.search.expected_reward import normal_scores
from pnas.state_space import Cell

CELL = Cell.parse("(-1, identity, -1, identity)")


def child(number: int, reward: float, key: str | None = None) -> ChildRecord:
    return ChildRecord(
        id=number,
        b=1,
        position=number,
        cell=CELL,
        key=key or f"c{number}",
        seed=number,
        predicted=None,
        status=Status.OK,
        reward=reward,
        params=5,
        flops=9,
        seconds=1.0,
        error=None,
        metrics=learning_curve(reward, np.random.default_rng(number)),
        ended_at=1.0,
    )


def known(count: int) -> list[ChildRecord]:
    rewards = np.random.default_rng(0).uniform(0.3, 0.9, count)
    return [child(number, float(reward)) for number, reward in enumerate(rewards)]


def test_too_few_trainings_make_no_rule() -> None:
    assert learn_rule(known(FEWEST_TRAININGS - 1), 0.05) is None
    assert learn_rule(known(FEWEST_TRAININGS), 0.05) is not None


def test_short_failed_and_further_trainings_do_not_count() -> None:
    others = [
        child(20, 0.5, key="c20_3e"),
        child(21, 0.5, key="c1-2"),
        replace(child(22, 0.5), status=Status.FAILED, reward=None, metrics={}),
    ]
    assert learn_rule([*known(FEWEST_TRAININGS - 1), *others], 0.05) is None


def test_every_validated_epoch_but_the_last_is_asked() -> None:
    rule = learn_rule(known(20), 0.05)
    assert rule is not None
    assert [check.epoch for check in rule.checks] == [2, 5]


def test_bad_trainings_are_stopped_and_good_ones_are_not() -> None:
    rule = learn_rule(known(40), 0.05)
    assert rule is not None
    generator = np.random.default_rng(5)
    assert rule.stop_epoch(learning_curve(0.4, generator)) == 2
    assert rule.stop_epoch(learning_curve(0.88, generator)) is None


def test_a_smaller_probability_stops_fewer() -> None:
    curves = [each.metrics for each in known(200)[40:]]
    stopped = []
    for probability in (0.001, 0.05, 0.3):
        rule = learn_rule(known(40), probability)
        assert rule is not None
        stopped.append(sum(rule.stop_epoch(curve) is not None for curve in curves))
    assert stopped == sorted(stopped)
    assert stopped[0] < stopped[2]


def test_the_probability_is_about_what_is_promised() -> None:
    """Of stopped trainings, at most about 5 % would have reached the best tenth."""
    children = known(400)
    earlier = children[:100]
    rule = learn_rule(earlier, 0.05)
    assert rule is not None
    goal = sorted((each.reward or 0.0 for each in earlier), reverse=True)[9]
    stopped = [each for each in children[100:] if rule.stop_epoch(each.metrics) is not None]
    missed = [each for each in stopped if (each.reward or 0.0) >= goal]
    assert len(stopped) > 150
    assert len(missed) <= 0.05 * len(stopped)


def test_curves_without_losses_are_enough() -> None:
    bare = []
    for each in known(20):
        bare.append(replace(each, metrics={"val_accuracy": each.metrics["val_accuracy"]}))
    rule = learn_rule(bare, 0.05)
    assert rule is not None
    assert rule.checks[0].losses is None


def test_predictions_count_where_there_are_any() -> None:
    children = [replace(each, predicted=each.reward) for each in known(20)]
    rule = learn_rule(children, 0.05)
    assert rule is not None
    check = rule.checks[0]
    assert len(check.slopes) == 3
    assert check.slopes[2] > 0


def test_what_is_expected_of_a_stopped_training_is_near_its_reward() -> None:
    children = known(40)
    stopped = []
    for each in children[30:]:
        metrics = {name: values[:5] for name, values in each.metrics.items()}
        stopped.append(replace(each, status=Status.STOPPED, reward=None, metrics=metrics))
    expected = ExpectedRewards()
    assert expected.of_stage(children[:30]) == {}
    found = expected.of_stage(stopped)
    errors = [abs(found[each.key] - (each.reward or 0.0)) for each in children[30:]]
    assert np.mean(errors) < 0.1
    assert len(found) == 10
    assert max(len(each.metrics["loss"]) for each in stopped) < EPOCHS


@pytest.mark.parametrize("equal", [10, 30])
def test_equal_trainings_are_not_stopped(equal: int) -> None:
    """They would all be among the best."""
    children = [
        replace(child(number, 0.5), metrics=child(0, 0.5).metrics) for number in range(equal)
    ]
    rule = learn_rule(children, 0.05)
    assert rule is not None
    assert rule.stop_epoch(child(0, 0.5).metrics) is None


def test_a_child_is_scored_as_the_cells_that_the_rule_was_learned_from() -> None:
    known = [0.3, 0.5, 0.5, 0.9]
    for value in (0.1, 0.3, 0.4, 0.5, 1.0):
        expected = normal_scores([*known, value])[-1]
        assert score_among(known, value) == pytest.approx(expected)
