"""What MLflow is to show of a journal, as plain values: search run > stage runs > child runs."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pnas.errors import TrackingError
from pnas.records import ChildRecord, Journal, StageRecord, Status, best_child
from pnas.records.evaluation_cache import seed_if_cached
from pnas.tracking.metric_points import (
    Point,
    as_ms,
    child_points,
    progress_points,
    scalars,
    stage_curves,
    stage_points,
)
from pnas.tracking.naming import LONGEST_TAG, LONGEST_VALUE, as_params, cut, legal_name

SEARCH_ID = "pnas.search_id"
LEVEL = "pnas.level"
KEY = "pnas.key"
RUN_DIR = "pnas.run_dir"
SWEEP = "pnas.sweep"
ERROR = "pnas.error"
BEST_CELL = "pnas.best_cell"
CACHED = "pnas.cached"
SPARE = "pnas.spare"
SEARCH_KEY = "search"
RUNNING = "RUNNING"

_RUN_STATUS = {
    "running": RUNNING,
    "finished": "FINISHED",
    "failed": "FAILED",
    "interrupted": "KILLED",
}
_META = (
    "search_id",
    "name",
    "sweep",
    "config",
    "choices",
    "started_at",
    "search_seconds",
    "test_accuracy",
)
_NAME_LENGTH = 120
_SEARCH_ID = re.compile(r"[\w.:-]{1,200}")


@dataclass(frozen=True)
class RunFacts:
    """All that one MLflow run shows. ``key`` identifies it within its search; times in ms since the epoch."""

    key: str
    name: str
    status: str
    start: int
    end: int | None
    tags: dict[str, str]
    params: dict[str, str] = field(default_factory=dict)
    points: list[Point] = field(default_factory=list)


class SearchFacts:
    """One reading of a journal.

    Args:
        journal: read once, here.
        run_dir: where it lies; noted on the search run.
        status: ``running``, ``finished``, ``failed`` or ``interrupted``; None = as the journal says.

    Raises:
        TrackingError: the journal has no proper ``search_id``.
    """

    def __init__(self, journal: Journal, run_dir: Path, status: str | None = None) -> None:
        # The status is read first: once it says finished, everything else is there.
        self._status = _RUN_STATUS.get(status or journal.meta("status", "running"), "KILLED")
        self._run_dir = run_dir.absolute()
        self._meta = {name: journal.meta(name) for name in _META}
        self.stages = journal.stages()
        self._children = journal.children()
        self._superseded = journal.superseded()
        self.search_id = str(self._meta["search_id"] or "")
        if not _SEARCH_ID.fullmatch(self.search_id):
            raise TrackingError(f"{journal.path}: cannot be shown in MLflow, it has no search_id")

    @cached_property
    def ended(self) -> list[ChildRecord]:
        """Children that have ended, in the order in which they did."""
        ended = [
            (child.ended_at, child.id, child)
            for child in self._children
            if child.ended_at is not None
        ]
        return [child for *_, child in sorted(ended)]

    def ended_in(self, stage: StageRecord) -> list[ChildRecord]:
        return [child for child in self.ended if child.b == stage.b]

    def superseded_of(self, stage: StageRecord) -> list[ChildRecord]:
        """Trained for an earlier plan of ``stage``; they stay in the store, marked, and count in no curve."""
        return [child for child in self._superseded if child.b == stage.b]

    # -- the three kinds of runs ---------------------------------------------------------------------------

    def search(self) -> RunFacts:
        """The search run."""
        start = self._start()
        end = (
            None if self._status == RUNNING else max(start, _last_instant(self.stages, self.ended))
        )
        curves = [
            point for stage in self.stages for point in stage_curves(stage, self.ended_in(stage))
        ]
        return RunFacts(
            key=SEARCH_KEY,
            name=cut(str(self._meta["name"] or self._run_dir.name), _NAME_LENGTH),
            status=self._status,
            start=start,
            end=end,
            tags=self._search_tags(),
            params={**self._choices, **as_params(self._meta["config"] or {})},
            points=[*progress_points(self.ended), *curves, *self._totals(end)],
        )

    def stage(self, stage: StageRecord) -> RunFacts:
        """The run of ``stage``."""
        status, end = self._stage_status(stage)
        return RunFacts(
            key=f"stage/{stage.b}",
            name=f"stage {stage.b}",
            status=status,
            start=as_ms(stage.opened_at - stage.seconds_scoring),
            end=end,
            tags=self._tags(f"stage/{stage.b}", "stage"),
            params={"b": str(stage.b)},
            points=stage_points(stage, [child for child in self._children if child.b == stage.b]),
        )

    def child(self, child: ChildRecord) -> RunFacts:
        """The run of a ``child`` that has ended."""
        ended = child.ended_at or 0.0
        notes = {ERROR: cut(child.error, LONGEST_TAG)} if child.error else {}
        if (seed := seed_if_cached(child.metrics)) is not None:
            notes[CACHED] = f"trained by another search, with seed {seed}"
        if child.position is None:
            notes[SPARE] = "trained for an earlier plan, which a larger K has replaced"
        return RunFacts(
            key=child.key,
            name=cut(str(child.cell), _NAME_LENGTH),
            status="FINISHED" if child.status is Status.OK else "FAILED",
            start=as_ms(ended - (child.seconds or 0.0)),
            end=as_ms(ended),
            tags={**self._tags(child.key, "child"), **notes},
            params=_child_params(child),
            points=child_points(child),
        )

    # -- parts -----------------------------------------------------------------------------------------------

    @cached_property
    def _choices(self) -> dict[str, str]:
        """Option chosen in each configuration group (``controller`` -> ``lstm``)."""
        config = self._meta["config"] or {}
        choices = self._meta["choices"] or {}
        kinds = {
            group: part.get("kind") for group, part in config.items() if isinstance(part, dict)
        }
        chosen = [
            (group, option) for group, option in {**kinds, **choices}.items() if option is not None
        ]
        return {legal_name(group): cut(str(option), 200) for group, option in chosen}

    def _tags(self, key: str, level: str) -> dict[str, str]:
        tags = {SEARCH_ID: self.search_id, LEVEL: level, KEY: key}
        if self._meta["sweep"]:
            tags[SWEEP] = cut(str(self._meta["sweep"]), LONGEST_TAG)
        if "controller" in self._choices:
            tags["pnas.controller"] = self._choices["controller"]
        return tags

    def _search_tags(self) -> dict[str, str]:
        tags = {
            **self._tags(SEARCH_KEY, "search"),
            RUN_DIR: str(self._run_dir),
            "mlflow.source.name": "pnas",
        }
        tags |= {f"pnas.{group}": option for group, option in self._choices.items()}
        best = best_child(self.ended)
        return tags if best is None else {**tags, BEST_CELL: cut(str(best.cell), LONGEST_TAG)}

    def _totals(self, end: int | None) -> list[Point]:
        if end is None:
            return []
        totals = {name: self._meta[name] for name in ("search_seconds", "test_accuracy")}
        return scalars(totals, len(self.ended), end)

    def _start(self) -> int:
        opened = [stage.opened_at - stage.seconds_scoring for stage in self.stages[:1]]
        return as_ms(self._meta["started_at"] or (opened or [time.time()])[0])

    def _stage_status(self, stage: StageRecord) -> tuple[str, int | None]:
        if stage.closed_at is not None:
            return "FINISHED", as_ms(stage.closed_at)
        if self._status == RUNNING:
            return RUNNING, None
        # Left open by a search that was interrupted, or the stage on which it failed.
        return self._status, _last_instant([stage], self.ended_in(stage))


def _child_params(child: ChildRecord) -> dict[str, str]:
    operators = sorted(
        {value for block in child.cell.blocks for value in block if isinstance(value, str)}
    )
    params = {
        "cell": str(child.cell),
        "b": str(child.b),
        "operators": ", ".join(operators),
        "seed": str(child.seed),
    }
    return {name: cut(value, LONGEST_VALUE) for name, value in params.items()}


def _last_instant(stages: Sequence[StageRecord], children: Sequence[ChildRecord]) -> int:
    instants = [stage.closed_at or stage.opened_at for stage in stages]
    instants += [child.ended_at for child in children if child.ended_at is not None]
    return as_ms(max(instants, default=0.0))
