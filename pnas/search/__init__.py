"""Search strategies and the loop that runs them."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from pnas.search.asynchronous.loop import AsynchronousLoop
from pnas.search.budget import STOPPED_BY, Budget, may_continue
from pnas.search.loop import SearchLoop
from pnas.search.observer import Observer
from pnas.search.stage_trainer import SearchFailed
from pnas.search.strategies import (
    STRATEGIES,
    AsynchronousStrategy,
    ClosedStage,
    EvolutionSpec,
    OpenStage,
    PendingCell,
    PlannedPhase,
    ProgressiveRandomSpec,
    ProgressiveSpec,
    Proposal,
    RandomSpec,
    RefinedSpec,
    SearchHistory,
    SearchSpec,
    Strategy,
    StrategyContext,
    TrainedCells,
    make_search_spec,
    make_strategy,
)
from pnas.search.training_setup import TrainingSetup


class _CallableRoom(ModuleType):
    """This package, which is also the function that people call: ``pnas.search(data)``.

    A package and a function of one name would hide each other, by the order of imports.
    """

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Search the best cell; see `pnas.library.search`."""
        # The library is in a layer above this one, so it is looked up by name.
        return import_module("pnas.library").search(*arguments, **keywords)


sys.modules[__name__].__class__ = _CallableRoom

__all__ = [
    "STOPPED_BY",
    "STRATEGIES",
    "AsynchronousLoop",
    "AsynchronousStrategy",
    "Budget",
    "ClosedStage",
    "EvolutionSpec",
    "Observer",
    "OpenStage",
    "PendingCell",
    "PlannedPhase",
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
    "TrainedCells",
    "TrainingSetup",
    "make_search_spec",
    "make_strategy",
    "may_continue",
]
