"""The contract of every executor: the same jobs give the same results, whatever trains them and in what order.

Executors know jobs and results, not networks: what a worker runs is made by a `RunnerFactory` handed to them.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from pnas.records import ChildJob, ChildResult

Runner = Callable[[ChildJob], ChildResult]
RunnerFactory = Callable[[], Runner]
"""Picklable; called once in each process that trains children (there it loads the data).

It may have an attribute ``preload``: modules that the server from which processes are forked imports, once. Importing
them must not start what a fork breaks, such as TensorFlow's devices.
"""

MayStart = Callable[[ChildJob], bool]
"""Asked just before each job is started, and again before each further attempt; once it says no, no other job is."""


def always(job: ChildJob) -> bool:
    return True


class Executor(Protocol):
    """Trains children."""

    def run(
        self, jobs: Sequence[ChildJob], may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        """Train ``jobs``; yield (index of the job, its result) as they end, in any order.

        A job whose worker dies, hangs past the timeout or raises yields a failed `ChildResult`. Jobs that may
        not be started any more yield nothing; those that run are finished.

        Raises:
            PnasError: what every job would meet, such as settings that this machine cannot serve.
        """
        ...

    def close(self) -> None:
        """Stop what still runs and release processes and devices. May be called more than once."""
        ...
