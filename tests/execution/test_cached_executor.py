"""An executor behind the evaluation cache: what is trained, and what is answered from it."""

import logging
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from support.fake_children import FakeChildren, fake_reward
from support.learning_curves import stop_after

from pnas.execution import Executor, LocalExecutor, Runner, SerialExecutor
from pnas.execution.base import MayStart, always
from pnas.execution.cached_executor import CachedExecutor
from pnas.records import ChildJob, ChildResult, Status
from pnas.records.child_records import SHORT_REWARD
from pnas.records.evaluation_cache import EvaluationCache, seed_if_cached
from pnas.records.stopped_training import as_stopped
from pnas.state_space import Cell

JOBS = [ChildJob(Cell([(-1, f"{k}x{k} conv", -1, "identity")]), seed=k) for k in (1, 3, 5, 7)]
FILE = "e.sqlite"


def behind_cache(executor: Executor, folder: Path) -> CachedExecutor:
    cache = EvaluationCache(folder / FILE, context="c")
    return CachedExecutor(executor, cache, identify=lambda cell: cell.text_hash)


def serial(log: Path, faults: dict[str, str] | None = None) -> SerialExecutor:
    return SerialExecutor(FakeChildren(str(log), faults or {}))


def results(executor: Executor, jobs: list[ChildJob] = JOBS) -> list[ChildResult]:
    """Return the results of ``jobs`` in their order."""
    by_index = dict(executor.run(jobs))
    return [by_index[index] for index in range(len(jobs))]


def rewards(ended: list[ChildResult]) -> list[float | None]:
    return [result.reward for result in ended]


def cached_seeds(ended: list[ChildResult]) -> list[int | None]:
    return [seed_if_cached(result.metrics) for result in ended]


