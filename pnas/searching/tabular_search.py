"""`trainer=tabular`: a search whose rewards are looked up. Loads no data, trains nothing, leaves no weights."""

from contextlib import closing
from functools import partial

from pnas.config import Settings
from pnas.execution import SerialExecutor
from pnas.records import Journal, best_child
from pnas.records.run_directory import CONTROLLER
from pnas.reports.terminal.live_view import LiveView
from pnas.runs.child_identity import identify, known_stages
from pnas.runs.command_context import Context
from pnas.runs.search_directory import check_same_data
from pnas.search import Budget, SearchLoop, StrategyContext, make_strategy
from pnas.searching.search_ending import Ending
from pnas.searching.search_observers import Notify, Summarize
from pnas.state_space import SlotSpace
from pnas.tables import Table, TableRunnerFactory, load_table
from pnas.tracking import Tracker, start_tracker


def table_of(settings: Settings) -> Table:
    """The table that ``trainer.table`` names.

    Raises:
        InvalidValue: see `pnas.tables.load_table`.
    """
    trainer = settings.trainer
    return load_table(trainer.table or "", trainer.table_reward, trainer.table_test)


def check_table(settings: Settings, space: SlotSpace) -> None:
    """Everything that can be wrong, before any work starts.

    Raises:
        InvalidValue: not a table, one of another space, or a search that its space or budget has no room for.
    """
    table = table_of(settings)
    table.require_covers(space)
    settings.search.check(space, settings.controller.K, table.epochs)


def search_table(settings: Settings, context: Context, space: SlotSpace, journal: Journal) -> None:
    """Run the search in this process: looking a child up is quicker than handing it to a worker."""
    table = table_of(settings)
    check_same_data(journal, table.fingerprint, key="trainer.table")
    journal.relax_durability()
    tracker = start_tracker(
        settings.tracking, context.run_dir, lambda info: journal.set_meta(tracking=info)
    )
    summary = Summarize(context.run_dir, journal)
    factory = TableRunnerFactory(table, settings.trainer.table_shown)
    strategy_context = StrategyContext(
        spec=settings.search,
        space=space,
        controller=settings.controller,
        seed=settings.seed,
        save_dir=context.run_dir / CONTROLLER,
    )
    has_seconds = any(row.seconds for row in table.rows.values())
    with (
        _TableEnding(factory, settings, context, journal, tracker, summary),
        closing(SerialExecutor(factory)) as executor,
        LiveView(context.console, known_stages(settings.search, space), journal.children()) as view,
    ):
        loop = SearchLoop(
            make_strategy=partial(make_strategy, strategy_context),
            executor=executor,
            journal=journal,
            identify=partial(identify, space, settings.seed),
            spec=settings.search,
            budget=Budget(
                settings.search, journal, table.epochs or 1.0, counts_children=has_seconds
            ),
            observers=(summary, Notify(tracker), view),
            grace=settings.executor.grace,
        )
        loop.run()


class _TableEnding(Ending):
    """An ending whose judge is the table."""

    def __init__(
        self,
        factory: TableRunnerFactory,
        settings: Settings,
        context: Context,
        journal: Journal,
        tracker: Tracker,
        summary: Summarize,
    ) -> None:
        super().__init__(settings, context, journal, None, tracker, summary)
        self._factory = factory

    def _test_best_child(self) -> float | None:
        best = best_child(self._journal.children())
        return None if best is None else self._factory.judge(best.cell, best.seed)
