"""What MLflow is to show of one journal: a search run, its stage runs and their child runs.

A journal of trainings (`task=train`) has no stages that would mean anything: there the child runs
lie directly below the run of the command, which shows a single training itself.
"""

import re
import statistics
import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from pnas.errors import TrackingError
from pnas.records import ChildRecord, JournalReader, StageRecord, Status, best_child
from pnas.records.cell_trainings import short_epochs
from pnas.records.front import read_front
from pnas.records.run_task import is_training
from pnas.records.training_journal import read_training
from pnas.records.training_record import Member
from pnas.system.wording import plural
from pnas.tracking.child_run import child_notes, child_params
from pnas.tracking.metric_points import (
    Point,
    as_ms,
    child_points,
    progress_points,
    scalars,
    stage_curves,
    stage_points,
    training_points,
)
from pnas.tracking.naming import LONGEST_TAG, cut
from pnas.tracking.run_facts import (
    BEST_CELL,
    KEY,
    LEVEL,
    MAIN_MEMBER,
    MEMBER,
    RUN_DIR,
    RUNNING,
    SEARCH_ID,
    SEARCH_KEY,
    SWEEP,
    TRAINING_ID,
    WINNER_CELL,
    RunFacts,
)
from pnas.tracking.search_params import chosen_options, search_params

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
    "winner",
    "winner_test_accuracies",
)
_LONGEST_RUN_NAME = 120
_SEARCH_ID = re.compile(r"[\w.:-]{1,200}")


