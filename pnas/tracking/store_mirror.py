"""The runs of one search as they stand in a store, and the few calls that bring them up to date."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pnas.tracking.metric_points import Point
from pnas.tracking.mlflow_store import PARENT, Store
from pnas.tracking.naming import LONGEST_TAG, cut, legal_name
from pnas.tracking.run_facts import (
    KEY,
    MAIN_MEMBER,
    MEMBER,
    RUNNING,
    SEARCH_ID,
    SEARCH_KEY,
    RunFacts,
)
from pnas.tracking.stored_run import TEMPORARY_TAGS, Mark, StoredRun, mark_of, marks_of

if TYPE_CHECKING:
    from mlflow.entities import Run

CHANGED = "pnas.changed."
"""Beginning of the tags that hold what a param has become since it was written."""

_PAGE = 1000


class Mirror:
    """All runs of one search in one store, by key.

    It reads them once; afterwards it knows what it wrote. Whenever something raises, drop the
    mirror and make a new one: it may no longer know what the store holds.

    Attributes:
        changes: Counts what was written: runs ``made``, ``updated`` (values), ``ended`` and
            ``reopened``, twins ``removed``. A run may count more than once.
    """

    def __init__(
        self,
        store: Store,
        search_id: str,
        changes: Counter[str] | None = None,
        id_tag: str = SEARCH_ID,
    ) -> None:
        """Read the runs of the search ``search_id``.

        Args:
            store: The open store.
            search_id: Identity of the search.
            changes: Counter to go on with; None for a new one.
            id_tag: Tag that holds the identity.
        """
        self.changes: Counter[str] = Counter() if changes is None else changes
        self._store = store
        self._client = store.client
        self._runs: dict[str, StoredRun] = {}
        for key, twins in _by_key(self._read(id_tag, search_id)).items():
            self._runs[key] = self._keep_one(twins)

    def get(self, key: str) -> StoredRun | None:
        """Return the run ``key``; None if the store has none."""
        return self._runs.get(key)

    def ensure(self, facts: RunFacts, parent: StoredRun | None) -> StoredRun:
        """Return the run of ``facts``, made below ``parent`` if it is missing."""
        return self._runs.get(facts.key) or self._create(facts, parent)

    def log(self, run: StoredRun, facts: RunFacts) -> None:
        """Write those metrics, params and tags of ``facts`` that the run does not have yet."""
        known = self._known_marks(run)
        points = []
        for point in facts.points:
            if mark_of(point.name, point.step, point.value) not in known:
                points.append(point)
        params = _missing(facts.params, run.params)
        tags = _differing(self._tags(run, facts), run.tags)

        if points or params or tags:
            self._client.log_batch(run.run_id, _metrics(points), _params(params), _run_tags(tags))
            self.changes["updated"] += 1
        known |= marks_of(points)
        run.params.update(params)
        run.tags.update(tags)
        self._delete_temporary_tags(run, facts)

    def set_status(self, run: StoredRun, facts: RunFacts) -> None:
        """End the run as ``facts`` say, or let it go on."""
        has_right_end = facts.end is None or run.end == facts.end
        if run.status == facts.status and has_right_end:
            return
        if facts.status == RUNNING:
            self._client.update_run(run.run_id, status=RUNNING)
            self.changes["reopened"] += 1
        else:
            self._client.set_terminated(run.run_id, facts.status, facts.end)
            self.changes["ended"] += 1
        run.status = facts.status
        run.end = facts.end or run.end

    def _keep_one(self, twins: "list[Run]") -> StoredRun:
        """Delete all but one of several runs with the same key.

        A request whose answer was lost may have made a run that nobody knew of; it is empty.
        """
        first, *others = sorted(twins, key=_emptiness)
        for other in others:
            self._client.delete_run(other.info.run_id)
            self.changes["removed"] += 1
        return StoredRun.of(first)

    def _tags(self, run: StoredRun, facts: RunFacts) -> dict[str, str]:
        """Return the tags of ``facts``, and those for params that have changed.

        MLflow keeps a param as it was first written; what it becomes (B raised) is a tag.
        """
        tags = dict(facts.tags)
        for name, value in facts.params.items():
            tag = legal_name(f"{CHANGED}{name}")
            has_changed = run.params.get(name, value) != value
            if has_changed or tag in run.tags:
                tags[tag] = cut(value, LONGEST_TAG)
        return tags

    def _delete_temporary_tags(self, run: StoredRun, facts: RunFacts) -> None:
        for name in TEMPORARY_TAGS:
            if name in run.tags and name not in facts.tags:
                self._client.delete_tag(run.run_id, name)
                del run.tags[name]

    def _create(self, facts: RunFacts, parent: StoredRun | None) -> StoredRun:
        tags = dict(facts.tags)
        if parent is not None:
            tags[PARENT] = parent.run_id
        made = self._client.create_run(
            self._store.experiment_id, start_time=facts.start, tags=tags, run_name=facts.name
        )
        self.changes["made"] += 1

        run = StoredRun(made.info.run_id, status=RUNNING, end=None, tags=tags)
        self._runs[facts.key] = run
        return run

    def _read(self, id_tag: str, search_id: str) -> "list[Run]":
        runs: list[Run] = []
        token: str | None = None
        while True:
            page = self._client.search_runs(
                [self._store.experiment_id],
                f"tags.`{id_tag}` = '{search_id}'",
                max_results=_PAGE,
                page_token=token,
            )
            runs += page
            token = page.token
            if not token:
                return runs

    def _known_marks(self, run: StoredRun) -> set[Mark]:
        if run.marks is None:
            run.marks = set()
            for name in run.metrics:
                history = self._client.get_metric_history(run.run_id, name)
                run.marks.update(mark_of(each.key, each.step, each.value) for each in history)
        return run.marks


def _by_key(runs: "Iterable[Run]") -> "dict[str, list[Run]]":
    by_key: dict[str, list[Run]] = {}
    for run in runs:
        by_key.setdefault(_key_of(run.data.tags), []).append(run)
    # Without a key it is none of ours, whoever copied the tags.
    by_key.pop("", None)
    return by_key


def _key_of(tags: Mapping[str, str]) -> str:
    """Return the key of a run; of a training of version 0.1.0 or before, by its only tag."""
    member = tags.get(MEMBER, "")
    of_member = SEARCH_KEY if member == MAIN_MEMBER else member
    return tags.get(KEY, of_member)


def _emptiness(run: "Run") -> tuple[int, str]:
    values = len(run.data.metrics) + len(run.data.params)
    return -values, run.info.run_id


def _missing(wanted: dict[str, str], stored: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in wanted.items() if name not in stored}


def _differing(wanted: dict[str, str], stored: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in wanted.items() if stored.get(name) != value}


def _metrics(points: Iterable[Point]) -> list[Any]:
    from mlflow.entities import Metric

    return [Metric(point.name, point.value, point.at, point.step) for point in points]


def _params(params: dict[str, str]) -> list[Any]:
    from mlflow.entities import Param

    return [Param(name, value) for name, value in params.items()]


def _run_tags(tags: dict[str, str]) -> list[Any]:
    from mlflow.entities import RunTag

    return [RunTag(name, value) for name, value in tags.items()]
