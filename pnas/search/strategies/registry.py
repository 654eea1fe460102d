"""The registry of search strategies, and the way from settings to a strategy."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pnas.errors import require
from pnas.registry import Part, Registry
from pnas.search.strategies.base import SearchHistory, Strategy, StrategyContext
from pnas.search.strategies.growing_specs import ProgressiveRandomSpec, ProgressiveSpec
from pnas.search.strategies.refined_spec import RefinedSpec
from pnas.search.strategies.sampling_specs import EvolutionSpec, RandomSpec
from pnas.search.strategies.search_spec import SearchSpec

_HERE = "pnas.search.strategies"

STRATEGIES = Registry(
    "strategies",
    "search.kind",
    {
        "progressive": Part(f"{_HERE}.progressive:Progressive", ProgressiveSpec),
        "refined": Part(f"{_HERE}.refined:Refined", RefinedSpec),
        "random": Part(f"{_HERE}.random_search:RandomSearch", RandomSpec),
        "progressive_random": Part(
            f"{_HERE}.progressive_random:ProgressiveRandom", ProgressiveRandomSpec
        ),
        "evolution": Part(f"{_HERE}.evolution:Evolution", EvolutionSpec),
    },
)
"""Strategies by name. A factory takes a `StrategyContext` and a `SearchHistory`."""


def make_search_spec(values: Mapping[str, Any]) -> SearchSpec:
    """Return the specification of the strategy that ``values["kind"]`` names.

    Args:
        values: Values by key; ``kind`` is ``progressive`` if it is not among them.

    Raises:
        InvalidValue: There is no such strategy, it does not read a key, or a value breaks its rule.
    """
    kind = values.get("kind", "progressive")
    spec_type = STRATEGIES.spec(kind, SearchSpec)
    known = [each.name for each in fields(spec_type)]
    for key, value in values.items():
        rule = f"must be a key of search={kind}, one of {', '.join(known)}"
        require(key in known, f"search.{key}", rule, value)
    return spec_type(**values)


def make_strategy(context: StrategyContext, history: SearchHistory = SearchHistory()) -> Strategy:  # noqa: B008
    """Return the strategy that ``context.spec`` names, as it is after ``history``.

    Raises:
        InvalidValue: There is no such strategy, or an extension makes none.
    """
    strategy: Strategy = STRATEGIES.make(context.spec.kind, Strategy, context, history)
    return strategy
