from collections.abc import Callable

import pytest

from pnas.reports import ScoredCell
from pnas.reports.data.distinct_cells import best_cells_first, describe_size
from pnas.reports.data.scored_cell import Phase

Scored = Callable[..., ScoredCell]


def test_cells_that_were_trained_once_are_ranked_by_their_rewards(scored: Scored) -> None:
    low = scored(0.5, key="a")
    high = scored(0.7, key="b")
    failed = scored(None, key="c")
    assert best_cells_first([low, failed, high]) == [high, low, failed]


def test_a_cell_that_was_trained_again_is_one_with_its_mean(scored: Scored) -> None:
    trainings = [
        scored(0.90, key="a", seconds=1.0),
        scored(0.80, key="b", seconds=1.0),
        scored(0.94, key="a-2", seconds=3.0),
        scored(None, key="a-3"),
    ]
    best, other, failed = best_cells_first(trainings)
    assert best.reward == pytest.approx(0.92)
    assert (best.trainings, best.seconds, best.phase) == (2, 2.0, Phase.CONFIRMATION)
    assert (other.reward, other.trainings) == (0.80, 1)
    assert failed.reward is None


def test_a_lucky_reward_is_ranked_behind_a_high_mean(scored: Scored) -> None:
    lucky = [scored(0.93, key="lucky")]
    steady = [scored(0.92, key="a-1"), scored(0.91, key="a-2"), scored(0.93, key="a-3")]
    noisy = [scored(0.93, key="b-1"), scored(0.81, key="b-2"), scored(0.84, key="b-3")]
    others = [scored(0.85 + 0.001 * i, key=f"c{i}") for i in range(20)]
    first, second, *_ = best_cells_first([*lucky, *others, *noisy, *steady])
    assert first.key == "a-1"
    assert second.key == "lucky"
    assert second.expected is not None
    assert second.expected < 0.93


def test_the_same_key_in_two_runs_is_two_cells(scored: Scored) -> None:
    cells = [scored(0.5, key="a", source="one"), scored(0.6, key="a", source="two")]
    assert len(best_cells_first(cells)) == 2


def test_rows_without_a_key_stay_apart(scored: Scored) -> None:
    assert len(best_cells_first([scored(0.5), scored(0.5)])) == 2


def test_trainings_are_counted_apart_from_cells(scored: Scored) -> None:
    once = [scored(0.5, key="a"), scored(0.6, key="b"), scored(None, 0.7)]
    assert describe_size(once) == "3 cells"
    assert describe_size([*once, scored(0.55, key="a-2")]) == "4 trainings of 3 cells"
