"""Search strategies and the loop that runs them."""

from pnas.search.budget import STOPPED_BY, Budget, may_continue
from pnas.search.loop import SearchLoop
from pnas.search.observer import Observer
from pnas.search.stage_trainer import SearchFailed
from pnas.search.strategies import (
    STRATEGIES,
    ClosedStage,
    EvolutionSpec,
    OpenStage,
    ProgressiveRandomSpec,
    ProgressiveSpec,
    Proposal,
    RandomSpec,
    RefinedSpec,
    SearchHistory,
    SearchSpec,
    Strategy,
    StrategyContext,
    make_search_spec,
    make_strategy,
)

__all__ = [
    "STOPPED_BY",
    "STRATEGIES",
    "Budget",
    "ClosedStage",
    "EvolutionSpec",
    "Observer",
    "OpenStage",
    "ProgressiveRandomSpec",
    "ProgressiveSpec",
    "Proposal",
    "RandomSpec",
    "RefinedSpec",
    "SearchFailed",
    "SearchHistory",
    "SearchLoop",
    "SearchSpec",
    "Strategy",
    "StrategyContext",
    "make_search_spec",
    "make_strategy",
    "may_continue",
]
