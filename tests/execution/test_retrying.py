"""What is attempted again when a worker is lost."""

from collections.abc import Iterable

import pytest

from pnas.errors import NotWritable
from pnas.execution.retrying import Attempt, LostAttempt, RetryingExecutor
from pnas.records import ChildJob, ChildResult, Status
from pnas.state_space import Cell

CELL = Cell.parse("(-1, identity, -1, identity)")
OUT_OF_MEMORY = LostAttempt("killed by the system", out_of_memory=True)


def test_a_training_without_memory_is_repeated_in_smaller_microbatches() -> None:
    attempt = Attempt(0, ChildJob(CELL, seed=0))
    following = attempt.next_attempt(OUT_OF_MEMORY, retries=0)
    assert following is not None
    assert following.job.accumulate == 2


def test_what_trains_nothing_has_no_smaller_microbatches() -> None:
    for job in (ChildJob(CELL, seed=0, tests=True), ChildJob(CELL, seed=0, measures=True)):
        assert Attempt(0, job).next_attempt(OUT_OF_MEMORY, retries=2) is None


class FullDisk(RetryingExecutor):
    """Trains two children at once; the training of seed 1 finds no room on the disk."""

    def _capacity(self) -> int:
        return 2

    def _start(self, job: ChildJob) -> int:
        return job.seed

    def _ended(self, running: Iterable[int], patience: float) -> list[int]:
        return sorted(running, reverse=True)

    def _outcome(self, handle: int, job: ChildJob) -> ChildResult:
        if handle == 1:
            raise NotWritable("disk full")
        return ChildResult(job.cell, job.seed, Status.OK, reward=0.5)

    def _abandon(self, running: Iterable[int]) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.mark.parametrize("source", ["jobs", "one by one"])
def test_results_that_arrive_beside_an_error_are_passed_on(source: str) -> None:
    executor = FullDisk(retries=0)
    jobs = [ChildJob(CELL, seed) for seed in (0, 1, 2)]
    if source == "jobs":
        results = executor.run(jobs)
    else:
        left = list(jobs)
        results = executor.run_from(lambda idle: [left.pop(0) for _ in range(min(idle, len(left)))])
    assert next(results)[1].seed == 0
    with pytest.raises(NotWritable):
        next(results)


def test_results_on_either_side_of_an_error_are_passed_on() -> None:
    results = FullDisk(retries=0).run([ChildJob(CELL, 2), ChildJob(CELL, 1)])
    assert next(results)[1].seed == 2
    with pytest.raises(NotWritable):
        next(results)
