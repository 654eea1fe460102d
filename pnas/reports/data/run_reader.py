"""A run directory as reports see it: one reading of its journal, and whether anybody is at work on it."""

import fcntl
import os
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pnas.errors import RunDirectoryError
from pnas.records import ChildRecord, Event, Journal, StageRecord, Status, best_child
from pnas.records.evaluation_cache import seed_if_cached
from pnas.records.run_directory import JOURNAL, LOCK

_IDLE = 600.0
"""Seconds without a child at work after which a search was not running: it was stopped, and continued later."""

_TOLERANCE = 0.1
"""Seconds between a child's end and the journal's knowing of it."""


@dataclass(frozen=True)
class RunView:
    """What one journal says of its search.

    Attributes:
        path: the run directory.
        name: of the search.
        status: running, interrupted (it says running, but no process holds it), finished or failed.
        config: the resolved configuration, nested.
        choices: the option chosen in each configuration group.
        children: in the order in which they were asked for.
        stages: in order.
        events: in order.
        seconds: of all commands of this search together.
        test_accuracy: of the best child, once the search has finished.
        stopped_by: the budget that ended the search.
        sweep: name of its multirun.
        started_at: seconds since the epoch.
        fingerprint: of the data that rewards were measured on.
    """

    path: Path
    name: str
    status: str
    config: Mapping[str, Any]
    choices: Mapping[str, str]
    children: list[ChildRecord]
    stages: list[StageRecord]
    events: list[Event]
    seconds: float
    test_accuracy: float | None
    stopped_by: str | None
    sweep: str | None
    started_at: float | None
    fingerprint: str | None

    @cached_property
    def best(self) -> ChildRecord | None:
        return best_child(self.children)

    @cached_property
    def trained(self) -> int:
        return sum(child.status is Status.OK for child in self.children)

    @cached_property
    def failed(self) -> list[ChildRecord]:
        return [child for child in self.children if child.status is Status.FAILED]

    @cached_property
    def ended(self) -> list[ChildRecord]:
        """Children that have ended, in the order in which they did."""
        ended = [child for child in self.children if child.ended_at is not None]
        return sorted(ended, key=lambda child: (child.ended_at or 0.0, child.id))

    def value(self, key: str, default: Any = None) -> Any:
        """A configured value by its dotted key (``controller.K``)."""
        node: Any = self.config
        for part in key.split("."):
            node = node.get(part, default) if isinstance(node, Mapping) else default
        return node

    @property
    def predictor(self) -> str:
        """The predictor's name, as the stages or the configuration give it."""
        kinds = [
            stage.predictor["kind"]
            for stage in self.stages
            if stage.predictor and "kind" in stage.predictor
        ]
        return str(
            kinds[-1]
            if kinds
            else self.choices.get("controller", self.value("controller.predictor", "?"))
        )

    @property
    def last_rho(self) -> float | None:
        """Rank correlation of predictions and rewards at the last stage for which it is known."""
        known = [(stage.predictor or {}).get("spearman_next") for stage in self.stages]
        return next((value for value in reversed(known) if value is not None), None)

    @cached_property
    def _pauses(self) -> list[tuple[float, float]]:
        """Stretches of time, long and without a child at work, in which no command was running."""
        spans = sorted(span for child in self.ended if (span := span_of(child)))
        pauses = []
        busy_until = spans[0][1] if spans else 0.0
        for start, end in spans:
            if start - busy_until > _IDLE:
                pauses.append((busy_until, start))
            busy_until = max(busy_until, end)
        return pauses

    def elapsed(self, at: float) -> float:
        """Seconds of search at the instant ``at``, counted from the start, pauses between commands left out."""
        starts = [self.started_at, *(stage.opened_at for stage in self.stages[:1])]
        start = min((value for value in starts if value is not None), default=at)
        paused = sum(min(end, at) - begin for begin, end in self._pauses if begin < at)
        return max(0.0, at - start - paused)


def span_of(child: ChildRecord) -> tuple[float, float] | None:
    """When ``child`` was trained: start and end in seconds since the epoch; None if it was not trained here."""
    if child.ended_at is None or seed_if_cached(child.metrics) is not None:
        return None
    return child.ended_at - (child.seconds or 0.0), child.ended_at


def side_by_side(children: Iterable[ChildRecord]) -> list[tuple[int, ChildRecord]]:
    """Each trained child with the number of the first lane, from 0, that was free when it started.

    The journal does not name workers, but no worker trains two children at once: there are as many lanes as
    workers were ever busy together.
    """
    spans = sorted((*span, child.id, child) for child in children if (span := span_of(child)))
    free: list[float] = []
    placed = []
    for start, end, _, child in spans:
        lane = next((i for i, until in enumerate(free) if until <= start + _TOLERANCE), len(free))
        free[lane : lane + 1] = [end]
        placed.append((lane, child))
    return placed


def read_run(run_dir: Path, status: str | None = None) -> RunView:
    """Read the journal of ``run_dir``; nothing is written.

    Args:
        run_dir: holds the journal.
        status: of the search, for whoever knows better than the journal.

    Raises:
        RunDirectoryError: there is none, or it cannot be read.
    """
    with closing(Journal(run_dir / JOURNAL)) as journal:
        stored = str(journal.meta("status", "running"))
        if stored == "running" and not is_held(run_dir):
            stored = "interrupted"
        config = journal.meta("config") or {}
        if not isinstance(config, Mapping):
            raise RunDirectoryError(f"{journal.path}: its configuration is not one of ours")
        return RunView(
            path=run_dir,
            name=str(journal.meta("name") or run_dir.name),
            status=status or stored,
            config=config,
            choices=journal.meta("choices") or {},
            children=journal.children(),
            stages=journal.stages(),
            events=journal.events(),
            seconds=float(journal.meta("search_seconds", 0.0)),
            test_accuracy=journal.meta("test_accuracy"),
            stopped_by=journal.meta("stopped_by"),
            sweep=journal.meta("sweep"),
            started_at=journal.meta("started_at"),
            fingerprint=journal.meta("data_fingerprint"),
        )


def is_held(run_dir: Path) -> bool:
    """Whether a process holds ``run_dir`` at this moment; looks, and writes nothing."""
    try:
        descriptor = os.open(run_dir / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
