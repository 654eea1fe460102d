"""Search strategies, each of which decides what is trained next, and the registry of them."""

from pnas.search.strategies.base import (
    ClosedStage,
    OpenStage,
    Proposal,
    Reward,
    SearchHistory,
    Strategy,
    StrategyContext,
)
from pnas.search.strategies.registry import STRATEGIES, make_search_spec, make_strategy
from pnas.search.strategies.specs import (
    EvolutionSpec,
    ProgressiveRandomSpec,
    ProgressiveSpec,
    RandomSpec,
    RefinedSpec,
    SearchSpec,
)

__all__ = [
    "STRATEGIES",
    "ClosedStage",
    "EvolutionSpec",
    "OpenStage",
    "ProgressiveRandomSpec",
    "ProgressiveSpec",
    "Proposal",
    "RandomSpec",
    "RefinedSpec",
    "Reward",
    "SearchHistory",
    "SearchSpec",
    "Strategy",
    "StrategyContext",
    "make_search_spec",
    "make_strategy",
]
