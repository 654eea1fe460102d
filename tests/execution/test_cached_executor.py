import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.fake_children import FakeChildren, fake_reward

from pnas.execution import Executor, LocalExecutor, SerialExecutor
from pnas.execution.cached_executor import CachedExecutor
from pnas.records import ChildJob, ChildResult, Status
from pnas.records.evaluation_cache import EvaluationCache, seed_if_cached
from pnas.state_space import Cell

JOBS = [ChildJob(Cell([(-1, f"{k}x{k} conv", -1, "identity")]), seed=k) for k in (1, 3, 5, 7)]


def behind_cache(executor: Executor, folder: Path, context: str = "c") -> CachedExecutor:
    return CachedExecutor(
        executor, EvaluationCache(folder / "e.sqlite", context), lambda cell: cell.text_hash
    )


def serial(folder: Path, faults: dict[str, str] | None = None) -> SerialExecutor:
    return SerialExecutor(FakeChildren(str(folder), faults or {}))


def results(executor: Executor, jobs: list[ChildJob] = JOBS) -> list[ChildResult]:
    return [result for _, result in sorted(executor.run(jobs), key=lambda pair: pair[0])]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "log").mkdir()
    return tmp_path / "log"


@pytest.mark.parametrize("kind", ["serial", "local"])
def test_the_second_time_nothing_is_trained_and_the_rewards_are_the_same(
    kind: str, log: Path, tmp_path: Path
) -> None:
    inner = serial(log) if kind == "serial" else LocalExecutor(FakeChildren(str(log)), workers=2)
    with closing(behind_cache(inner, tmp_path)) as executor:
        first = results(executor)
        second = results(executor)
    assert len(os.listdir(log)) == len(JOBS)
    assert [result.reward for result in first] == [result.reward for result in second]
    assert [seed_if_cached(result.metrics) for result in first] == [None] * 4
    assert [seed_if_cached(result.metrics) for result in second] == [1, 3, 5, 7]


def test_what_is_missing_is_trained_and_every_job_gets_its_own_result(
    log: Path, tmp_path: Path
) -> None:
    results(behind_cache(serial(log), tmp_path), JOBS[1::2])
    ended = results(behind_cache(serial(log), tmp_path))
    assert [(result.cell, result.seed) for result in ended] == [
        (job.cell, job.seed) for job in JOBS
    ]
    assert [result.reward for result in ended] == [fake_reward(str(job.cell)) for job in JOBS]
    assert [seed_if_cached(result.metrics) is not None for result in ended] == [
        False,
        True,
        False,
        True,
    ]
    assert len(os.listdir(log)) == len(JOBS)


def test_a_failed_child_is_tried_again_by_the_next_search(log: Path, tmp_path: Path) -> None:
    cell = str(JOBS[0].cell)
    assert results(behind_cache(serial(log, {cell: "raise"}), tmp_path))[0].status is Status.FAILED
    assert results(behind_cache(serial(log), tmp_path))[0].status is Status.OK


def test_a_broken_cache_is_said_once_and_done_without(
    log: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    executor = behind_cache(serial(log), tmp_path)
    with closing(sqlite3.connect(tmp_path / "e.sqlite")) as db:
        db.execute("DROP TABLE evaluations")
    with caplog.at_level(logging.WARNING):
        assert [result.status for result in results(executor)] == [Status.OK] * 4
    assert len(caplog.records) == 1
    assert "The search goes on without it" in caplog.text


def test_an_entry_that_cannot_be_read_is_no_entry(log: Path, tmp_path: Path) -> None:
    executor = behind_cache(serial(log), tmp_path)
    results(executor)
    with closing(sqlite3.connect(tmp_path / "e.sqlite", isolation_level=None)) as db:
        db.execute("UPDATE evaluations SET metrics = 'not JSON'")
    assert [result.reward for result in results(executor)] == [
        fake_reward(str(job.cell)) for job in JOBS
    ]
    assert len(os.listdir(log)) == 2 * len(JOBS)
