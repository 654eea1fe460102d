"""Expected hypervolume improvement, against its definition."""

import numpy as np
import pytest

from pnas.objectives.dominance import Points, hypervolume
from pnas.search.hypervolume_improvement import expected_improvement

FRONT = np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]])
REFERENCE = np.zeros(2)
MEAN = np.array([[2.5, 2.5], [1.5, 1.0], [4.0, 0.5], [0.5, 4.0], [-1.0, 5.0]])


def sampled(mean: Points, std: Points, front: Points, reference: Points) -> list[float]:
    """Return the mean improvement over draws of each candidate."""
    generator = np.random.default_rng(0)
    before = hypervolume(front, reference)
    expected = []
    for one, deviation in zip(mean, std, strict=True):
        draws = generator.normal(one, deviation, (4000, len(one)))
        volumes = [hypervolume(np.vstack([front, draw]), reference) for draw in draws]
        expected.append(float(np.mean(volumes)) - before)
    return expected


def test_without_uncertainty_it_is_the_improvement() -> None:
    found = expected_improvement(MEAN, np.zeros_like(MEAN), FRONT, REFERENCE)
    assert found == pytest.approx([0.5 + 0.75, 0, 0.5, 0.5, 0])


@pytest.mark.parametrize("deviation", [(0.5, 0.0), (0.0, 0.5), (0.5, 0.3)])
def test_of_two_objectives_it_is_exact(deviation: tuple[float, float]) -> None:
    std = np.tile(deviation, (len(MEAN), 1))
    found = expected_improvement(MEAN, std, FRONT, REFERENCE)
    assert found == pytest.approx(sampled(MEAN, std, FRONT, REFERENCE), abs=0.03)


def test_without_a_front_it_is_the_expected_volume() -> None:
    found = expected_improvement(MEAN[:1], np.zeros((1, 2)), np.empty((0, 2)), REFERENCE)
    assert found == pytest.approx([2.5 * 2.5])


def test_dominated_and_equal_points_of_the_front_change_nothing() -> None:
    std = np.full_like(MEAN, 0.4)
    more = np.vstack([FRONT, FRONT[:1], [[0.5, 0.5]], [[-1.0, 9.0]]])
    found = expected_improvement(MEAN, std, more, REFERENCE)
    assert found == pytest.approx(expected_improvement(MEAN, std, FRONT, REFERENCE))


def test_of_three_objectives_it_is_close() -> None:
    front = np.array([[1.0, 1.0, 1.0], [2.0, 0.5, 0.5]])
    mean = np.array([[1.5, 1.5, 1.0], [0.5, 0.5, 0.5], [2.0, 2.0, 2.0]])
    std = np.array([[0.5, 0.0, 0.2], [0.1, 0.0, 0.0], [0.3, 0.3, 0.3]])
    found = expected_improvement(mean, std, front, np.zeros(3))
    expected = sampled(mean, std, front, np.zeros(3))
    assert found == pytest.approx(expected, rel=0.05, abs=0.05)


def test_the_same_question_has_the_same_answer() -> None:
    mean = np.random.default_rng(0).uniform(0, 2, (20, 3))
    std = np.full_like(mean, 0.2)
    front = np.ones((1, 3))
    once = expected_improvement(mean, std, front, np.zeros(3))
    again = expected_improvement(mean, std, front, np.zeros(3))
    assert once.tolist() == again.tolist()
