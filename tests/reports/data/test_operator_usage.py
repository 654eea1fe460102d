from dataclasses import replace
from pathlib import Path

import pytest
from support.journals import make_run

from pnas.reports.data.operator_usage import input_use, operator_use
from pnas.reports.data.run_reader import read_run
from pnas.state_space import Cell


def test_shares_are_of_a_stage_s_operators_and_of_its_best_quarter(tmp_path: Path) -> None:
    children = read_run(make_run(tmp_path / "demo", (4,))).children
    cells = ["(-1, identity, -2, identity)"] * 3 + ["(-1, 3x3 conv, -1, identity)"]
    rewards = [0.1, 0.2, 0.3, 0.9]
    made = [
        replace(child, cell=Cell.parse(cell), reward=reward)
        for child, cell, reward in zip(children, cells, rewards, strict=True)
    ]
    use = operator_use(made)
    assert list(use) == ["identity", "3x3 conv"]
    assert (use["identity"][1].share, use["identity"][1].top_share) == (7 / 8, 0.5)
    assert use["3x3 conv"][1].mean_reward == 0.9
    assert use["identity"][1].mean_reward == pytest.approx(0.375)
    inputs = input_use(made)
    assert list(inputs) == ["-1", "-2"]
    assert inputs["-2"][1].share == 3 / 8


def test_without_rewards_there_is_no_best_quarter(tmp_path: Path) -> None:
    children = [
        replace(child, reward=None)
        for child in read_run(make_run(tmp_path / "demo", (4,))).children
    ]
    assert {
        (u.top_share, u.mean_reward)
        for stages in operator_use(children).values()
        for u in stages.values()
    } == {(None, None)}
