"""`task=tabulate`: train the cells of a space several times, and write a table of the rewards.

The table answers searches in place of training: `trainer=tabular
trainer.table=<run directory>/table.yaml`.
"""

from pnas.config import Settings
from pnas.data import DataInfo, load_dataset
from pnas.errors import require
from pnas.execution import check_executor
from pnas.records import Journal
from pnas.records.path_safety import check_no_escaping_symlinks
from pnas.records.run_directory import TABLE
from pnas.runs.command_context import Context
from pnas.runs.search_directory import (
    TABULATED,
    check_holds_no_other,
    check_same_data,
    open_run,
)
from pnas.search.strategies.exhaustive import all_cells, sampled_cells
from pnas.searching.cache_reuse import check_cache
from pnas.searching.data_report import print_data, print_reading
from pnas.searching.repeated_trainings import train_repeatedly
from pnas.searching.search_checks import check_children
from pnas.searching.table_rows import about_table, rows_of, summary_lines
from pnas.searching.tabular_search import is_tabular
from pnas.state_space import Cell, SlotSpace, build_space
from pnas.system.console import print_line
from pnas.system.wording import plural
from pnas.tables import write_table


def run(settings: Settings, context: Context) -> None:
    """Train what is missing and write the table.

    Args:
        settings: Settings of the command.
        context: The command around the task.
    """
    check_holds_no_other(context.run_dir, settings.task.name)
    space = build_space(settings.state_space)
    print_reading(context.console, settings.data)
    print_data(context.console, _checked_data(settings, space), settings.trainer)
    cells = _cells(settings, space)
    if settings.plan_only:
        repeats = settings.task.repeats
        times = "once" if repeats == 1 else f"{repeats:,} times"
        print_line(context.console, f"{plural(len(cells), 'cell')}, each trained {times}")
        return

    check_no_escaping_symlinks(context.run_dir)
    with open_run(settings, context) as journal:
        _check_is_this_table(settings, journal)
        dataset = load_dataset(settings.data)
        check_same_data(journal, dataset.fingerprint)
        train_repeatedly(
            settings, context, space=space, cells=cells, dataset=dataset, journal=journal
        )
        rows = rows_of(journal.children(), space)
        table = context.run_dir / TABLE
        write_table(table, space, rows, about_table(settings, journal))
        for line in summary_lines(rows, journal):
            print_line(context.console, line)
        print_line(context.console, f"table: {table}")


def _checked_data(settings: Settings, space: SlotSpace) -> DataInfo:
    """Check everything that can be checked before any work starts; return what the data are."""
    rule = "must be search for task=tabulate, which trains the cells of a table"
    require(not is_tabular(settings), "trainer.kind", rule, settings.trainer.kind)
    data = check_children(settings, space)
    check_cache(settings)
    check_executor(settings.executor)
    return data


def _cells(settings: Settings, space: SlotSpace) -> list[Cell]:
    """Return the cells to train."""
    count = settings.task.cells
    if count is None:
        return all_cells(space)
    return sampled_cells(space, count, settings.seed)


def _check_is_this_table(settings: Settings, journal: Journal) -> None:
    """Refuse the run directory of a table of other cells; claim a new one."""
    run_dir = journal.path.parent
    stored = journal.meta(TABULATED)
    wanted = {"cells": settings.task.cells}
    if stored not in (None, wanted):
        rule = f"must stay {stored['cells']}, as {run_dir} was started with"
        require(False, "task.cells", rule, settings.task.cells)
    journal.set_meta(**{TABULATED: wanted, "status": "running"})
