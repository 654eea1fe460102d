"""Expected hypervolume improvement, against its definition."""

from itertools import product

import numpy as np
import pytest

from pnas.objectives.dominance import Points, hypervolume
from pnas.search.hypervolume_improvement import expected_improvement, highest_gains

FRONT = np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]])
REFERENCE = np.zeros(2)
MEAN = np.array([[2.5, 2.5], [1.5, 1.0], [4.0, 0.5], [0.5, 4.0], [-1.0, 5.0]])
OFFSETS = np.array([-0.6, -0.1, 0.2, 0.5])


def known(points: Points) -> list[Points]:
    """Return the gains of candidates of which everything is known."""
    return [column[:, None] for column in points.T]


def uncertain(points: Points, scales: tuple[float, ...]) -> list[Points]:
    """Return four equally likely gains in each objective; one where its scale is 0."""
    gains = []
    for column, scale in zip(points.T, scales, strict=True):
        offsets = scale * OFFSETS if scale else np.zeros(1)
        gains.append(column[:, None] + offsets)
    return gains


def enumerated(gains: list[Points], front: Points, reference: Points) -> list[float]:
    """Return the mean improvement over all combinations of gains."""
    before = hypervolume(front, reference)
    expected = []
    for row in range(len(gains[0])):
        points = product(*(each[row] for each in gains))
        volumes = [hypervolume(np.vstack([front, point]), reference) for point in points]
        expected.append(float(np.mean(volumes)) - before)
    return expected


def test_without_uncertainty_it_is_the_improvement() -> None:
    found = expected_improvement(known(MEAN), FRONT, REFERENCE)
    assert found == pytest.approx([0.5 + 0.75, 0, 0.5, 0.5, 0])


@pytest.mark.parametrize("scales", [(1.0, 0.0), (0.0, 1.0), (1.0, 0.5)])
def test_of_two_objectives_it_is_exact(scales: tuple[float, float]) -> None:
    gains = uncertain(MEAN, scales)
    found = expected_improvement(gains, FRONT, REFERENCE)
    assert found == pytest.approx(enumerated(gains, FRONT, REFERENCE))


def test_without_a_front_it_is_the_expected_volume() -> None:
    found = expected_improvement(known(MEAN[:1]), np.empty((0, 2)), REFERENCE)
    assert found == pytest.approx([2.5 * 2.5])


def test_dominated_and_equal_points_of_the_front_change_nothing() -> None:
    gains = uncertain(MEAN, (1.0, 1.0))
    more = np.vstack([FRONT, FRONT[:1], [[0.5, 0.5]], [[-1.0, 9.0]]])
    found = expected_improvement(gains, more, REFERENCE)
    assert found == pytest.approx(expected_improvement(gains, FRONT, REFERENCE))


def test_of_three_objectives_it_is_close() -> None:
    front = np.array([[1.0, 1.0, 1.0], [2.0, 0.5, 0.5]])
    mean = np.array([[1.5, 1.5, 1.0], [0.5, 0.5, 0.5], [2.0, 2.0, 2.0]])
    gains = uncertain(mean, (1.0, 0.0, 0.4))
    found = expected_improvement(gains, front, np.zeros(3))
    assert found == pytest.approx(enumerated(gains, front, np.zeros(3)), rel=0.05, abs=0.05)


def test_the_same_question_has_the_same_answer() -> None:
    mean = np.random.default_rng(0).uniform(0, 2, (20, 3))
    gains = uncertain(mean, (0.3, 0.3, 0.3))
    front = np.ones((1, 3))
    once = expected_improvement(gains, front, np.zeros(3))
    again = expected_improvement(gains, front, np.zeros(3))
    assert once.tolist() == again.tolist()


@pytest.mark.parametrize("objectives", [2, 3])
def test_a_candidate_has_the_same_improvement_in_every_block(objectives: int) -> None:
    mean = np.random.default_rng(0).uniform(0, 1, (40, objectives))
    gains = uncertain(mean, (0.3,) * objectives)
    front = np.full((1, objectives), 0.5)
    reference = np.zeros(objectives)
    top = highest_gains(gains)
    together = expected_improvement(gains, front, reference)
    apart = []
    for first in range(0, 40, 8):
        block = [each[first : first + 8] for each in gains]
        apart.extend(expected_improvement(block, front, reference, top).tolist())
    assert apart == pytest.approx(together.tolist())


def test_a_larger_front_leaves_no_more_to_improve() -> None:
    mean = np.random.default_rng(1).uniform(0, 1, (40, 3))
    gains = uncertain(mean, (0.3, 0.3, 0.0))
    small = np.full((1, 3), 0.5)
    large = np.vstack([small, mean[:1]])
    before = expected_improvement(gains, small, np.zeros(3))
    block = [each[:4] for each in gains]
    after = expected_improvement(block, large, np.zeros(3), highest_gains(gains))
    assert (after <= before[:4] + 1e-12).all()
