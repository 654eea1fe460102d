"""The probability of cells to belong to a front of noisy rewards."""

import numpy as np
import pytest

from pnas.objectives import make_objectives
from pnas.records.front_membership import membership
from pnas.records.reward_model import fit_reward_model, probabilities_best

OBJECTIVES = make_objectives(["reward", "params"])


def probabilities(rewards: list[float], params: list[float], deviation: float) -> list[float]:
    values = [{"reward": 0.0, "params": each} for each in params]
    deviations = np.full(len(rewards), deviation)
    return membership(OBJECTIVES, values, np.asarray(rewards), deviations, seed=0).tolist()


def test_without_noise_it_is_known() -> None:
    assert probabilities([0.9, 0.8, 0.7], [3, 1, 2], deviation=0.0) == [1.0, 1.0, 0.0]


def test_the_cheapest_cell_is_always_on_the_front() -> None:
    assert probabilities([0.1, 0.9], [1, 2], deviation=0.2)[0] == 1.0


def test_two_cells_of_equal_cost_and_reward_share_it() -> None:
    assert probabilities([0.5, 0.5], [1, 1], deviation=0.1) == pytest.approx([0.5, 0.5], abs=0.08)


def test_the_deviation_of_an_expected_reward_falls_with_the_trainings() -> None:
    cells = [[0.9, 0.92, 0.91, 0.9], [0.88, 0.86], [0.84], [0.8]]
    model = fit_reward_model(cells)
    assert model is not None
    deviations = [model.deviation(each) for each in cells[:3]]
    assert deviations == sorted(deviations)
    # It is that of the draws by which the winner is named: far below all others, never the best.
    assert probabilities_best([cells[0], cells[3]], model, seed=0)[0] > 0.95
