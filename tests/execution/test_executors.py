"""One contract, every executor."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from support.fake_children import FakeChildren, fake_reward

from pnas.errors import InvalidValue
from pnas.execution import (
    EXECUTORS,
    Executor,
    ExecutorSpec,
    JobSource,
    MayStart,
    SerialExecutor,
    always,
    as_lazy,
    make_executor,
)
from pnas.records import ChildJob, ChildResult, Status
from pnas.state_space import Cell

JOBS = [ChildJob(Cell([(-1, f"{k}x{k} conv", -1, "identity")]), seed=k) for k in (1, 3, 5, 7)]
Make = Callable[..., Executor]
RAY = pytest.param("ray", marks=[pytest.mark.slow, pytest.mark.alone])


@pytest.fixture(params=["serial", "local", RAY])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Make executors of fake children, which are closed at the end of the test."""
    yield from _makers(request, tmp_path)


@pytest.fixture(params=["local", RAY])
def make_workers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Make executors that train in other processes."""
    yield from _makers(request, tmp_path)


def _makers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    kind = request.param
    made: list[Executor] = []
    if kind == "ray":
        request.getfixturevalue("local_ray")

    def build(faults: dict[str, str] | None = None, **settings: Any) -> Executor:
        if kind != "serial":
            settings = {"workers": 2, **settings}
        spec = EXECUTORS.spec(kind, ExecutorSpec)(**settings)
        executor = make_executor(spec, FakeChildren(str(tmp_path), faults or {}))
        made.append(executor)
        return executor

    yield build
    for executor in made:
        executor.close()


def results(executor: Executor, may_start: MayStart = always) -> list[ChildResult]:
    """Return the results of `JOBS` in their order."""
    by_index = dict(executor.run(JOBS, may_start))
    return [by_index[index] for index in sorted(by_index)]


def statuses(executor: Executor) -> list[Status]:
    return [result.status for result in results(executor)]


def fault(index: int, name: str) -> dict[str, str]:
    return {str(JOBS[index].cell): name}


def attempts(tmp_path: Path) -> int:
    """Return the number of trainings that were begun."""
    return len(list(tmp_path.iterdir()))


def test_every_job_gives_its_own_result_once(make: Make) -> None:
    ended = list(make().run(JOBS))
    assert sorted(index for index, _ in ended) == [0, 1, 2, 3]
    for index, result in ended:
        job = JOBS[index]
        assert result.cell == job.cell
        assert result.seed == job.seed
        assert result.reward == fake_reward(str(job.cell))


def test_a_child_that_raises_is_a_failed_result_and_the_others_go_on(make: Make) -> None:
    ended = results(make(fault(1, "raise")))
    expected = [Status.OK, Status.FAILED, Status.OK, Status.OK]
    assert [result.status for result in ended] == expected
    assert ended[1].reward is None
    assert ended[1].error == "ValueError: no such layer"
    assert "in _train" in str(ended[1].log)


def test_a_mistake_of_the_command_is_no_failure_of_a_child(make: Make) -> None:
    message = r"trainer\.device: must be cpu or auto here. Received: 'gpu'"
    with pytest.raises(InvalidValue, match=message):
        results(make(fault(0, "refuse")))


def test_an_executor_runs_again_after_a_run_and_closes_twice(make: Make) -> None:
    executor = make()
    assert results(executor) == results(executor)
    assert list(executor.run([])) == []
    executor.close()
    executor.close()


def test_no_job_is_started_that_may_not_be_and_those_in_training_are_finished(
    make: Make, tmp_path: Path
) -> None:
    asked: list[bool] = []

    def may_start(job: ChildJob) -> bool:
        asked.append(len(asked) < 2)
        return asked[-1]

    ended = list(make().run(JOBS, may_start))
    assert len(asked) == 3
    assert sorted(index for index, _ in ended) == [0, 1]
    assert attempts(tmp_path) == 2


def test_all_results_are_handled_before_another_job_is_asked_about(make: Make) -> None:
    handled = 0
    known: list[int] = []

    def may_start(job: ChildJob) -> bool:
        del job
        known.append(handled)
        return True

    executor = make()
    workers = 1 if isinstance(executor, SerialExecutor) else 2
    for _ in executor.run(JOBS, may_start):
        handled += 1
    # A budget in seconds decides by the children that have ended.
    assert len(known) == len(JOBS)
    for index, number in enumerate(known):
        assert number >= index + 1 - workers


def test_a_run_that_is_left_early_leaves_the_executor_usable(make: Make) -> None:
    executor = make()
    next(iter(executor.run(JOBS)))
    assert statuses(executor) == [Status.OK] * 4


@pytest.mark.parametrize("name", ["once die", "once hang"])
def test_a_lost_attempt_is_made_again(name: str, make_workers: Make, tmp_path: Path) -> None:
    asked: list[int] = []

    def may_start(job: ChildJob) -> bool:
        asked.append(JOBS.index(job))
        return True

    executor = make_workers(fault(2, name), child_timeout=3.0)
    ended = results(executor, may_start)
    assert [result.status for result in ended] == [Status.OK] * 4
    assert sorted(asked) == [0, 1, 2, 2, 3]
    assert attempts(tmp_path) == 5


def test_a_child_whose_workers_die_costs_no_other_child(make_workers: Make, tmp_path: Path) -> None:
    ended = results(make_workers(fault(2, "die"), retries=2))
    expected = [Status.OK, Status.OK, Status.FAILED, Status.OK]
    assert [result.status for result in ended] == expected

    error = str(ended[2].error)
    assert "worker" in error
    assert "died" in error
    assert "3 attempts" in error
    assert attempts(tmp_path) == 6


def test_a_hanging_child_is_stopped_at_its_timeout(make_workers: Make) -> None:
    ended = results(make_workers(fault(0, "hang"), child_timeout=2.0, retries=0))
    expected = [Status.FAILED, Status.OK, Status.OK, Status.OK]
    assert [result.status for result in ended] == expected
    assert ended[0].error == "took longer than executor.child_timeout=2.0 s"
    assert 2.0 <= ended[0].seconds < 60


def test_a_worker_is_replaced_after_its_share_of_children(
    make_workers: Make, tmp_path: Path
) -> None:
    results(make_workers(workers=1, max_children_per_worker=2))
    processes = [FakeChildren.process_of(path) for path in tmp_path.iterdir()]
    counts = sorted(processes.count(process) for process in set(processes))
    assert counts == [2, 2]


# -- jobs that are asked for -----------------------------------------------------------------------


class Source:
    """Gives `JOBS` one after the other, and remembers how many results were handled before."""

    def __init__(self, known: Sequence[int] = ()) -> None:
        self._known = known
        self._given = 0
        self.handled = 0
        self.handled_before: list[int] = []
        self.most_asked = 0

    def __call__(self, idle: int) -> list[ChildJob | ChildResult]:
        assert idle > 0
        self.most_asked = max(self.most_asked, idle)
        if self._given == len(JOBS):
            return []
        index = self._given
        self._given += 1
        self.handled_before.append(self.handled)
        job = JOBS[index]
        if index in self._known:
            return [ChildResult(job.cell, job.seed, Status.OK, 1.0)]
        return [job]


def lazy_results(
    executor: Executor, source: JobSource | None = None, may_start: MayStart = always
) -> list[ChildResult]:
    """Return the results of ``source`` in the order of its jobs."""
    source = source or Source()
    by_index = {}
    for index, result in as_lazy(executor).run_from(source, may_start):
        by_index[index] = result
        if isinstance(source, Source):
            source.handled += 1
    return [by_index[index] for index in sorted(by_index)]


def test_jobs_that_are_asked_for_give_the_same_results(make: Make) -> None:
    executor = make()
    ended = lazy_results(executor)
    assert [result.cell for result in ended] == [job.cell for job in JOBS]
    assert [result.reward for result in ended] == [fake_reward(str(job.cell)) for job in JOBS]
    assert lazy_results(executor, lambda idle: []) == []


def test_a_job_is_asked_for_when_a_worker_is_idle_and_results_are_handled(make: Make) -> None:
    source = Source()
    executor = make()
    lazy_results(executor, source)
    workers = source.most_asked
    assert source.handled_before[:workers] == [0] * workers
    for given, handled in enumerate(source.handled_before):
        assert given - handled < workers


def test_a_result_in_the_place_of_a_job_is_handed_back(make: Make, tmp_path: Path) -> None:
    ended = lazy_results(make(), Source(known=[0, 2, 3]))
    assert [result.reward for result in ended] == [1.0, fake_reward(str(JOBS[1].cell)), 1.0, 1.0]
    assert attempts(tmp_path) == 1


def test_nothing_is_asked_for_once_a_job_may_not_be_started(make: Make, tmp_path: Path) -> None:
    asked: list[bool] = []

    def may_start(job: ChildJob) -> bool:
        asked.append(len(asked) < 2)
        return asked[-1]

    ended = lazy_results(make(), may_start=may_start)
    assert [result.cell for result in ended] == [job.cell for job in JOBS[:2]]
    assert len(asked) == 3
    assert attempts(tmp_path) == 2


def test_a_failure_among_jobs_that_are_asked_for_is_a_result(make: Make) -> None:
    ended = lazy_results(make(fault(1, "raise")))
    expected = [Status.OK, Status.FAILED, Status.OK, Status.OK]
    assert [result.status for result in ended] == expected


def test_a_mistake_of_the_command_ends_jobs_that_are_asked_for(make: Make) -> None:
    with pytest.raises(InvalidValue, match=r"trainer\.device: must be cpu or auto here"):
        lazy_results(make(fault(0, "refuse")))


def test_asking_that_is_left_early_leaves_the_executor_usable(make: Make) -> None:
    executor = make()
    next(iter(as_lazy(executor).run_from(Source())))
    assert statuses(executor) == [Status.OK] * 4


@pytest.mark.parametrize("name", ["once die", "once hang"])
def test_a_lost_attempt_of_a_job_that_was_asked_for_is_made_again(
    name: str, make_workers: Make, tmp_path: Path
) -> None:
    ended = lazy_results(make_workers(fault(2, name), child_timeout=3.0))
    assert [result.status for result in ended] == [Status.OK] * 4
    assert attempts(tmp_path) == 5


def test_an_executor_that_cannot_ask_is_refused() -> None:
    class Former:
        def run(self, jobs: Sequence[ChildJob], may_start: MayStart = always) -> Iterator[Any]:
            yield from ()

        def close(self) -> None: ...

    with pytest.raises(InvalidValue, match=r"Former has no run_from\)\. Received: True"):
        as_lazy(Former())
