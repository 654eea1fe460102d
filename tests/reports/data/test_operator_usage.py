from collections.abc import Callable
from dataclasses import replace

import pytest

from pnas.reports import ScoredCell
from pnas.reports.data.operator_usage import input_usage, operator_usage
from pnas.reports.data.scored_cell import CellGroup
from pnas.state_space import Cell

ONE_BLOCK = CellGroup.of_size(1)
REWARDS = (0.1, 0.2, 0.3, 0.9)
CELLS = [*["(-1, identity, -2, identity)"] * 3, "(-1, 3x3 conv, -1, identity)"]


@pytest.fixture
def cells(scored: Callable[..., ScoredCell]) -> list[ScoredCell]:
    made = []
    for text, reward in zip(CELLS, REWARDS, strict=True):
        made.append(scored(reward, cell=Cell.parse(text)))
    return made


def test_shares_are_of_all_operators_and_of_those_of_the_best_quarter(
    cells: list[ScoredCell],
) -> None:
    usage = operator_usage(cells)
    assert list(usage) == ["identity", "3x3 conv"]
    identity = usage["identity"][ONE_BLOCK]
    assert identity.share == 7 / 8
    assert identity.top_share == 0.5
    assert identity.mean_reward == pytest.approx(0.375)
    assert usage["3x3 conv"][ONE_BLOCK].mean_reward == 0.9


def test_inputs_are_in_the_order_of_the_network(cells: list[ScoredCell]) -> None:
    usage = input_usage(cells)
    assert list(usage) == ["-1", "-2"]
    assert usage["-2"][ONE_BLOCK].share == 3 / 8


def test_without_rewards_there_is_no_best_quarter(cells: list[ScoredCell]) -> None:
    usage = operator_usage([replace(cell, reward=None) for cell in cells])
    for by_group in usage.values():
        assert by_group[ONE_BLOCK].top_share is None
        assert by_group[ONE_BLOCK].mean_reward is None
