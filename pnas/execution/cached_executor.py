"""An executor that asks an evaluation cache before it trains."""

import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence

from pnas.execution.base import Executor, MayStart, always
from pnas.records import ChildJob, ChildResult
from pnas.records.evaluation_cache import EvaluationCache, Found, reused
from pnas.state_space import Cell

_log = logging.getLogger(__name__)


class CachedExecutor:
    """Wraps any executor: jobs whose child is in ``cache`` are answered from it, the others trained and kept.

    A cache that cannot be read or written any more is said once and done without.

    Args:
        executor: trains what is not there.
        cache: of this search's context.
        identify: canonical key of a cell.
    """

    def __init__(
        self, executor: Executor, cache: EvaluationCache, identify: Callable[[Cell], str]
    ) -> None:
        self._executor = executor
        self._cache = cache
        self._identify = identify
        self._broken = False

    def run(
        self, jobs: Sequence[ChildJob], may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        """As `Executor.run`. Reused children come first; they leave no weights."""
        missing: list[int] = []
        for index, job in enumerate(jobs):
            found = self._find(job)
            if found is None:
                missing.append(index)
            else:
                yield index, reused(found, job)
        for index, result in self._executor.run([jobs[index] for index in missing], may_start):
            self._keep(result)
            yield missing[index], result

    def close(self) -> None:
        self._executor.close()

    def _find(self, job: ChildJob) -> Found | None:
        try:
            return None if self._broken else self._cache.get(self._identify(job.cell), job)
        except (sqlite3.Error, ValueError, TypeError, AttributeError) as error:
            self._give_up(error)
            return None

    def _keep(self, result: ChildResult) -> None:
        try:
            if not self._broken:
                self._cache.put(self._identify(result.cell), result)
        except sqlite3.Error as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._broken = True
        _log.warning(
            "cache %s: %s. The search goes on without it",
            self._cache.path,
            " ".join(str(error).split()),
        )
