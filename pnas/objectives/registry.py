"""The registry of objectives, and the way from names to objectives."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pnas.errors import require
from pnas.objectives.objective import Facts, Objective
from pnas.objectives.objective_set import ObjectiveSet
from pnas.registry import Part, Registry

KEY = "search.objectives"

REWARD = "reward"
"""Name of the objective that every search has: what its children are trained for."""

LATENCY = "latency_ms"
"""Name of the objective that is measured on the child as it is exported."""

MEMORY = "memory_mb"
"""Name of the objective that is counted from the child as it is exported."""


@dataclass(frozen=True)
class ColumnValue:
    """Reads a value among the metrics. A class, so that objectives can be pickled.

    Attributes:
        name: Name of the value: a further column of a table, or what is measured.
    """

    name: str

    def __call__(self, facts: Facts) -> float | None:
        values = facts.metrics.get(self.name)
        return values[-1] if values else None


@dataclass(frozen=True)
class NumberValue:
    """Reads the value of an objective from outside the package, which has to be a number.

    Attributes:
        name: Name of the objective.
        value: Its function.
    """

    name: str
    value: Callable[[Facts], Any]

    def __call__(self, facts: Facts) -> float | None:
        value = self.value(facts)
        if value is None:
            return None
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        rule = f"{self.name} must return a number, or None where it is not known"
        require(not math.isnan(number), KEY, rule, value)
        return number


def _reward(facts: Facts) -> float | None:
    return facts.reward


def _params(facts: Facts) -> float | None:
    return facts.params


def _madds(facts: Facts) -> float | None:
    return facts.madds


def _train_seconds(facts: Facts) -> float | None:
    # A table without seconds says 0.
    return facts.seconds or None


def _memory_mb(facts: Facts) -> float | None:
    # Of a child that has ended, the journal holds it among the metrics.
    return ColumnValue(MEMORY)(facts) if facts.memory_mb is None else facts.memory_mb


reward = Objective(_reward, is_maximised=True)
params = Objective(_params, is_known_before=True)
madds = Objective(_madds, is_known_before=True)
memory_mb = Objective(_memory_mb, is_known_before=True)
latency_ms = Objective(ColumnValue(LATENCY), is_measured=True)
train_seconds = Objective(_train_seconds)

OBJECTIVES = Registry(
    "objectives",
    KEY,
    {
        REWARD: Part(reward),
        "params": Part(params),
        "madds": Part(madds),
        MEMORY: Part(memory_mb),
        LATENCY: Part(latency_ms),
        "train_seconds": Part(train_seconds),
    },
)
"""Objectives by name. What a name stands for is an `Objective`."""


def make_objectives(names: Sequence[str], columns: Mapping[str, str] | None = None) -> ObjectiveSet:
    """Return the objectives called ``names``, in their order.

    Args:
        names: Names of the registry, or of ``columns``.
        columns: Further columns of a table, each with ``maximise`` or ``minimise``.

    Raises:
        InvalidValue: There is no such objective.
    """
    known = columns or {}
    objectives = {}
    for name in names:
        if name in known:
            is_maximised = known[name] == "maximise"
            # To look a value up takes less than to measure it.
            objectives[name] = Objective(ColumnValue(name), is_maximised, is_measured=True)
            continue
        rule = f"must be names among {', '.join((*OBJECTIVES.names(), *known))}"
        require(name in OBJECTIVES.names(), KEY, rule, name)
        objective = OBJECTIVES.factory(name)
        require(isinstance(objective, Objective), KEY, f"{name} must be an Objective", objective)
        if name not in OBJECTIVES.own_names():
            objective = replace(objective, value=NumberValue(name, objective.value))
        objectives[name] = objective
    return ObjectiveSet(objectives)
