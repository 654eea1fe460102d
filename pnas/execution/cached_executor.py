"""An executor that looks a child up in the evaluation cache before it trains it."""

import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence

from pnas.execution.base import Executor, JobSource, MayStart, always, as_lazy
from pnas.records import ChildJob, ChildResult
from pnas.records.cell_trainings import short_key
from pnas.records.evaluation_cache import EvaluationCache, Found, reused
from pnas.records.stopped_training import as_stopped
from pnas.state_space import Cell

_log = logging.getLogger(__name__)


class CachedExecutor:
    """Wraps another executor, which trains what is not in the cache; its results are added to it.

    When the cache can no longer be read or written, that is logged once, and everything is trained.

    Args:
        executor: Trains children.
        cache: Evaluations of this search's context.
        identify: Returns the canonical key of a cell.
    """

    def __init__(
        self, executor: Executor, cache: EvaluationCache, identify: Callable[[Cell], str]
    ) -> None:
        self._executor = executor
        self._cache = cache
        self._identify = identify
        self._is_broken = False

    def run(
        self, jobs: Sequence[ChildJob], may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        """As `Executor.run`. Cached children come first; they leave no weights."""
        missing: list[int] = []
        for index, job in enumerate(jobs):
            found = self._find(job)
            if found is None:
                missing.append(index)
            else:
                yield index, _reused(found, job)

        missing_jobs = [jobs[index] for index in missing]
        for position, result in self._executor.run(missing_jobs, may_start):
            self._store(missing_jobs[position], result)
            yield missing[position], result

    def run_from(
        self, source: JobSource, may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        """As `LazyExecutor.run_from`. Cached children leave no weights."""
        given: list[ChildJob | ChildResult] = []

        def looked_up(idle: int) -> list[ChildJob | ChildResult]:
            found = [self._look_up(job) for job in source(idle)]
            given.extend(found)
            return found

        for index, result in as_lazy(self._executor).run_from(looked_up, may_start):
            job = given[index]
            if isinstance(job, ChildJob):
                self._store(job, result)
            yield index, result

    def _look_up(self, job: ChildJob | ChildResult) -> ChildJob | ChildResult:
        if isinstance(job, ChildResult):
            return job
        found = self._find(job)
        return job if found is None else _reused(found, job)

    def close(self) -> None:
        self._executor.close()

    def _find(self, job: ChildJob) -> Found | None:
        if self._is_broken:
            return None
        try:
            return self._cache.get(self._key(job), job)
        except (sqlite3.Error, ValueError, TypeError, AttributeError) as error:
            self._give_up(error)
            return None

    def _store(self, job: ChildJob, result: ChildResult) -> None:
        if self._is_broken:
            return
        try:
            self._cache.put(self._key(job), result)
        except sqlite3.Error as error:
            self._give_up(error)

    def _key(self, job: ChildJob) -> str:
        """Return the name of a training in the cache.

        A short training that can be continued has another schedule than one by itself. A whole one
        is the same, whether it was continued or not.
        """
        key = self._identify(job.cell)
        if job.epochs is None:
            return key
        key = short_key(key, job.epochs)
        return key if job.kept_path is None else f"{key}_continued"

    def _give_up(self, error: Exception) -> None:
        self._is_broken = True
        reason = " ".join(str(error).split())
        _log.warning("cache %s: %s. The search goes on without it", self._cache.path, reason)


def _reused(found: Found, job: ChildJob) -> ChildResult:
    """Return what ``job`` would have resulted in: a whole training may be stopped by its rule."""
    return as_stopped(reused(found, job), job.stop_rule)
