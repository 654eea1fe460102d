"""The contract of every executor: the same jobs give the same results, in any order of training.

Executors know jobs and results, not networks: a `RunnerFactory` makes what a worker runs.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from pnas.errors import InvalidValue
from pnas.records import ChildJob, ChildResult

Runner = Callable[[ChildJob], ChildResult]
RunnerFactory = Callable[[], Runner]
"""Picklable; called once in each process that trains children (where it loads the data).

It may have an attribute ``preload``: names of modules that the server from which worker processes
are forked imports, once. Importing them must not start what a fork breaks, such as TensorFlow's
devices.
"""

MayStart = Callable[[ChildJob], bool]
"""Asked just before a job is started, and again before each further attempt.

Once it returns False, no other job is started.
"""


JobSource = Callable[[int], Sequence[ChildJob | ChildResult]]
"""Asked for at most so many jobs as there are idle workers; none if there is nothing to do yet.

In the place of a job there may be its result, where it is known already.
"""


def always(job: ChildJob) -> bool:
    """Return True: every job may be started."""
    del job
    return True


@runtime_checkable
class Executor(Protocol):
    """Trains children."""

    def run(
        self, jobs: Sequence[ChildJob], may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        """Train ``jobs``; yield (index of the job, its result) as they end, in any order.

        A job whose worker dies, hangs past the timeout or raises yields a failed `ChildResult`.
        Jobs that may not be started yield nothing; those in training are finished.

        Raises:
            PnasError: Something that every job would meet, such as settings that this machine
                cannot serve.
        """
        ...

    def close(self) -> None:
        """Stop what is still running and release processes and devices; may be called again."""
        ...


@runtime_checkable
class LazyExecutor(Executor, Protocol):
    """An executor that asks for a job only when a worker is idle."""

    def run_from(
        self, source: JobSource, may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        """Train the jobs of ``source``; yield (index of the job, its result) as they end.

        Jobs are numbered from 0, in the order in which the source gave them. The source is asked
        whenever workers are idle, and not before the caller has handled all results that were
        yielded. A result that it gives in the place of a job is yielded as it is. The iterator ends
        when the source has nothing and no job is in training, or once ``may_start`` has returned
        False and those in training are finished.

        Raises:
            PnasError: See `Executor.run`.
        """
        ...


def as_lazy(executor: Executor) -> LazyExecutor:
    """Return ``executor``, which must be able to ask for jobs.

    Raises:
        InvalidValue: It cannot, as executors of extensions that have no ``run_from``.
    """
    if isinstance(executor, LazyExecutor):
        return executor
    name = type(executor).__name__
    rule = f"must be false with an executor that cannot ask for jobs ({name} has no run_from)"
    raise InvalidValue("search.asynchronous", rule, True)