EXPECTED_REWARDS = [fake_reward(str(job.cell)) for job in JOBS]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A folder in which every training leaves a file."""
    (tmp_path / "log").mkdir()
    return tmp_path / "log"


@pytest.mark.parametrize("kind", ["serial", "local"])
def test_the_second_time_nothing_is_trained_and_the_rewards_are_the_same(
    kind: str, log: Path, tmp_path: Path
) -> None:
    children = FakeChildren(str(log))
    inner = SerialExecutor(children) if kind == "serial" else LocalExecutor(children, workers=2)
    with closing(behind_cache(inner, tmp_path)) as executor:
        first = results(executor)
        second = results(executor)

    assert len(os.listdir(log)) == len(JOBS)
    assert rewards(first) == rewards(second)
    assert cached_seeds(first) == [None] * 4
    assert cached_seeds(second) == [1, 3, 5, 7]


def test_what_is_missing_is_trained_and_every_job_gets_its_own_result(
    log: Path, tmp_path: Path
) -> None:
    results(behind_cache(serial(log), tmp_path), JOBS[1::2])
    ended = results(behind_cache(serial(log), tmp_path))

    for job, result in zip(JOBS, ended, strict=True):
        assert (result.cell, result.seed) == (job.cell, job.seed)
    assert rewards(ended) == EXPECTED_REWARDS
    assert cached_seeds(ended) == [None, 3, None, 7]
    assert len(os.listdir(log)) == len(JOBS)


def test_a_failed_child_is_tried_again_by_the_next_search(log: Path, tmp_path: Path) -> None:
    faults = {str(JOBS[0].cell): "raise"}
    failed = results(behind_cache(serial(log, faults), tmp_path))
    assert failed[0].status is Status.FAILED

    again = results(behind_cache(serial(log), tmp_path))
    assert again[0].status is Status.OK


def test_a_broken_cache_is_logged_once_and_everything_is_trained(
    log: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    executor = behind_cache(serial(log), tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.execute("DROP TABLE evaluations")

    with caplog.at_level(logging.WARNING):
        ended = results(executor)
    assert [result.status for result in ended] == [Status.OK] * 4
    assert len(caplog.records) == 1
    assert "The search goes on without it" in caplog.text


def test_an_entry_that_cannot_be_read_is_no_entry(log: Path, tmp_path: Path) -> None:
    executor = behind_cache(serial(log), tmp_path)
    results(executor)
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as db:
        db.execute("UPDATE evaluations SET metrics = 'not JSON'")

    assert rewards(results(executor)) == EXPECTED_REWARDS
    assert len(os.listdir(log)) == 2 * len(JOBS)


def test_jobs_that_are_asked_for_are_looked_up_too(log: Path, tmp_path: Path) -> None:
    results(behind_cache(serial(log), tmp_path), JOBS[1::2])
    executor = behind_cache(serial(log), tmp_path)
    left = list(JOBS)

    def source(idle: int) -> list[ChildJob]:
        given = left[:idle]
        del left[:idle]
        return given

    by_index = dict(executor.run_from(source))
    ended = [by_index[index] for index in range(len(JOBS))]
    assert rewards(ended) == EXPECTED_REWARDS
    assert cached_seeds(ended) == [None, 3, None, 7]
    assert len(os.listdir(log)) == len(JOBS)
    assert cached_seeds(results(executor)) == [1, 3, 5, 7]


class ShortChildren:
    """Answers short trainings with what they show, and counts what is trained."""

    def __init__(self) -> None:
        self.trained = 0

    def run(
        self, jobs: Sequence[ChildJob], may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        for index, job in enumerate(jobs):
            self.trained += 1
            metrics = {SHORT_REWARD: [0.25], "loss": [1.0]}
            reward = 0.5 if job.epochs is None else None
            yield index, ChildResult(job.cell, job.seed, Status.OK, reward, metrics)

    def close(self) -> None: ...


def test_short_trainings_are_kept_by_their_epochs_and_never_become_rewards(tmp_path: Path) -> None:
    children = ShortChildren()
    executor = behind_cache(children, tmp_path)
    short = replace(JOBS[0], epochs=2)
    for _ in range(2):
        (result,) = results(executor, [short])
        assert result.reward is None
        assert result.metrics[SHORT_REWARD] == [0.25]
    assert children.trained == 1
    results(executor, [replace(JOBS[0], epochs=3)])
    assert children.trained == 2
    # One that can be continued has another learning rate schedule.
    continued = replace(short, kept_path="kept.npz")
    for _ in range(2):
        results(executor, [continued])
    assert children.trained == 3


class Curves:
    """Trains children whose accuracy rises over three epochs, unless a rule stops them."""

    def __init__(self) -> None:
        self.trained = 0

    def __call__(self) -> Runner:
        return self._train

    def _train(self, job: ChildJob) -> ChildResult:
        self.trained += 1
        metrics = {"loss": [3.0, 2.0, 1.0], "val_accuracy": [0.1, 0.2, 0.3]}
        whole = ChildResult(job.cell, job.seed, Status.OK, 0.3, metrics, seconds=3.0)
        return as_stopped(whole, job.stop_rule)


def test_a_stopped_training_never_answers_for_a_whole_one(tmp_path: Path) -> None:
    children = Curves()
    executor = behind_cache(SerialExecutor(children), tmp_path)
    (stopped,) = results(executor, [replace(JOBS[0], stop_rule=stop_after(2))])
    assert (stopped.status, stopped.reward) == (Status.STOPPED, None)
    (whole,) = results(executor, JOBS[:1])
    assert (whole.status, whole.reward) == (Status.OK, 0.3)
    assert children.trained == 2


def test_a_whole_training_of_the_cache_is_stopped_as_its_search_would_have(tmp_path: Path) -> None:
    children = Curves()
    executor = behind_cache(SerialExecutor(children), tmp_path)
    results(executor, JOBS[:1])
    (stopped,) = results(executor, [replace(JOBS[0], stop_rule=stop_after(2))])
    (kept,) = results(executor, [replace(JOBS[0], stop_rule=stop_after(2, never=True))])
    assert children.trained == 1
    assert (stopped.status, stopped.reward) == (Status.STOPPED, None)
    assert stopped.metrics["loss"] == [3.0, 2.0]
    assert seed_if_cached(stopped.metrics) == JOBS[0].seed
    assert (kept.status, kept.reward) == (Status.OK, 0.3)
