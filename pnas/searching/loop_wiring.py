"""The one place where commands put a `pnas.search.SearchLoop` together."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from pnas.config import Settings
from pnas.execution import Executor
from pnas.records import Journal
from pnas.records.run_directory import CONTROLLER
from pnas.runs.child_identity import identify
from pnas.search import (
    Budget,
    Observer,
    SearchHistory,
    SearchLoop,
    Strategy,
    StrategyContext,
    make_strategy,
)
from pnas.state_space import Cell, SlotSpace

StrategyFactory = Callable[[SearchHistory], Strategy]


def run_loop(
    settings: Settings,
    space: SlotSpace,
    journal: Journal,
    *,
    make_strategy: StrategyFactory,
    executor: Executor,
    observers: Sequence[Observer],
    epochs: float,
    counts_children: bool = False,
    weights_dir: Path | None = None,
    cost: Callable[[Cell], float] | None = None,
) -> None:
    """Search to the end, or as far as the budget goes.

    Args:
        settings: Settings of the command.
        space: State space that is searched.
        journal: Journal of the run.
        make_strategy: Builds the strategy from the history that the journal holds.
        executor: Trains children, or looks them up.
        observers: Are called after each event is in the journal.
        epochs: Number of epochs of one child, for a budget of epochs.
        counts_children: Whether a budget of seconds counts those that children state, because
            they were trained earlier, instead of the time that passes.
        weights_dir: Directory for the weights of children; None to keep none.
        cost: Cost of a cell's child in any unit; the most expensive ones are trained first.
    """
    budget = Budget(settings.search, journal, epochs, counts_children=counts_children)
    loop = SearchLoop(
        make_strategy=make_strategy,
        executor=executor,
        journal=journal,
        identify=partial(identify, space, settings.seed),
        spec=settings.search,
        budget=budget,
        observers=observers,
        weights_dir=weights_dir,
        cost=cost,
        grace=settings.executor.grace,
    )
    loop.run()


def strategy_factory(
    settings: Settings,
    space: SlotSpace,
    run_dir: Path,
    is_feasible: Callable[[Cell], bool] | None = None,
) -> StrategyFactory:
    """Return what builds the strategy that ``settings.search`` names.

    Args:
        settings: Settings of the command.
        space: State space that is searched.
        run_dir: Run directory, where predictors are saved.
        is_feasible: Whether a cell may be trained; None if all may.
    """
    context = StrategyContext(
        spec=settings.search,
        space=space,
        controller=settings.controller,
        seed=settings.seed,
        save_dir=run_dir / CONTROLLER,
        is_feasible=is_feasible,
    )
    return partial(make_strategy, context)
