"""Normal scores by hand, and beyond the rewards that are known."""

import numpy as np
import pytest

from pnas.predictors.score_transform import NormalScoreTransform


def test_normal_scores_by_hand() -> None:
    transform = NormalScoreTransform.of([0.9, 0.1, 0.5, 0.5])
    assert transform.rewards.tolist() == [0.1, 0.5, 0.9]
    np.testing.assert_allclose(transform.scores, [-1.1503494, 0, 1.1503494], atol=1e-6)


def test_backward_is_the_inverse_of_forward() -> None:
    transform = NormalScoreTransform.of([0.9, 0.1, 0.5, 0.5])
    rewards = [0.1, 0.3, 0.9]
    np.testing.assert_allclose(transform.backward(transform.forward(rewards)), rewards)


@pytest.mark.parametrize("rewards", [[0.2, 1.0], [0.5, 0.5], [0.0, 0.0, 0.0]])
def test_beyond_the_known_rewards_a_higher_score_has_a_higher_reward(rewards: list[float]) -> None:
    transform = NormalScoreTransform.of(rewards)
    back = transform.backward(np.array([-9.0, -3.0, 0.0, 3.0, 9.0]))
    assert (np.diff(back) > 0).all()
    assert back[0] >= 0
    assert back[-1] <= 1
