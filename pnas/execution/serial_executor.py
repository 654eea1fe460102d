"""`executor=serial`: one child after the other, in the process of the search."""

from collections.abc import Iterator, Sequence
from functools import cached_property

from pnas.errors import PnasError
from pnas.execution.answers import failed_result
from pnas.execution.base import JobSource, MayStart, Runner, RunnerFactory, always
from pnas.execution.executor_specs import ExecutorSpec
from pnas.records import ChildJob, ChildResult


def make_serial(
    spec: ExecutorSpec, factory: RunnerFactory, threads: int, use_gpu: bool
) -> "SerialExecutor":
    """Return the executor; the runner itself sets threads and devices of this process."""
    del spec, threads, use_gpu
    return SerialExecutor(factory)


class SerialExecutor:
    """The simplest executor and the easiest to debug.

    Memory grows with every child, because nothing replaces the process: see `LocalExecutor`.
    """

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

    def run_from(
        self, source: JobSource, may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        """See `LazyExecutor.run_from`."""
        index = 0
        while given := source(1):
            for job in given:
                if isinstance(job, ChildResult):
                    result = job
                elif may_start(job):
                    result = self._train(job)
                else:
                    return
                yield index, result
                index += 1

    def _train(self, job: ChildJob) -> ChildResult:
        try:
            return self._runner(job)
        except PnasError:
            # The command is wrong, not this child.
            raise
        except Exception as error:
            return failed_result(job, error)

    def close(self) -> None:
        self.__dict__.pop("_runner", None)
