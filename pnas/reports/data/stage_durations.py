"""Where a search's time went, stage by stage."""

from dataclasses import dataclass

from pnas.records import ChildRecord, StageRecord
from pnas.reports.data.run_reader import RunView, side_by_side
from pnas.reports.terminal.result_tables import duration
from pnas.reports.terminal.text_grid import Column, Grid


@dataclass(frozen=True)
class StageTime:
    """Seconds of one stage.

    Attributes:
        b: the stage.
        children: that have ended.
        scoring: of candidates, before the stage was opened.
        training: by the clock, from its opening to its last child's end.
        learning: of the predictor, after that, up to the stage's end.
        child_seconds: of all its children together.
        busy: child seconds by the seconds that the workers had, in [0, 1]; None where nothing was trained.
    """

    b: int
    children: int
    scoring: float
    training: float
    learning: float
    child_seconds: float
    busy: float | None


def stage_times(run: RunView) -> list[StageTime]:
    """The times of the stages that have begun; pauses between commands are left out."""
    return [
        _stage_time(run, stage, [child for child in run.ended if child.b == stage.b])
        for stage in run.stages
    ]


def _stage_time(run: RunView, stage: StageRecord, children: list[ChildRecord]) -> StageTime:
    opened = run.elapsed(stage.opened_at)
    last = max((run.elapsed(child.ended_at or 0.0) for child in children), default=opened)
    closed = last if stage.closed_at is None else run.elapsed(stage.closed_at)
    placed = side_by_side(children)
    spent = sum(child.seconds or 0.0 for _, child in placed)
    room = len({lane for lane, _ in placed}) * (last - opened)
    return StageTime(
        b=stage.b,
        children=len(children),
        scoring=stage.seconds_scoring,
        training=max(0.0, last - opened),
        learning=max(0.0, closed - last),
        child_seconds=spent,
        busy=min(1.0, spent / room) if room > 0 else None,
    )


def time_table(run: RunView) -> Grid:
    """One row a stage."""
    return Grid.of("Where the time went", _COLUMNS, stage_times(run))


_COLUMNS = (
    Column("b", lambda time: str(time.b)),
    Column("children", lambda time: f"{time.children:,}"),
    Column("training", lambda time: duration(time.training)),
    Column(
        "a child",
        lambda time: duration(time.child_seconds / time.children) if time.children else "",
    ),
    Column("workers busy", lambda time: "" if time.busy is None else f"{time.busy:.0%}"),
    Column("learning", lambda time: duration(time.learning)),
    Column("scoring", lambda time: duration(time.scoring)),
)
