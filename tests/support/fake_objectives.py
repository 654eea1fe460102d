"""Objectives of cells that nobody trains: numbers made of the text of the cell."""

from collections.abc import Mapping, Sequence

from support.fake_children import fake_latency, fake_reward

from pnas.objectives import Facts, make_objectives
from pnas.search.measured_limits import MeasuredLimits
from pnas.search.objective_source import ObjectiveSource
from pnas.state_space import Cell


def fake_params(cell: Cell) -> int:
    """Return a number of parameters, which a cell of more blocks has more of."""
    share = fake_reward(f"parameters of {cell}")
    return round(1000 * len(cell) * (1 + share))


def facts_before(cell: Cell) -> Facts:
    """Return what is known before training."""
    return Facts(cell, params=fake_params(cell), madds=10 * fake_params(cell))


def facts_after(cell: Cell) -> Facts:
    """Return what is known after training; the reward is replaced by the strategy's."""
    seconds = 1 + fake_params(cell) / 1000
    return Facts(
        cell,
        params=fake_params(cell),
        madds=10 * fake_params(cell),
        reward=fake_reward(str(cell)),
        seconds=seconds,
        metrics={"latency_ms": [fake_latency(str(cell))]},
    )


def fake_source(names: Sequence[str]) -> ObjectiveSource:
    """Return a source of the objectives called ``names``."""
    return ObjectiveSource(make_objectives(names), before=facts_before, after=facts_after)


def fake_limits(limits: Mapping[str, float]) -> MeasuredLimits | None:
    """Return constraints on what is measured; None without any."""
    if not limits:
        return None
    return MeasuredLimits(make_objectives(list(limits)), limits, facts_after)