class SearchFacts:
    """One reading of a journal.

    Attributes:
        search_id: Identity of the search.
        stages: Stages opened so far.
        is_training: Whether this is the journal of a `task=train`.
    """

    def __init__(self, journal: JournalReader, run_dir: Path, status: str | None = None) -> None:
        """Read ``journal``, once.

        Args:
            journal: The journal.
            run_dir: Where it lies; it is noted on the search run.
            status: ``running``, ``finished``, ``failed`` or ``interrupted``; None: as the journal
                says.

        Raises:
            TrackingError: The journal has no proper ``search_id``.
        """
        # The status is read first: once it says finished, everything else is there.
        stored_status = status or journal.meta("status", "running")
        self._status = _RUN_STATUS.get(stored_status, "KILLED")
        self._run_dir = run_dir.absolute()
        self._meta = {name: journal.meta(name) for name in _META}
        self._config: dict[str, Any] = self._meta["config"] or {}
        self._children = journal.children()
        self._superseded = journal.superseded()
        self.stages = journal.stages()
        front = read_front(journal)
        self._hypervolumes = {} if front is None else front.by_stage
        self.is_training = is_training(self._config)
        self._training = read_training(journal) if self.is_training else None
        self.search_id = str(self._meta["search_id"] or "")
        if not _SEARCH_ID.fullmatch(self.search_id):
            raise TrackingError(f"{journal.path}: cannot be shown in MLflow, it has no search_id")

    @cached_property
    def ended(self) -> list[ChildRecord]:
        """Children that have ended, in the order in which they did."""
        ended = [child for child in self._children if child.ended_at is not None]
        return sorted(ended, key=lambda child: (child.ended_at, child.id))

    def shown_in(self, stage: StageRecord) -> Iterator[RunFacts]:
        """Yield the child runs of ``stage``.

        Superseded children stay in the store, marked, and count in no curve.
        """
        if self._single_training is not None:
            return
        for child in self._ended_by_stage.get(stage.b, ()):
            yield self.child(child)
        for child in self._children_by_stage.get(stage.b, ()):
            # A training shows its epochs while it goes on. A child of a search lasts seconds, and
            # one that was only measured may yet leave its stage, untrained.
            if self.is_training and child.ended_at is None and child.metrics:
                yield self.child(child)
        for child in self._superseded:
            if child.b == stage.b:
                yield self.child(child)

    # -- the three kinds of runs ---------------------------------------------------------------

    def search(self) -> RunFacts:
        """Return the run of the whole search."""
        start = self._start()
        end = None
        if self._status != RUNNING:
            # The clock may have been set back meanwhile.
            end = max(start, _last_instant(self.stages, self.ended))

        points = progress_points(self.ended)
        if self._single_training is not None:
            points += self._points_of(self._single_training)
        if not self.is_training:
            points += self._stage_curves()
        points += self._totals(end)
        return RunFacts(
            key=SEARCH_KEY,
            name=cut(self._name, _LONGEST_RUN_NAME),
            status=self._status,
            start=start,
            end=end,
            tags=self._search_tags(),
            params=search_params(self._config, self._options),
            points=points,
        )

    def stage(self, stage: StageRecord) -> RunFacts:
        """Return the run of ``stage``."""
        key = f"stage/{stage.b}"
        start = as_ms(stage.opened_at - stage.seconds_scoring)
        status, end = self._stage_status(stage)
        return RunFacts(
            key=key,
            name=f"stage {stage.b}",
            status=status,
            start=start,
            end=None if end is None else max(start, end),
            tags=self._tags(key, "stage"),
            params={"b": str(stage.b)},
            points=stage_points(stage, self._children_by_stage.get(stage.b, ())),
        )

    def child(self, child: ChildRecord) -> RunFacts:
        """Return the run of ``child``."""
        seconds = max(child.seconds or 0.0, 0.0)
        if child.ended_at is None:
            start = as_ms(child.started_at or time.time())
            end = None
        else:
            start = as_ms(child.ended_at - seconds)
            end = as_ms(child.ended_at)
        return RunFacts(
            key=child.key,
            name=cut(self._child_name(child), _LONGEST_RUN_NAME),
            status=self._child_status(child),
            start=start,
            end=end,
            tags={**self._tags(child.key, self._child_level), **child_notes(child)},
            params=child_params(child),
            points=self._points_of(child),
        )

    # -- parts ---------------------------------------------------------------------------------

    @property
    def _child_level(self) -> str:
        return "training" if self.is_training else "child"

    @cached_property
    def _single_training(self) -> ChildRecord | None:
        """The training of a run that has one only: the run of the command shows it itself."""
        is_single = self.is_training and len(self._children) == 1
        return self._children[0] if is_single else None

    def _child_name(self, child: ChildRecord) -> str:
        """Return the name of a child's run; trainings of one cell differ in their keys only."""
        if self.is_training:
            return f"{self._name}/{child.key}"
        epochs = short_epochs(child.key)
        return str(child.cell) if epochs is None else f"{child.cell}, {plural(epochs, 'epoch')}"

    @property
    def _name(self) -> str:
        return str(self._meta["name"] or self._run_dir.name)

    def _points_of(self, child: ChildRecord) -> list[Point]:
        if self._training is None:
            return child_points(child)
        member = self._members[child.key]
        size = (member.params, member.flops)
        return training_points(child, size, member.test_accuracy)

    @cached_property
    def _members(self) -> dict[str, Member]:
        members = [] if self._training is None else self._training.members
        return {member.id: member for member in members}

    def _stage_curves(self) -> list[Point]:
        points: list[Point] = []
        for stage in self.stages:
            children = self._ended_by_stage.get(stage.b, ())
            points += stage_curves(stage, children, self._hypervolumes.get(stage.b))
        return points

    @cached_property
    def _options(self) -> dict[str, str]:
        return chosen_options(self._config, self._meta["choices"] or {})

    @cached_property
    def _children_by_stage(self) -> dict[int, list[ChildRecord]]:
        return _by_stage(self._children)

    @cached_property
    def _ended_by_stage(self) -> dict[int, list[ChildRecord]]:
        return _by_stage(self.ended)

    def _tags(self, key: str, level: str) -> dict[str, str]:
        tags = {SEARCH_ID: self.search_id, LEVEL: level, KEY: key}
        if self.is_training:
            tags[TRAINING_ID] = self.search_id
            tags[MEMBER] = MAIN_MEMBER if key == SEARCH_KEY else key
        if self._meta["sweep"]:
            tags[SWEEP] = cut(str(self._meta["sweep"]), LONGEST_TAG)
        if "controller" in self._options:
            tags["pnas.controller"] = self._options["controller"]
        return tags

    def _search_tags(self) -> dict[str, str]:
        level = "training" if self.is_training else "search"
        tags = self._tags(SEARCH_KEY, level)
        tags[RUN_DIR] = str(self._run_dir)
        tags["mlflow.source.name"] = "pnas"
        for group, option in self._options.items():
            tags[f"pnas.{group}"] = option

        best = best_child(self.ended) if self._training is None else self._training.best()
        if best is not None:
            tags[BEST_CELL] = cut(str(best.cell), LONGEST_TAG)
        if self._meta["winner"] is not None:
            tags[WINNER_CELL] = cut(str(self._meta["winner"]["cell"]), LONGEST_TAG)
        return tags

    def _totals(self, end: int | None) -> list[Point]:
        """Return what is known of the search once it has ended."""
        if end is None:
            return []
        of_winner = self._winner_totals()
        # A metric cannot be withdrawn. That of a former best child is followed by the winner's.
        found = of_winner.get("winner_test_accuracy", self._meta["test_accuracy"])
        totals = {
            # Two names: the first sorts beside best_reward, the second is that of earlier versions.
            "best_test_accuracy": found,
            "test_accuracy": found,
            "search_seconds": self._meta["search_seconds"],
            **of_winner,
        }
        return scalars(totals, step=len(self.ended), at=end)

    def _winner_totals(self) -> dict[str, float | None]:
        """Return what is known of the winner; nothing where no cell was trained again."""
        winner = self._meta["winner"]
        if winner is None:
            return {}
        tested = self._meta["winner_test_accuracies"] or []
        return {
            "winner_reward": winner["mean"],
            "winner_probability": winner["probability_best"],
            "winner_test_accuracy": statistics.mean(tested) if tested else None,
        }

    def _start(self) -> int:
        started_at = self._meta["started_at"]
        if not started_at and self.stages:
            first = self.stages[0]
            started_at = first.opened_at - first.seconds_scoring
        return as_ms(started_at or time.time())

    def _stage_status(self, stage: StageRecord) -> tuple[str, int | None]:
        if stage.closed_at is not None:
            return "FINISHED", as_ms(stage.closed_at)
        if self._status == RUNNING:
            return RUNNING, None
        # Left open by a search that was interrupted, or the stage in which it failed.
        return self._status, _last_instant([stage], self._ended_by_stage.get(stage.b, ()))

    def _child_status(self, child: ChildRecord) -> str:
        if child.ended_at is None:
            return RUNNING if self._status == RUNNING else "KILLED"
        return "FAILED" if child.status is Status.FAILED else "FINISHED"


def _by_stage(children: Sequence[ChildRecord]) -> dict[int, list[ChildRecord]]:
    by_stage: dict[int, list[ChildRecord]] = {}
    for child in children:
        by_stage.setdefault(child.b, []).append(child)
    return by_stage


def _last_instant(stages: Sequence[StageRecord], children: Sequence[ChildRecord]) -> int:
    instants = [stage.closed_at or stage.opened_at for stage in stages]
    instants += [child.ended_at for child in children if child.ended_at is not None]
    return as_ms(max(instants, default=0.0))
