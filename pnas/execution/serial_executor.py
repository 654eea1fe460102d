"""`executor=serial`: children one after the other, in this process."""

from collections.abc import Iterator, Sequence
from functools import cached_property

from pnas.errors import PnasError
from pnas.execution.base import MayStart, Runner, RunnerFactory, always
from pnas.execution.worker_process import failure
from pnas.records import ChildJob, ChildResult


class SerialExecutor:
    """The simplest executor, easiest to debug. Memory grows with every child: see `LocalExecutor`."""

    def __init__(self, factory: RunnerFactory) -> None:
        self._factory = factory

    @cached_property
    def _runner(self) -> Runner:
        return self._factory()

    def run(
        self, jobs: Sequence[ChildJob], may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        for index, job in enumerate(jobs):
            if not may_start(job):
                return
            yield index, self._train(job)

    def _train(self, job: ChildJob) -> ChildResult:
        try:
            return self._runner(job)
        except PnasError:  # the command is wrong, not this child
            raise
        except Exception as error:
            return failure(job, error)

    def close(self) -> None:
        self.__dict__.pop("_runner", None)
