"""Rungs that share the time of a search and not its epochs."""

import pytest
from support.paced_search import SPACE

from pnas.children import PNASNetworkSpec
from pnas.children.training_time import Workload
from pnas.search.pacing import TrainingForecast
from pnas.search.pacing.timed_ladder import TimedLadder

CELLS = SPACE.initial_children()


def ladder(
    rungs: list[float],
    train_examples: int = 256,
    kept_epochs: dict[int, int] | None = None,
    workers: int = 1,
) -> TimedLadder:
    workload = Workload((8, 8, 1), 10, train_examples, 64, epochs=50, batchsize=64)
    forecast = TrainingForecast(SPACE, PNASNetworkSpec(), workload, None, workers=workers)
    return TimedLadder.of(rungs, forecast, SPACE.B, kept_epochs)


def test_of_long_trainings_as_many_go_on_as_their_epochs_say() -> None:
    long = ladder([0.1, 1.0], train_examples=1_000_000)
    assert long.width == 10
    assert long.promoted(40, 5) == 4


def test_of_trainings_that_mostly_build_half_go_on() -> None:
    short = ladder([0.1, 1.0], train_examples=64)
    assert short.width == 2
    assert short.promoted(40, 5) == 20


def test_a_search_without_rungs_has_whole_trainings_only() -> None:
    plain = ladder([])
    assert plain.rungs_from(plain.lowest) == [None]
    assert plain.width == 1
    together = plain.group_seconds(CELLS, None, is_first=True)
    assert together == pytest.approx(plain.forecast.seconds_together(CELLS))


def test_a_continued_training_is_one_of_the_difference() -> None:
    continued = ladder([0.1, 0.4, 1.0], kept_epochs={5: 4, 20: 18})
    assert continued.trained_epochs(5) == 5
    assert continued.trained_epochs(20) == 16
    assert continued.trained_epochs(None) == 32
    assert continued.without([20]).trained_epochs(None) == 46


def test_the_rungs_are_judged_by_cells_of_the_first_group() -> None:
    long = ladder([0.1, 1.0], train_examples=1_000_000)
    forecast = long.forecast
    one = forecast.mean_seconds(CELLS, kept=1.0)
    short = forecast.seconds_together(CELLS, 5)
    count = len(CELLS)
    assert count >= 4
    first = long.group_seconds(CELLS, 5, is_first=True)
    later = long.group_seconds(CELLS, 5, is_first=False)
    assert first == pytest.approx(short + max(2, min(6, count // 2)) * one, rel=0.05)
    assert later == pytest.approx(short + max(1, round(count / 10)) * one, rel=0.05)


def test_a_network_that_was_built_for_a_short_training_is_not_built_again() -> None:
    short = ladder([0.1, 1.0], train_examples=64)
    whole = short.forecast.typical_seconds(SPACE.B)
    assert short.forecast.typical_seconds(SPACE.B, kept=1.0) < 0.7 * whole


def test_one_worker_climbs_with_one_cell_at_a_time() -> None:
    alone, two = ladder([0.1, 1.0]), ladder([0.1, 1.0], workers=2)
    assert alone.climb_seconds(5, 2) == pytest.approx(2 * alone.climb_seconds(5, 1))
    assert two.climb_seconds(5, 2) == pytest.approx(two.climb_seconds(5, 1))


def test_three_rungs_are_climbed_one_after_the_other() -> None:
    three = ladder([0.1, 0.4, 1.0], train_examples=1_000_000)
    assert three.rungs_from(5) == [5, 20, None]
    assert three.counts(40, 5) == [40, 10, 4]
    assert three.counts(3, 5, fewest=2) == [3, 2, 2]
