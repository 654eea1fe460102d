"""``plan_only=true``: the parts of a search, the size of its networks, its budget and its time."""

from pnas.config import Settings
from pnas.data import DataInfo
from pnas.execution import count_workers, visible_gpus
from pnas.reports.data.number_format import duration
from pnas.reports.terminal.text_grid import Column, Grid
from pnas.runs.command_context import Context
from pnas.search import PlannedPhase, SearchSpec
from pnas.search.search_plan import (
    PhaseEstimate,
    Workload,
    children_within,
    count_small_cells,
    plan_search,
    search_seconds,
)
from pnas.searching.search_checks import limits_of
from pnas.state_space import SlotSpace
from pnas.system.console import print_line

_TITLE = "Plan of the search"


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
    phases = settings.search.phases(space, settings.controller.K)
    Grid.of(_TITLE, _PHASE_COLUMNS, phases).print(context.console)
    return [f"rewards: from {settings.trainer.table}; nothing is trained"]


def _print_training(
    settings: Settings, context: Context, space: SlotSpace, data: DataInfo
) -> list[str]:
    trainer = settings.trainer
    work = Workload(
        data.image_shape,
        data.num_classes,
        data.train,
        data.val,
        trainer.epochs,
        trainer.batchsize,
    )
    limits = limits_of(settings, data)
    small_cells = count_small_cells(space, limits)
    phases = settings.search.phases(space, settings.controller.K, small_cells)
    plans = plan_search(phases, space, settings.child, work, settings.seed, limits)
    Grid.of(_TITLE, _PLAN_COLUMNS, plans).print(context.console)
    workers = count_workers(settings.executor, trainer.threads, 0)
    first = settings.search.first_children(space)
    return _totals(plans, workers, settings.search, first)


def _extent(space: SlotSpace) -> str:
    cells = sum(space.num_cells(b) for b in range(1, space.B + 1))
    return f"state space: {cells:,} unique cells of up to {space.B} blocks"


def _totals(plans: list[PhaseEstimate], workers: int, spec: SearchSpec, first: int) -> list[str]:
    seconds = search_seconds(plans, workers)
    model = f"on {workers} CPU worker(s), by a rough model of one server core"
    lines = []
    if seconds is not None:
        children = sum(plan.phase.children or 0 for plan in plans)
        lines += [f"children: {children:,} at most", f"time: about {duration(seconds)} {model}"]
    if spec.max_seconds is not None:
        fitting = children_within(plans, spec.max_seconds, workers)
        lines.append(f"about {fitting:,} children in {duration(spec.max_seconds)} {model}")
        lines += _shortage(fitting, first)
    if not lines:
        lines = ["children: as many as the budget allows"]
    gpus = len(visible_gpus())
    if gpus:
        lines.append(f"GPUs: {gpus} seen, one worker each; times above are for CPU workers")
    return lines


def _shortage(fitting: int, first: int) -> list[str]:
    """Return a line if the time may end the search in its first stage, before it has learned."""
    if fitting >= first:
        return []
    return [f"this may be too short: the first stage alone has {first:,} children"]


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
