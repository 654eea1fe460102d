"""Search strategies, each of which decides what is trained next, and the registry of them."""

from pnas.search.strategies.base import (
    AsynchronousStrategy,
    ClosedStage,
    OpenStage,
    PendingCell,
    Proposal,
    Reward,
    SearchHistory,
    Strategy,
    StrategyContext,
    TrainedCells,
)
from pnas.search.strategies.growing_specs import ProgressiveRandomSpec, ProgressiveSpec
from pnas.search.strategies.planned_phase import PlannedPhase
from pnas.search.strategies.refined_spec import RefinedSpec
from pnas.search.strategies.registry import STRATEGIES, make_search_spec, make_strategy
from pnas.search.strategies.sampling_specs import EvolutionSpec, RandomSpec
from pnas.search.strategies.search_spec import SearchSpec

__all__ = [
    "STRATEGIES",
    "AsynchronousStrategy",
    "ClosedStage",
    "EvolutionSpec",
    "OpenStage",
    "PendingCell",
    "PlannedPhase",
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
    "TrainedCells",
    "make_search_spec",
    "make_strategy",
]
