"""``plan_only=true``: what the search would do, printed."""

from pnas.children import Limits
from pnas.config import Settings
from pnas.data import DataInfo
from pnas.execution import count_workers, visible_gpus
from pnas.reports.terminal.result_tables import duration
from pnas.reports.terminal.text_grid import Column, Grid
from pnas.runs.command_context import Context
from pnas.search.search_plan import StagePlan, Workload, plan_search, search_seconds
from pnas.state_space import SlotSpace


def print_plan(settings: Settings, context: Context, space: SlotSpace, data: DataInfo) -> None:
    """Print children, candidates, parameters and an estimate of time, stage by stage."""
    trainer = settings.trainer
    work = Workload(
        data.image_shape, data.num_classes, data.train, data.val, trainer.epochs, trainer.batchsize
    )  # fmt: skip
    limits = Limits(trainer, settings.child, data.image_shape, data.num_classes)
    K = settings.controller.K
    first = getattr(settings.search, "first", None)
    stages = plan_search(space, K, settings.child, work, settings.seed, limits, first)
    Grid.of("Plan of the search", _COLUMNS, stages).print(context.console)
    workers = count_workers(settings.executor, trainer.threads, 0)
    for line in _lines(stages, space, workers):
        context.console.print(line, markup=False, soft_wrap=True)


def _lines(stages: list[StagePlan], space: SlotSpace, workers: int) -> list[str]:
    children = sum(stage.children for stage in stages)
    seconds = search_seconds(stages, workers)
    lines = [
        f"children: {children:,} at most, of {space.num_cells(space.B):,} unique cells with {space.B} blocks",
        f"time: about {duration(seconds)} on {workers} CPU worker(s), by a rough model of one server core",
    ]
    if gpus := visible_gpus():
        lines.append(
            f"GPUs: {len(gpus)} seen, one worker each; the estimate above is for CPU workers"
        )
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
