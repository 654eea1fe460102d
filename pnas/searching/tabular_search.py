"""A search whose rewards are looked up: it loads no data, trains nothing and leaves no weights."""

from collections.abc import Sequence
from contextlib import closing
from functools import partial

from pnas.config import Settings
from pnas.errors import require
from pnas.execution import SerialExecutor
from pnas.objectives import REWARD, Facts
from pnas.records import ChildRecord, Journal
from pnas.records.cell_trainings import repeat_of
from pnas.reports.terminal.live_view import LiveView
from pnas.runs.child_identity import known_stages
from pnas.runs.command_context import Context
from pnas.runs.search_directory import check_same_data
from pnas.search.rung_ladder import make_ladder
from pnas.search.training_setup import TrainingSetup
from pnas.searching.cell_facts import CellFacts
from pnas.searching.loop_wiring import run_search
from pnas.searching.measuring import make_measurements
from pnas.searching.objectives import check_objectives
from pnas.searching.progress_observers import Notify
from pnas.searching.run_files import Summarize
from pnas.searching.search_ending import SearchEnding
from pnas.searching.winner_accuracy import Accuracies
from pnas.state_space import Cell, SlotSpace
from pnas.tables import Table, TableRunnerFactory, TabularSpec, load_table
from pnas.tracking import start_tracker

_EPOCHS_UNKNOWN = 1.0
"""Epochs that a child of a table counts for where the table does not state them."""


def is_tabular(settings: Settings) -> bool:
    """Whether rewards are looked up in a table instead of trained."""
    return isinstance(settings.trainer, TabularSpec)


def table_of(settings: Settings) -> Table:
    """Return the table that ``trainer.table`` names.

    Raises:
        InvalidValue: See `pnas.tables.load_table`.
    """
    trainer = settings.trainer
    return load_table(trainer.table, trainer.table_reward, trainer.table_test)


def check_table(settings: Settings, space: SlotSpace) -> None:
    """Check everything that can be checked before any work starts.

    Raises:
        InvalidValue: The file is no table or one of another space, or its space or budget has no
            room for the search.
    """
    table = table_of(settings)
    table.require_covers(space)
    settings.search.check(space, settings.controller.K, table.epochs)
    _check_rungs(settings, table)
    _check_early_stop(settings, table)
    check_objectives(settings, space, facts_of_table(table))


def _check_rungs(settings: Settings, table: Table) -> None:
    """Check that the table has the short trainings that the search asks for."""
    search = settings.search
    rule = "must be anew with trainer.table: nothing is trained that could be continued"
    require(not search.continues_trainings, "search.rung_training", rule, search.rung_training)
    rungs = search.rungs
    if not rungs or table.epochs is None:
        return
    known = table.short_epochs
    shares = ", ".join(f"{epochs / table.epochs:g}" for epochs in known) or "none"
    rule = (
        f"must be shares of the {table.epochs:g} epochs of {table.path} of which it has short "
        f"trainings ({shares})"
    )
    ladder = make_ladder(rungs, table.epochs)
    require(set(ladder.short) <= set(known), "search.rungs", rule, rungs)


def _check_early_stop(settings: Settings, table: Table) -> None:
    """Check that the table has the learning curves that an early stop is decided by."""
    early = settings.search.early_stop
    rule = (
        f"must be 0 with trainer.table={table.path}, which has no learning curve for each training "
        "(tables of task=tabulate have them)"
    )
    has_curves = table.has_curves and table.epochs is not None
    require(has_curves or not early, "search.early_stop", rule, early)
    rule = "must be 0 with trainer.table_shown=mean: a mean of trainings has no learning curve"
    is_training = settings.trainer.table_shown != "mean"
    require(is_training or not early, "search.early_stop", rule, early)


def facts_of_table(table: Table) -> CellFacts:
    """Return what is known of cells before they are looked up."""

    def before(cell: Cell) -> Facts:
        row = table.row(cell)
        return Facts(cell, params=row.params, madds=row.flops)

    return CellFacts(
        before,
        columns=table.objectives,
        rule=f"a column of the table {table.path}",
        measures=False,
        ranges=_ranges(table),
    )


def _ranges(table: Table) -> dict[str, tuple[float, float]]:
    """Return the lowest and highest value of what a search finds in ``table``, by objective."""
    values: dict[str, list[float]] = {REWARD: []}
    for row in table.rows.values():
        values[REWARD].extend(row.rewards)
        if row.seconds:
            values.setdefault("train_seconds", []).append(row.seconds)
        for name, value in row.further.items():
            values.setdefault(name, []).append(value)
    return {name: (min(each), max(each)) for name, each in values.items() if each}


def epochs_of_child(settings: Settings) -> float:
    """Return the number of epochs of one child, which a budget of epochs counts."""
    if not is_tabular(settings):
        return settings.trainer.epochs
    search = settings.search
    if search.max_epochs is None and not search.rungs and not search.early_stop:
        return _EPOCHS_UNKNOWN
    return table_of(settings).epochs or _EPOCHS_UNKNOWN


def search_table(settings: Settings, context: Context, space: SlotSpace, journal: Journal) -> None:
    """Run the search in this process: a look-up takes less time than a message to a worker.

    Args:
        settings: Settings of the command.
        context: The command around the task.
        space: State space that is searched.
        journal: Journal of the run, open for writing.
    """
    table = table_of(settings)
    check_same_data(journal, table.fingerprint, key="trainer.table")
    journal.relax_durability()

    def note_run(info: dict[str, str]) -> None:
        journal.set_meta(tracking=info)

    tracker = start_tracker(settings.tracking, context.run_dir, note_run)
    summary = Summarize(context.run_dir, journal)
    factory = TableRunnerFactory(
        table,
        settings.trainer.table_shown,
        shows_curves=settings.search.early_stop > 0,
    )
    stages = known_stages(settings.search, space)
    with (
        SearchEnding(settings, context, journal, tracker, summary) as ending,
        closing(SerialExecutor(factory)) as executor,
        LiveView(context.console, stages, journal.children()) as view,
    ):
        facts = facts_of_table(table)
        training = TrainingSetup(
            executor=executor,
            observers=(summary, Notify(tracker), view),
            measurements=make_measurements(settings, journal, facts, executor),
            grace=settings.executor.grace,
        )
        run_search(
            settings,
            space,
            journal,
            training=training,
            facts=facts,
            can_repeat=_finds_others(settings, table),
            epochs=table.epochs or _EPOCHS_UNKNOWN,
            counts_children=any(row.seconds for row in table.rows.values()),
        )
        ending.test_winner(partial(_test, factory))


def can_repeat(settings: Settings) -> bool:
    """Whether another training of a cell may have another reward than the first."""
    return not is_tabular(settings) or _finds_others(settings, table_of(settings))


def _finds_others(settings: Settings, table: Table) -> bool:
    """Whether a second look-up of a cell may find another reward than the first."""
    if settings.trainer.table_shown == "mean":
        return False
    return any(len(row.rewards) > 1 for row in table.rows.values())


def _test(factory: TableRunnerFactory, children: Sequence[ChildRecord]) -> Accuracies:
    """Return what the table knows: the accuracy of a cell, and not of each of its trainings."""
    first = min(children, key=lambda child: repeat_of(child.key))
    shown = [repeat_of(child.key) for child in children if child.reward is not None]
    accuracy = factory.judge(first.cell, first.seed, shown)
    return {} if accuracy is None else {first.key: accuracy}
