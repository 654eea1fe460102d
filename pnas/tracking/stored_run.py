"""What a store is known to hold of one run, and how that is compared with what it should hold."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pnas.tracking.metric_points import Point
from pnas.tracking.run_facts import CACHED, ERROR, RUNNING, SPARE, SUPERSEDED, RunFacts

if TYPE_CHECKING:
    from mlflow.entities import Run

TEMPORARY_TAGS = (CACHED, ERROR, SUPERSEDED, SPARE)
"""Tags that a run may lose again: its child is trained once more, or chosen after all."""

Mark = tuple[str, int, float | None]
"""Name, step and value of a point: two points with the same mark are the same measurement."""


@dataclass
class StoredRun:
    """What the store is known to hold of one run.

    Attributes:
        run_id: MLflow's id of the run.
        status: MLflow's status.
        end: When it ended, in milliseconds since the epoch; None while it runs.
        tags: Tags by name.
        params: Params by name.
        metrics: Names of the metrics that the run has, if its values are not in memory.
        marks: Values of its metrics; None until they are read.
    """

    run_id: str
    status: str
    end: int | None
    tags: dict[str, str]
    params: dict[str, str] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    marks: set[Mark] | None = field(default_factory=set)

    @classmethod
    def of(cls, run: "Run") -> "StoredRun":
        """Return a run as the store answered it. Of its metrics the names are known so far."""
        return cls(
            run_id=run.info.run_id,
            status=run.info.status,
            end=run.info.end_time,
            tags=dict(run.data.tags),
            params=dict(run.data.params),
            metrics=tuple(run.data.metrics),
            marks=None,
        )

    def shows(self, facts: RunFacts) -> bool:
        """Whether the run has ended as ``facts`` say.

        It is then complete, because its end is written last.
        """
        has_ended = self.status == facts.status != RUNNING
        tags_agree = all(self.tags.get(tag) == facts.tags.get(tag) for tag in TEMPORARY_TAGS)
        return has_ended and self.end == facts.end and tags_agree

    def forget_values(self) -> None:
        """Drop the metric values from memory; they are read again if they are needed."""
        names = {name for name, _, _ in self.marks or ()}
        self.metrics = tuple(names | set(self.metrics))
        self.marks = None


def mark_of(name: str, step: int, value: float) -> Mark:
    """Return what identifies a measurement; NaN, which differs from itself, is None."""
    return name, step, None if math.isnan(value) else value


def marks_of(points: Iterable[Point]) -> set[Mark]:
    """Return the marks of ``points``."""
    return {mark_of(point.name, point.step, point.value) for point in points}
