"""Journal -> MLflow: brings a store to what the journal says, from whatever state it is in."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pnas.records.earlier_training import open_run
from pnas.system.file_lock import file_lock
from pnas.system.redaction import redact
from pnas.tracking.artifacts import Artifacts
from pnas.tracking.mlflow_process import translate_store_errors
from pnas.tracking.mlflow_store import Store, open_store
from pnas.tracking.run_facts import RUNNING, SEARCH_ID, TRAINING_ID, RunFacts
from pnas.tracking.saved_view import view_address
from pnas.tracking.search_facts import SearchFacts
from pnas.tracking.store_mirror import Mirror
from pnas.tracking.stored_run import StoredRun
from pnas.tracking.tracking_specs import MlflowSpec, TrackingSpec, resolve_uri

LOCK = ".tracking.lock"
_SECONDS_TO_WAIT = 60.0

Info = dict[str, str]
"""Where a search is shown: uri (without credentials), experiment, run_id, and the address of the
view that compares searches."""


def project(
    run_dir: Path, spec: TrackingSpec, status: str | None = None, artifacts: Sequence[Path] = ()
) -> Info:
    """Show the search in ``run_dir`` in the store of ``spec``, whatever part of it is there.

    Args:
        run_dir: Run directory with the journal.
        spec: Which store and experiment.
        status: As in `SearchFacts`; ``interrupted`` for a search that nobody is running.
        artifacts: More files and folders to keep with the search run.

    Returns:
        Where it is shown.

    Raises:
        TrackingError: The store cannot be reached, or refuses.
        RunDirectoryError: There is no journal in ``run_dir``.
    """
    projection = Projection(run_dir, spec)
    projection.advance(status, artifacts)
    return projection.info or {}


@dataclass(frozen=True)
class _Pass:
    """What one pass writes, and with what.

    Attributes:
        store: The open store.
        mirror: The runs in it.
        facts: What they are to show.
        artifacts: Files to keep once the search has ended.
        should_stop: Asked between children; true ends the pass.
    """

    store: Store
    mirror: Mirror
    facts: SearchFacts
    artifacts: Sequence[Path]
    should_stop: Callable[[], bool]


class Projection:
    """One search's image in one store.

    It knows what is there already, so that a pass writes only what is new. A run is made, filled
    and ended in this order, and everything written carries the journal's own times, so a pass that
    stops anywhere (a kill, a store that goes away) is completed by the next, whoever makes it.

    Attributes:
        info: Where the search is shown; None until the search run is known.
        changes: What all passes have written so far (`Mirror.changes`).
        subject: What the journal is of, "search" or "training".
    """

    def __init__(self, run_dir: Path, spec: TrackingSpec) -> None:
        self._run_dir = run_dir
        self._spec = spec
        if isinstance(spec, MlflowSpec):
            # Resolved now: the working directory may be another one when the store is opened.
            self._spec = replace(spec, uri=resolve_uri(spec))
        self._token = uuid.uuid4().hex.encode()
        self._store: Store | None = None
        self._mirror: Mirror | None = None
        self._artifacts = Artifacts(run_dir)
        self.info: Info | None = None
        self.changes: Counter[str] = Counter()
        self.subject = "search"

    def advance(
        self,
        status: str | None = None,
        artifacts: Sequence[Path] = (),
        should_stop: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Write what the journal has and the store has not.

        Args:
            status: As in `SearchFacts`.
            artifacts: More files and folders to keep with the search run, once it has ended.
            should_stop: Asked between children; true ends the pass.

        Returns:
            Whether everything was written; False if ``should_stop`` ended the pass before.

        Raises:
            TrackingError: The store failed. The next pass reads it afresh.
        """
        with open_run(self._run_dir) as journal:
            facts = SearchFacts(journal, self._run_dir, status)
        self.subject = "training" if facts.is_training else "search"
        try:
            if self._store is None:
                self._store = open_store(self._spec)
            store = self._store
            with translate_store_errors(store.uri), self._alone() as is_undisturbed:
                if self._mirror is None or not is_undisturbed:
                    id_tag = TRAINING_ID if facts.is_training else SEARCH_ID
                    self._mirror = Mirror(store, facts.search_id, self.changes, id_tag)
                return self._write(_Pass(store, self._mirror, facts, artifacts, should_stop))
        except BaseException:
            self._store = None
            self._mirror = None
            raise

    def _write(self, current: _Pass) -> bool:
        wanted = current.facts.search()
        search = current.mirror.ensure(wanted, parent=None)
        self._set_info(current.store, search)

        for stage in current.facts.stages:
            children = current.facts.shown_in(stage)
            if current.facts.is_training:
                is_whole = _write_trainings(current, children, parent=search)
            else:
                is_whole = _write_stage(current, current.facts.stage(stage), children, search)
            if not is_whole:
                return False

        current.mirror.log(search, wanted)
        self._end(current, search, wanted)
        return True

    def _end(self, current: _Pass, search: StoredRun, wanted: RunFacts) -> None:
        try:
            if wanted.status != RUNNING:
                self._artifacts.upload(current.store, search.run_id, current.artifacts)
        finally:
            # A store without room for artifacts must not leave the run open.
            current.mirror.set_status(search, wanted)

    def _set_info(self, store: Store, search: StoredRun) -> None:
        self.info = {
            "uri": redact(store.uri),
            "experiment": store.experiment,
            "run_id": search.run_id,
            "view": view_address(store.uri, store.experiment_id),
        }

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Keep others from projecting this journal meanwhile.

        Yields:
            Whether nobody else did since our last pass.
        """
        path = self._run_dir / LOCK
        with file_lock(path, timeout=_SECONDS_TO_WAIT):
            is_undisturbed = path.read_bytes() == self._token
            # In place: a file that replaced this one would not be the locked one.
            path.write_bytes(self._token)
            yield is_undisturbed


def _write_stage(
    current: _Pass, wanted: RunFacts, children: Iterator[RunFacts], search: StoredRun
) -> bool:
    """Write one stage with its children; False if the pass is to stop."""
    stage = current.mirror.ensure(wanted, parent=search)
    if not _write_children(current, children, parent=stage):
        return False
    current.mirror.log(stage, wanted)
    current.mirror.set_status(stage, wanted)
    return True


def _write_children(current: _Pass, children: Iterator[RunFacts], parent: StoredRun) -> bool:
    """Write child runs below ``parent``; False if the pass is to stop."""
    for child in children:
        if current.should_stop():
            return False
        _write_child(current.mirror, child, parent)
    return True


def _write_trainings(current: _Pass, trainings: Iterator[RunFacts], parent: StoredRun) -> bool:
    """Write runs of trainings below ``parent``; False if the pass is to stop.

    There are few of them, and one that has ended gets its test accuracy when all have.
    """
    for training in trainings:
        if current.should_stop():
            return False
        run = current.mirror.ensure(training, parent)
        current.mirror.log(run, training)
        current.mirror.set_status(run, training)
    return True


def _write_child(mirror: Mirror, child: RunFacts, parent: StoredRun) -> None:
    stored = mirror.get(child.key)
    if stored is not None and stored.shows(child):
        return
    run = mirror.ensure(child, parent)
    mirror.log(run, child)
    mirror.set_status(run, child)
    if child.status != RUNNING:
        run.forget_values()
