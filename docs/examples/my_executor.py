"""An executor: as `serial`, saying what it does. Yours may send the jobs to other machines.

PNAS_EXTENSIONS=docs/examples/my_executor.py python run.py name=mine executor.kind=announcing
"""

from collections.abc import Iterator, Sequence

from pnas.execution import ExecutorSpec, MayStart, RunnerFactory, SerialExecutor, always
from pnas.records import ChildJob, ChildResult


class Announcing(SerialExecutor):
    """`pnas.execution.Executor` says what `run` and `close` owe to a search."""

    def run(
        self, jobs: Sequence[ChildJob], may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        print(f"announcing {len(jobs)} children")
        yield from super().run(jobs, may_start)


def announcing(
    spec: ExecutorSpec, factory: RunnerFactory, threads: int, use_gpu: bool
) -> Announcing:
    return Announcing(factory)


PNAS = {"executors": {"announcing": announcing}}
