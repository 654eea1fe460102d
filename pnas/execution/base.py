"""The contract of every executor: the same jobs give the same results, in any order of training.

Executors know jobs and results, not networks: a `RunnerFactory` makes what a worker runs.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

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


def always(job: ChildJob) -> bool:
    """Return True: every job may be started."""
    del job
    return True


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
