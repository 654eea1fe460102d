"""`task=search`: find the best cell; continue where an earlier command of the same name stopped."""

import os
from typing import Any, NoReturn

from pnas.config import Settings, read_stored_settings
from pnas.data import DataInfo
from pnas.errors import InvalidValue, RunDirectoryError
from pnas.records import Journal
from pnas.records.path_safety import check_no_escaping_symlinks
from pnas.records.resumability import (
    changed_decisions,
    changed_limits,
    check_resumable,
)
from pnas.records.run_directory import JOURNAL
from pnas.runs.command_context import Context
from pnas.runs.display_paths import relative
from pnas.runs.run_ending import complete_finished_run
from pnas.runs.search_directory import check_holds_no_other, is_finished, keep_command, open_run
from pnas.search import may_continue
from pnas.search.search_parts import is_first_training, may_confirm, share_of_search
from pnas.searching.data_report import print_class_counts, print_data, print_reading
from pnas.searching.plan_report import print_plan
from pnas.searching.search_checks import check_search
from pnas.searching.search_ending import SearchFiles, print_end
from pnas.searching.sweep_objective import objective
from pnas.searching.tabular_search import (
    can_repeat,
    epochs_of_child,
    is_tabular,
    search_table,
)
from pnas.searching.time_planning import check_time, dear_rungs, forecast_now
from pnas.searching.trained_search import search_by_training
from pnas.state_space import SlotSpace, build_space
from pnas.system.console import print_line


def run(settings: Settings, context: Context) -> float:
    """Run the search to its end.

    Args:
        settings: Settings of the command.
        context: The command around the task.

    Returns:
        The ``task.objective`` of the search, which is what a sweeper maximizes.
    """
    check_holds_no_other(context.run_dir, settings.task.name)
    space = build_space(settings.state_space)
    if settings.plan_only:
        _print_reading(settings, context)
        _print_plan(settings, context, space, check_search(settings, space))
        return 0.0

    check_no_escaping_symlinks(context.run_dir)
    is_over = _is_over(settings, context)
    if _is_archived(context):
        return _show_archived(settings, context, is_over)
    if not is_over:
        _print_reading(settings, context)
        data = check_search(settings, space)
        if data is not None:
            print_data(context.console, data, settings.trainer)
            _check_time(settings, context, space, data)
    with open_run(settings, context) as journal:
        _search_or_deliver(settings, context, space, journal)
        print_end(settings, context, journal)
        return objective(settings.task.objective, journal)


def _is_over(settings: Settings, context: Context) -> bool:
    """Whether the run of this command is over, with nothing more that it asks for.

    One that was started with a configuration of another meaning is: opening it refuses that.
    """
    if not is_finished(settings, context.run_dir):
        return False
    with Journal(context.run_dir / JOURNAL) as journal:
        stored = read_stored_settings(journal.meta("config")).as_dict()
        try:
            check_resumable(context.run_dir, stored, settings.as_dict())
        except InvalidValue:
            return True
        return not _has_more(settings, journal)


def _check_time(settings: Settings, context: Context, space: SlotSpace, data: DataInfo) -> None:
    """Refuse a budget in seconds that is too short; a search that has begun goes on in any case."""
    if (context.run_dir / JOURNAL).is_file():
        return
    if settings.search.max_seconds is None:
        return
    forecast = forecast_now(settings, space, data)
    warnings = (check_time(settings, forecast, space), dear_rungs(settings, forecast, space))
    for warning in warnings:
        if warning is not None:
            print_line(context.console, warning)


def _is_archived(context: Context) -> bool:
    """Whether the run of this command is in a directory that cannot be written."""
    has_begun = (context.run_dir / JOURNAL).is_file()
    return has_begun and not os.access(context.run_dir, os.W_OK)


def _show_archived(settings: Settings, context: Context, is_over: bool) -> float:
    """Print the end of a finished search in a directory that cannot be written.

    Raises:
        InvalidValue: The command asks for more than that search has done.
        RunDirectoryError: The search is not over.
    """
    with Journal(context.run_dir / JOURNAL) as journal:
        config = journal.meta("config")
        if config is None:
            raise RunDirectoryError(f"{relative(context.run_dir)}: cannot be written")
        stored = read_stored_settings(config).as_dict()
        check_resumable(context.run_dir, stored, settings.as_dict())
        if not is_over:
            _refuse_to_continue(settings, context, stored)
        print_line(
            context.console, f"{relative(context.run_dir)} cannot be written; the search is over"
        )
        print_end(settings, context, journal)
        return objective(settings.task.objective, journal)


def _refuse_to_continue(settings: Settings, context: Context, stored: dict[str, Any]) -> NoReturn:
    """Name what this command changes of a search that cannot go on where it is."""
    run_dir = relative(context.run_dir)
    for key, before, after in changed_limits(stored, settings.as_dict()):
        value = "null" if before is None else before
        rule = f"must stay {value}: {run_dir} cannot be written, so that its search cannot go on"
        raise InvalidValue(key, rule, after)
    raise RunDirectoryError(f"{run_dir}: cannot be written, and its search is not over")


def _print_reading(settings: Settings, context: Context) -> None:
    if not is_tabular(settings):
        print_reading(context.console, settings.data)


def _print_plan(
    settings: Settings, context: Context, space: SlotSpace, data: DataInfo | None
) -> None:
    if data is not None:
        print_data(context.console, data, settings.trainer)
        print_class_counts(context.console, data)
    print_plan(settings, context, space, data)


def _search_or_deliver(
    settings: Settings, context: Context, space: SlotSpace, journal: Journal
) -> None:
    """Search what is left; or complete the files and the tracking of a finished search."""
    is_over = journal.meta("status") == "finished"
    if is_over and _has_more(settings, journal):
        keep_command(settings, context, journal)
        is_over = False
    if not is_over:
        search = search_table if is_tabular(settings) else search_by_training
        search(settings, context, space, journal)
    else:
        _note_what_changes_nothing(settings, context, journal)
        files = SearchFiles(context.run_dir, journal, settings.child)
        complete_finished_run(files, journal, settings)


def _note_what_changes_nothing(settings: Settings, context: Context, journal: Journal) -> None:
    """Print which keys of this command a search that is over does not go by."""
    stored = read_stored_settings(journal.meta("config")).as_dict()
    typed = []
    for key, _, after in changed_decisions(stored, settings.as_dict()):
        value = "null" if after is None else after
        typed.append(f"{key}={value}")
    if typed:
        verb = "changes" if len(typed) == 1 else "change"
        keys = " and ".join(typed)
        print_line(context.console, f"{keys} {verb} nothing: the search is over")


def _has_more(settings: Settings, journal: Journal) -> bool:
    """Whether a budget that ended the search has room now, or more confirmation is asked for."""
    search = settings.search
    epochs = epochs_of_child(settings)
    # The file of the table is not needed where it has nothing to answer any more.
    of_children = is_tabular(settings) and any(child.seconds for child in journal.children())
    goes_on = may_continue(
        search,
        journal,
        epochs,
        counts=is_first_training,
        counts_children=of_children,
        share=share_of_search(search, journal, epochs),
    )
    if goes_on:
        return True
    return may_confirm(search, journal, epochs, of_children) and can_repeat(settings)
