"""The runs of one search as they stand in a store, and the few calls that bring them up to date."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pnas.tracking.metric_points import Point
from pnas.tracking.mlflow_store import PARENT, Store
from pnas.tracking.naming import LONGEST_TAG, cut, legal_name
from pnas.tracking.run_facts import CACHED, ERROR, KEY, RUNNING, SEARCH_ID, SPARE, RunFacts

if TYPE_CHECKING:
    from mlflow.entities import Run

CHANGED = "pnas.changed."
_PASSING = (CACHED, ERROR, SPARE)
"""Tags that a run may have and lose again: its child is trained once more, or chosen after all."""

_PAGE = 1000

_Mark = tuple[str, int, float | None]


@dataclass
class StoredRun:
    """What the store is known to hold of one run. ``marks``: its metric values, None until they are read."""

    run_id: str
    status: str
    end: int | None
    tags: dict[str, str]
    params: dict[str, str] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    marks: set[_Mark] | None = field(default_factory=set)

    def shows(self, facts: RunFacts) -> bool:
        """Whether the run has ended as ``facts`` say. It was then complete: its end is written last."""
        is_marked = all(self.tags.get(name) == facts.tags.get(name) for name in _PASSING)
        return self.status == facts.status != RUNNING and self.end == facts.end and is_marked


class Mirror:
    """All runs of one search in one store, by key. Reads them once; afterwards it knows what it wrote.

    Whatever raises, throw the mirror away and make a new one: it may no longer know what the store holds.

    Attributes:
        changes: counts what was written: runs ``made``, ``updated`` (values), ``ended`` and ``reopened``, twins
            ``removed``. A run may count more than once.
    """

    def __init__(self, store: Store, search_id: str, changes: Counter[str] | None = None) -> None:
        self.changes: Counter[str] = Counter() if changes is None else changes
        self._store = store
        self._client = store.client
        self._runs: dict[str, StoredRun] = {}
        for key, twins in _by_key(self._read(search_id)).items():
            # A request whose answer was lost may have made a run that nobody knew of; it is empty.
            first, *others = sorted(twins, key=_emptiness)
            self._runs[key] = _stored(first)
            for other in others:
                self._client.delete_run(other.info.run_id)
                self.changes["removed"] += 1

    def get(self, key: str) -> StoredRun | None:
        return self._runs.get(key)

    def ensure(self, facts: RunFacts, parent: StoredRun | None) -> StoredRun:
        """The run of ``facts``, made if it is missing."""
        return self._runs.get(facts.key) or self._create(facts, parent)

    def log(self, run: StoredRun, facts: RunFacts) -> None:
        """Write those metrics, params and tags of ``facts`` that the run does not have yet."""
        known = self._known_marks(run)
        points = [point for point in facts.points if _mark(*point[:3]) not in known]
        params = {name: value for name, value in facts.params.items() if name not in run.params}
        tags = {
            name: value
            for name, value in self._tags(run, facts).items()
            if run.tags.get(name) != value
        }
        if points or params or tags:
            self._client.log_batch(run.run_id, _metrics(points), _params(params), _run_tags(tags))
            self.changes["updated"] += 1
        known.update(_mark(*point[:3]) for point in points)
        run.params.update(params)
        run.tags.update(tags)
        for name in _PASSING:
            if name in run.tags and name not in facts.tags:
                self._client.delete_tag(run.run_id, name)
                del run.tags[name]

    def set_status(self, run: StoredRun, facts: RunFacts) -> None:
        """End the run as ``facts`` say, or let it go on."""
        if run.status == facts.status and run.end == (facts.end or run.end):
            return
        if facts.status == RUNNING:
            self._client.update_run(run.run_id, status=RUNNING)
            self.changes["reopened"] += 1
        else:
            self._client.set_terminated(run.run_id, facts.status, facts.end)
            self.changes["ended"] += 1
        run.status = facts.status
        run.end = facts.end or run.end

    def forget(self, run: StoredRun) -> None:
        """Stop keeping the metric values of a complete run; they are read again if they are needed."""
        run.metrics = tuple({name for name, *_ in run.marks or ()} | {*run.metrics})
        run.marks = None

    def _tags(self, run: StoredRun, facts: RunFacts) -> dict[str, str]:
        """A param stays as it was first written; what it becomes later (B raised) is a tag."""
        names = {name: legal_name(f"{CHANGED}{name}") for name in facts.params}
        changed = {
            names[name]: cut(value, LONGEST_TAG)
            for name, value in facts.params.items()
            if run.params.get(name, value) != value or names[name] in run.tags
        }
        return {**facts.tags, **changed}

    def _create(self, facts: RunFacts, parent: StoredRun | None) -> StoredRun:
        tags = facts.tags if parent is None else {**facts.tags, PARENT: parent.run_id}
        run = self._client.create_run(self._store.experiment_id, facts.start, tags, facts.name)
        self._runs[facts.key] = StoredRun(run.info.run_id, RUNNING, None, dict(tags))
        self.changes["made"] += 1
        return self._runs[facts.key]

    def _read(self, search_id: str) -> "list[Run]":
        runs: list[Run] = []
        token: str | None = None
        while True:
            page = self._client.search_runs(
                [self._store.experiment_id],
                f"tags.`{SEARCH_ID}` = '{search_id}'",
                max_results=_PAGE,
                page_token=token,
            )
            runs += page
            token = page.token
            if not token:
                return runs

    def _known_marks(self, run: StoredRun) -> set[_Mark]:
        if run.marks is None:
            histories = (self._client.get_metric_history(run.run_id, name) for name in run.metrics)
            run.marks = {_mark(m.key, m.step, m.value) for history in histories for m in history}
        return run.marks


def _mark(name: str, step: int, value: float) -> _Mark:
    return name, step, None if math.isnan(value) else value


def _by_key(runs: "Iterable[Run]") -> "dict[str, list[Run]]":
    by_key: dict[str, list[Run]] = {}
    for run in runs:
        by_key.setdefault(run.data.tags.get(KEY, ""), []).append(run)
    # Without a key it is none of ours, whoever copied the tags.
    by_key.pop("", None)
    return by_key


def _emptiness(run: "Run") -> tuple[int, str]:
    return -len(run.data.metrics) - len(run.data.params), run.info.run_id


def _stored(run: "Run") -> StoredRun:
    info = run.info
    data = run.data
    return StoredRun(
        info.run_id,
        info.status,
        info.end_time,
        dict(data.tags),
        dict(data.params),
        tuple(data.metrics),
        marks=None,
    )


def _metrics(points: Iterable[Point]) -> list[Any]:
    from mlflow.entities import Metric

    return [Metric(point.name, point.value, point.at, point.step) for point in points]


def _params(params: dict[str, str]) -> list[Any]:
    from mlflow.entities import Param

    return [Param(name, value) for name, value in params.items()]


def _run_tags(tags: dict[str, str]) -> list[Any]:
    from mlflow.entities import RunTag

    return [RunTag(name, value) for name, value in tags.items()]
