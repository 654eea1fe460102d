"""Dominance, ranks, crowding and hypervolume; higher is better everywhere."""

import numpy as np
import pytest

from pnas.objectives.dominance import (
    best_first,
    crowding_distances,
    hypervolume,
    non_dominated,
    ranks,
)

POINTS = np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0], [2.0, 1.0], [0.5, 0.5]])


def test_a_point_that_is_nowhere_lower_and_somewhere_higher_dominates() -> None:
    assert non_dominated(POINTS).tolist() == [True, True, True, False, False]
    assert ranks(POINTS).tolist() == [0, 0, 0, 1, 2]


def test_equal_points_do_not_dominate_each_other() -> None:
    twice = np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 1.0]])
    assert non_dominated(twice).tolist() == [True, True, False]
    assert ranks(twice).tolist() == [0, 0, 1]


def test_nothing_has_no_front() -> None:
    nothing = np.empty((0, 2))
    assert non_dominated(nothing).tolist() == []
    assert ranks(nothing).tolist() == []
    assert hypervolume(nothing, np.zeros(2)) == 0


def test_the_hypervolume_is_the_area_between_reference_and_front() -> None:
    # Columns of width 1: the front is 3, 2 and 1 high there.
    assert hypervolume(POINTS, np.zeros(2)) == pytest.approx(6)
    assert hypervolume(POINTS, np.array([1.0, 1.0])) == pytest.approx(1)


def test_points_beyond_the_reference_count_nothing() -> None:
    assert hypervolume(np.array([[5.0, -1.0]]), np.zeros(2)) == 0


def test_the_ends_and_the_lonely_are_least_crowded() -> None:
    line = np.array([[0.0, 4.0], [1.0, 3.0], [1.5, 2.5], [4.0, 0.0]])
    distances = crowding_distances(line)
    assert np.isinf(distances[[0, 3]]).all()
    assert distances[2] > distances[1]


def test_best_first_is_by_rank_and_then_by_crowding() -> None:
    order = best_first(POINTS).tolist()
    assert set(order[:2]) == {0, 2}
    assert order[2:] == [1, 3, 4]
