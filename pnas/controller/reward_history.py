"""The history of a search as the controller sees it: cells and rewards, stage by stage."""

import math
from collections.abc import Sequence

from pnas.errors import require
from pnas.state_space import Cell

Reward = float | None
Stage = tuple[list[Cell], list[Reward]]
"""Cells of a stage and their rewards; None for a child that failed."""


def rewarded(stages: Sequence[Stage]) -> tuple[list[Cell], list[float]]:
    """Return the cells that have a reward and those rewards, in the order of training."""
    rewarded_cells = []
    known_rewards = []
    for cells, rewards in stages:
        for cell, reward in zip(cells, rewards, strict=True):
            if reward is not None:
                rewarded_cells.append(cell)
                known_rewards.append(reward)
    return rewarded_cells, known_rewards


def checked_rewards(rewards: Sequence[Reward], children: int) -> list[Reward]:
    """Return the rewards as floats, with None in place of NaN.

    Args:
        rewards: One for each child, in [0, 1]; None or NaN for a child that failed.
        children: Number of children.

    Raises:
        InvalidValue: The number of rewards is wrong, or a reward is outside [0, 1].
    """
    rule = f"must be one for each of {children} children"
    require(len(rewards) == children, "rewards", rule, len(rewards))
    checked: list[Reward] = []
    for reward in rewards:
        if reward is None or math.isnan(reward):
            checked.append(None)
            continue
        rule = "must be in [0, 1], or None for a failed child"
        require(0 <= reward <= 1, "rewards", rule, float(reward))
        checked.append(float(reward))
    return checked
