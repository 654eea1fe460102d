"""The one place where commands put a `pnas.search.SearchLoop` together."""

from collections.abc import Callable, Mapping
from functools import partial

from pnas.config import Settings
from pnas.records import Journal
from pnas.records.run_directory import CONTROLLER
from pnas.runs.child_identity import identify
from pnas.search import (
    Budget,
    SearchHistory,
    SearchLoop,
    Strategy,
    StrategyContext,
    TrainingSetup,
)
from pnas.search.choices import Identify
from pnas.search.pacing import Pace
from pnas.search.search_run import SearchRun
from pnas.searching.cell_facts import CellFacts
from pnas.searching.measuring import measured_limits
from pnas.searching.objectives import feasibility, objective_source
from pnas.state_space import Cell, SlotSpace

StrategyFactory = Callable[[SearchHistory], Strategy]


def run_loop(
    settings: Settings,
    space: SlotSpace,
    journal: Journal,
    *,
    make_strategy: StrategyFactory,
    training: TrainingSetup,
    epochs: float,
) -> None:
    """Search to the end, or as far as the budget goes.

    Args:
        settings: Settings of the command.
        space: State space that is searched.
        journal: Journal of the run.
        make_strategy: Builds the strategy from the history that the journal holds.
        training: How children are trained.
        epochs: Number of epochs of one child, for a budget of epochs.
    """
    loop = SearchLoop(
        make_strategy=make_strategy,
        training=training,
        journal=journal,
        identify=partial(identify, space, settings.seed),
        spec=settings.search,
        budget=Budget(settings.search, journal, epochs),
    )
    loop.run()


def run_search(
    settings: Settings,
    space: SlotSpace,
    journal: Journal,
    *,
    training: TrainingSetup,
    epochs: float,
    is_feasible: Callable[[Cell], bool] | None = None,
    facts: CellFacts | None = None,
    counts_children: bool = False,
    can_repeat: bool = True,
    pace: Pace | None = None,
    kept_epochs: Mapping[int, int] | None = None,
) -> None:
    """Search, train the best cells again, and write the winner to the journal.

    Args:
        settings: Settings of the command.
        space: State space that is searched.
        journal: Journal of the run.
        training: How children are trained, or looked up.
        epochs: Number of epochs of one child, for a budget of epochs.
        is_feasible: Whether a cell may be trained; None if all may.
        facts: What is known of cells before training, for objectives and constraints.
        counts_children: Whether a budget of seconds counts those that children state, because
            they were trained earlier, instead of the time that passes.
        can_repeat: Whether another training of a cell may have another reward.
        pace: What a budget in seconds leaves time for; None without one.
        kept_epochs: See `SearchRun`.
    """
    context = StrategyContext(
        spec=settings.search,
        space=space,
        controller=settings.controller,
        seed=settings.seed,
        save_dir=journal.path.parent / CONTROLLER,
        is_feasible=feasibility(settings, facts, is_feasible),
        objectives=objective_source(settings, space, journal, facts, epochs),
        limits=measured_limits(settings, space, journal, facts, epochs),
    )
    run = SearchRun(
        context=context,
        training=training,
        journal=journal,
        identify=_identify(settings, space),
        epochs=epochs,
        counts_children=counts_children,
        can_repeat=can_repeat,
        pace=pace,
        kept_epochs=kept_epochs or {},
    )
    run.run()


def _identify(settings: Settings, space: SlotSpace) -> Identify:
    continues = settings.search.continues_trainings
    return partial(identify, space, settings.seed, continues=continues)
