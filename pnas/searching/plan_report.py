"""``plan_only=true`` of a progressive search: its stages, its networks' sizes and its time."""

from pnas.config import Settings
from pnas.data import DataInfo
from pnas.execution import count_workers, visible_gpus
from pnas.reports.data.number_format import duration
from pnas.reports.terminal.text_grid import Column, Grid
from pnas.runs.command_context import Context
from pnas.search.search_plan import StagePlan, Workload, plan_search, search_seconds
from pnas.searching.search_checks import limits_of
from pnas.state_space import SlotSpace
from pnas.system.console import print_line


def print_plan(settings: Settings, context: Context, space: SlotSpace, data: DataInfo) -> None:
    """Print children, candidates, parameters and an estimate of time, stage by stage.

    Args:
        settings: Settings of the command.
        context: The command around the task.
        space: State space that is searched.
        data: Sizes of the data.
    """
    trainer = settings.trainer
    work = Workload(
        data.image_shape,
        data.num_classes,
        data.train,
        data.val,
        trainer.epochs,
        trainer.batchsize,
    )
    stages = plan_search(
        space,
        settings.controller.K,
        settings.child,
        work,
        settings.seed,
        limits_of(settings, data),
        getattr(settings.search, "first", None),
    )
    Grid.of("Plan of the search", _COLUMNS, stages).print(context.console)
    workers = count_workers(settings.executor, trainer.threads, 0)
    for line in _totals(stages, space, workers):
        print_line(context.console, line)


def _totals(stages: list[StagePlan], space: SlotSpace, workers: int) -> list[str]:
    children = sum(stage.children for stage in stages)
    cells = sum(space.num_cells(b) for b in range(1, space.B + 1))
    time = duration(search_seconds(stages, workers))
    lines = [
        f"children: {children:,} at most, of {cells:,} unique cells of up to {space.B} blocks",
        f"time: about {time} on {workers} CPU worker(s), by a rough model of one server core",
    ]
    gpus = len(visible_gpus())
    if gpus:
        lines.append(f"GPUs: {gpus} seen, one worker each; the estimate above is for CPU workers")
    return lines


_COLUMNS = (
    Column("b", lambda stage: str(stage.b)),
    Column("candidates", lambda stage: f"{stage.candidates:,}"),
    Column("children", lambda stage: f"{stage.children:,}"),
    Column("params: min", lambda stage: f"{stage.params[0]:,}"),
    Column("median", lambda stage: f"{stage.params[1]:,}"),
    Column("max", lambda stage: f"{stage.params[2]:,}"),
    Column("multiply-adds", lambda stage: f"{stage.madds:,}"),
    Column("a child", lambda stage: duration(stage.seconds)),
)
