"""What is attempted again when a worker is lost."""

from pnas.execution.retrying import Attempt, LostAttempt
from pnas.records import ChildJob
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
