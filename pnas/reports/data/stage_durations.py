"""How the time of a search divides into training, fitting and scoring, group by group of cells."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from pnas.records import ChildRecord, StageRecord
from pnas.reports.data.run_view import RunView
from pnas.reports.data.training_times import assign_workers


@dataclass(frozen=True)
class StageDuration:
    """Seconds of one stage, or of several together.

    Attributes:
        name: Number of the stage, or numbers of the first and the last one.
        children: Number of children that have ended.
        scoring: Scoring of candidates, before the stage was opened.
        training: Wall-clock time from its opening to the end of its last child.
        fitting: Fitting of the predictor, from then to the end of the stage.
        timed: Number of those of them that were trained here, not taken from a cache.
        child_seconds: Training time of these together.
        worker_seconds: Time that its workers were there for, whether busy or not.
    """

    name: str
    children: int
    scoring: float
    training: float
    fitting: float
    timed: int
    child_seconds: float
    worker_seconds: float

    @property
    def busy(self) -> float | None:
        """Share of the workers' time spent on training, in [0, 1]; None if nothing was trained."""
        if self.worker_seconds <= 0:
            return None
        return min(1.0, self.child_seconds / self.worker_seconds)

    @property
    def mean_child(self) -> float | None:
        """Mean seconds of a training; None if nothing was trained."""
        return self.child_seconds / self.timed if self.timed else None


def stage_durations(run: RunView) -> list[StageDuration]:
    """Return the durations of the stages that have begun, without pauses between commands."""
    ended: dict[int, list[ChildRecord]] = {}
    for child in run.ended:
        ended.setdefault(child.b, []).append(child)

    durations = []
    for stage in run.stages:
        durations.append(_stage_duration(run, stage, ended.get(stage.b, [])))
    return durations


def _stage_duration(
    run: RunView, stage: StageRecord, children: Sequence[ChildRecord]
) -> StageDuration:
    opened = run.elapsed(stage.opened_at)
    last = max((run.elapsed(child.ended_at or 0.0) for child in children), default=opened)
    closed = last if stage.closed_at is None else run.elapsed(stage.closed_at)

    placed = assign_workers(children)
    workers = len({item.worker for item in placed})
    return StageDuration(
        name=str(stage.b),
        children=len(children),
        scoring=stage.seconds_scoring,
        training=max(0.0, last - opened),
        fitting=max(0.0, closed - last),
        timed=len(placed),
        child_seconds=sum(item.child.seconds or 0.0 for item in placed),
        worker_seconds=workers * (last - opened),
    )


def sum_durations(durations: Sequence[StageDuration]) -> StageDuration:
    """Return several consecutive stages as one row."""
    total = reduce(_add, durations)
    if len(durations) > 1:
        total = replace(total, name=f"{durations[0].name}-{durations[-1].name}")
    return total


def _add(first: StageDuration, second: StageDuration) -> StageDuration:
    return StageDuration(
        name=first.name,
        children=first.children + second.children,
        scoring=first.scoring + second.scoring,
        training=first.training + second.training,
        fitting=first.fitting + second.fitting,
        timed=first.timed + second.timed,
        child_seconds=first.child_seconds + second.child_seconds,
        worker_seconds=first.worker_seconds + second.worker_seconds,
    )
