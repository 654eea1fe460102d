"""``plan_only=true``: the parts of a search, the size of its networks, its budget and its time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pnas.config import Settings
from pnas.data import DataInfo
from pnas.execution import visible_gpus
from pnas.records import Journal
from pnas.records.run_directory import JOURNAL
from pnas.reports.data.number_format import count_children, duration
from pnas.reports.terminal.text_grid import Column, Grid
from pnas.runs.command_context import Context
from pnas.search import PlannedPhase, SearchSpec
from pnas.search.pacing import TrainingForecast
from pnas.search.pacing.outlook import planned_within
from pnas.search.search_plan import (
    PhaseEstimate,
    count_small_cells,
    plan_search,
    search_seconds,
)
from pnas.searching.kept_trainings import continued_epochs, kept_shares
from pnas.searching.search_checks import limits_of
from pnas.searching.tabular_search import epochs_of_child
from pnas.searching.time_planning import check_time, dear_rungs, plan_forecast
from pnas.state_space import SlotSpace
from pnas.system.console import print_line
from pnas.system.wording import plural

_TITLE = "Plan of the search"

_LONGER = (2, 4)
"""Factors of a budget in seconds of which the plan says what they would buy."""


def print_plan(
    settings: Settings, context: Context, space: SlotSpace, data: DataInfo | None
) -> None:
    """Print what the search would train, part by part, and what it may spend.

    Args:
        settings: Settings of the command.
        context: The command around the task.
        space: State space that is searched.
        data: Sizes of the data; None for a search that reads a table.
    """
    if data is None:
        lines = _print_tabular(settings, context, space)
    else:
        lines = _print_training(settings, context, space, data)
    budget = settings.search.budget or "none; the search ends with its last stage"
    for line in [_extent(space), f"budget: {budget}", *lines]:
        print_line(context.console, line)


def _print_tabular(settings: Settings, context: Context, space: SlotSpace) -> list[str]:
    phases = settings.search.phases(space, settings.controller.K, epochs=epochs_of_child(settings))
    Grid.of(_TITLE, _PHASE_COLUMNS, phases).print(context.console)
    return [f"rewards: from {settings.trainer.table}; nothing is trained"]


def _print_training(
    settings: Settings, context: Context, space: SlotSpace, data: DataInfo
) -> list[str]:
    # The model of times reads the journal whenever it is asked.
    with _journal_of(context) as journal:
        forecast = plan_forecast(settings, space, data, journal)
        return _print_forecast(settings, context, space, data, forecast)


def _print_forecast(
    settings: Settings,
    context: Context,
    space: SlotSpace,
    data: DataInfo,
    forecast: TrainingForecast,
) -> list[str]:
    limits = limits_of(settings, data)
    small_cells = count_small_cells(space, limits)
    phases = _phases(settings, space, forecast, small_cells)
    model = forecast.model
    work = model.workload
    plans = plan_search(phases, space, settings.child, work, settings.seed, limits, model)
    Grid.of(_TITLE, _PLAN_COLUMNS, plans).print(context.console)
    lines = _totals(plans, forecast, settings.search)
    if settings.search.max_seconds is not None:
        lines += _longer_times(settings, space, forecast, small_cells)
        lines += _shortage(settings, space, forecast)
    return [*lines, *_gpus()]


@contextmanager
def _journal_of(context: Context) -> Iterator[Journal | None]:
    """Yield the journal of a search that has begun, whose children say how long others take."""
    path = context.run_dir / JOURNAL
    if not path.is_file():
        yield None
        return
    with Journal(path) as journal:
        yield journal


def _phases(
    settings: Settings, space: SlotSpace, forecast: TrainingForecast, small_cells: int
) -> list[PlannedPhase]:
    search = settings.search
    K = settings.controller.K
    if search.max_seconds is None:
        kept = kept_shares(settings) if search.continues_trainings else ()
        return search.phases(space, K, small_cells, kept, epochs_of_child(settings))
    return _phases_within(settings, space, forecast, small_cells, search.max_seconds)


def _phases_within(
    settings: Settings,
    space: SlotSpace,
    forecast: TrainingForecast,
    small_cells: int,
    seconds: float,
) -> list[PlannedPhase]:
    return planned_within(
        settings.search,
        space,
        settings.controller.K,
        forecast,
        seconds,
        first=small_cells,
        kept_epochs=continued_epochs(settings),
    )


def _extent(space: SlotSpace) -> str:
    cells = sum(space.num_cells(b) for b in range(1, space.B + 1))
    return f"state space: {cells:,} unique cells of up to {plural(space.B, 'block')}"


def _totals(plans: list[PhaseEstimate], forecast: TrainingForecast, spec: SearchSpec) -> list[str]:
    seconds = search_seconds(plans, forecast.workers)
    if seconds is None:
        return ["children: as many as the budget allows"]
    phases = [plan.phase for plan in plans]
    children = sum(phase.children or 0 for phase in phases)
    model = _basis(forecast)
    if spec.max_seconds is not None:
        return [f"about {_children_of(phases)} in {duration(spec.max_seconds)} {model}"]
    return [f"children: {children:,} at most", f"time: about {duration(seconds)} {model}"]


def _basis(forecast: TrainingForecast) -> str:
    """Say what predicted times go by."""
    measured = forecast.model.measured
    workers = f"on {plural(forecast.workers, 'CPU worker')}"
    if not measured:
        return f"{workers}, by a rough model of one server core"
    return f"{workers}, by the {plural(measured, 'training')} so far"


def _longer_times(
    settings: Settings, space: SlotSpace, forecast: TrainingForecast, small_cells: int
) -> list[str]:
    """Say what two and four times as long would buy."""
    lines = []
    for factor in _LONGER:
        seconds = factor * (settings.search.max_seconds or 0.0)
        phases = _phases_within(settings, space, forecast, small_cells, seconds)
        whole = [phase for phase in phases if not phase.is_short]
        large = sum(phase.children or 0 for phase in whole if phase.b == space.B)
        lines.append(
            f"in {factor} times as long, {duration(seconds)}: about {_children_of(phases)}, "
            f"{large:,} of them of full size"
        )
    return lines


def _children_of(phases: Sequence[PlannedPhase]) -> str:
    """Return how many children ``phases`` have, as a plan says it."""
    whole = sum(phase.children or 0 for phase in phases if not phase.is_short)
    if not any(phase.is_short for phase in phases):
        return count_children(whole)
    short = sum(phase.children or 0 for phase in phases if phase.is_short)
    return f"{plural(short, 'short training')} and {plural(whole, 'whole one')}"


def _shortage(settings: Settings, space: SlotSpace, forecast: TrainingForecast) -> list[str]:
    """Return a line if the time is probably too short for a search, or for its rungs."""
    lines = [check_time(settings, forecast, space), dear_rungs(settings, forecast, space)]
    return [line for line in lines if line is not None]


def _gpus() -> list[str]:
    gpus = len(visible_gpus())
    if not gpus:
        return []
    return [f"GPUs: {gpus} seen, one worker each; times above are for CPU workers"]


def _children(phase: PlannedPhase) -> str:
    return "" if phase.children is None else f"{phase.children:,}"


def _candidates(phase: PlannedPhase) -> str:
    return f"{phase.candidates:,}" if phase.candidates else ""


_PHASE_COLUMNS = (
    Column("phase", lambda phase: phase.name),
    Column("blocks", lambda phase: str(phase.b)),
    Column("candidates", _candidates),
    Column("children", _children),
)

_PLAN_COLUMNS = (
    Column("phase", lambda plan: plan.phase.name),
    Column("blocks", lambda plan: str(plan.phase.b)),
    Column("candidates", lambda plan: _candidates(plan.phase)),
    Column("children", lambda plan: _children(plan.phase)),
    Column("params: min", lambda plan: f"{plan.params[0]:,}"),
    Column("median", lambda plan: f"{plan.params[1]:,}"),
    Column("max", lambda plan: f"{plan.params[2]:,}"),
    Column("multiply-adds", lambda plan: f"{plan.madds:,}"),
    Column("a child", lambda plan: duration(plan.seconds)),
)
