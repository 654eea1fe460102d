"""Journal -> MLflow: brings a store to what the journal says, any number of times, from any state of it."""

import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pnas.records import Journal
from pnas.records.run_directory import CHILDREN, CONFIG, JOURNAL, SUMMARY
from pnas.system.redaction import redact
from pnas.tracking.mlflow_store import Store, file_lock, open_store, translated
from pnas.tracking.run_facts import RUNNING, RunFacts, SearchFacts
from pnas.tracking.store_mirror import Mirror, StoredRun
from pnas.tracking.tracking_specs import TrackingSpec, resolve_uri

LOCK = ".tracking.lock"
_ALWAYS_KEPT = (SUMMARY, CHILDREN, CONFIG)


def project(
    run_dir: Path, spec: TrackingSpec, status: str | None = None, artifacts: Sequence[Path] = ()
) -> dict[str, str]:
    """Show the search in ``run_dir`` in the store of ``spec``, whatever part of it is there already.

    Args:
        run_dir: holds the journal.
        spec: which store and experiment.
        status: as in `SearchFacts`; give ``interrupted`` for a search that nobody is running.
        artifacts: more files and folders to keep with the search run.

    Returns:
        ``{"uri" (without credentials), "experiment", "run_id"}``.

    Raises:
        TrackingError: the store cannot be reached, or refuses.
        RunDirectoryError: there is no journal in ``run_dir``.
    """
    projection = Projection(run_dir, spec)
    projection.advance(status, artifacts)
    return projection.info or {}


class Projection:
    """One search's image in one store. Knows what is there already, so that a pass writes only what is new.

    A run is made, filled and ended in this order, and everything written carries the journal's own times, so
    a pass that stops anywhere (a kill, a store that goes away) is completed by the next, whoever makes it.

    Attributes:
        info: as `project` returns it; None until the search run is known.
        changes: what all passes have written so far (`Mirror.changes`).
    """

    def __init__(self, run_dir: Path, spec: TrackingSpec) -> None:
        self._run_dir = run_dir
        self._spec = replace(spec, uri=resolve_uri(spec))
        self._token = uuid.uuid4().hex.encode()
        self._store: Store | None = None
        self._mirror: Mirror | None = None
        self._uploaded: set[tuple[Path, int]] = set()
        self.info: dict[str, str] | None = None
        self.changes: Counter[str] = Counter()

    def advance(
        self,
        status: str | None = None,
        artifacts: Sequence[Path] = (),
        should_stop: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Write what the journal has and the store has not.

        Returns:
            False if ``should_stop`` ended the pass before everything was written.

        Raises:
            TrackingError: the store failed. The next pass reads it afresh.
        """
        with Journal(self._run_dir / JOURNAL) as journal:
            facts = SearchFacts(journal, self._run_dir, status)
        try:
            self._store = self._store or open_store(self._spec)
            with translated(self._store.uri), self._alone() as undisturbed:
                if self._mirror is None or not undisturbed:
                    self._mirror = Mirror(self._store, facts.search_id, self.changes)
                return self._write(self._mirror, self._store, facts, artifacts, should_stop)
        except BaseException:
            self._store = self._mirror = None
            raise

    def _write(
        self,
        mirror: Mirror,
        store: Store,
        facts: SearchFacts,
        artifacts: Sequence[Path],
        should_stop: Callable[[], bool],
    ) -> bool:
        wanted = facts.search()
        search = mirror.ensure(wanted, None)
        self.info = {
            "uri": redact(store.uri),
            "experiment": store.experiment,
            "run_id": search.run_id,
        }
        for stage_facts, children in _stages(facts):
            stage = mirror.ensure(stage_facts, search)
            for child in children:
                if should_stop():
                    return False
                _bring(mirror, child, stage)
            mirror.log(stage, stage_facts)
            mirror.set_status(stage, stage_facts)
        mirror.log(search, wanted)
        self._end(mirror, store, search, wanted, artifacts)
        return True

    def _end(
        self,
        mirror: Mirror,
        store: Store,
        search: StoredRun,
        wanted: RunFacts,
        artifacts: Sequence[Path],
    ) -> None:
        try:
            if wanted.status != RUNNING:
                self._upload(store, search.run_id, artifacts)
        finally:
            # A store without room for artifacts must not leave the run open.
            mirror.set_status(search, wanted)

    def _upload(self, store: Store, run_id: str, artifacts: Sequence[Path]) -> None:
        wanted = [*(self._run_dir / name for name in _ALWAYS_KEPT), *artifacts]
        for path, folder in _files(self._run_dir, wanted):
            version = (path, path.stat().st_mtime_ns)
            if version not in self._uploaded:
                store.client.log_artifact(run_id, str(path), folder)
            self._uploaded.add(version)

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Nobody else projects this journal meanwhile; yields whether nobody did since our last pass."""
        with file_lock(self._run_dir / LOCK) as descriptor:
            undisturbed = os.pread(descriptor, 100, 0) == self._token
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, self._token, 0)
            yield undisturbed


def _stages(facts: SearchFacts) -> Iterator[tuple[RunFacts, Iterator[RunFacts]]]:
    for stage in facts.stages:
        yield (
            facts.stage(stage),
            (facts.child(child) for child in (*facts.ended_in(stage), *facts.superseded_of(stage))),
        )


def _bring(mirror: Mirror, child: RunFacts, stage: StoredRun) -> None:
    stored = mirror.get(child.key)
    if stored is not None and stored.shows(child):
        return
    run = mirror.ensure(child, stage)
    mirror.log(run, child)
    mirror.set_status(run, child)
    mirror.forget(run)


def _files(run_dir: Path, paths: Sequence[Path]) -> Iterator[tuple[Path, str | None]]:
    """The files that ``paths`` name or hold, each with the artifact folder it goes to.

    What seems to lie in ``run_dir`` but links out of it is left out: the directory may be somebody else's.
    """
    lexical = run_dir.absolute()
    home = run_dir.resolve()
    for top in (path.absolute() for path in paths):
        for file in sorted(top.rglob("*")) if top.is_dir() else [top]:
            leads_out = file.is_relative_to(lexical) and not file.resolve().is_relative_to(home)
            if file.is_file() and not leads_out:
                yield file, None if file == top else str(file.parent.relative_to(top.parent))
