"""One contract, every executor."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.fake_children import FakeChildren, fake_reward

from pnas.errors import InvalidValue
from pnas.execution import Executor, ExecutorSpec, LocalExecutor, count_workers, make_executor
from pnas.records import ChildJob, ChildResult, Status
from pnas.state_space import Cell

JOBS = [ChildJob(Cell([(-1, f"{k}x{k} conv", -1, "identity")]), seed=k) for k in (1, 3, 5, 7)]
Make = Callable[..., Executor]


@pytest.fixture(params=["serial", "local"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    made: list[Executor] = []

    def build(faults: dict[str, str] | None = None, **settings: object) -> Executor:
        spec = ExecutorSpec(request.param, **{"workers": 2, **settings})  # type: ignore[arg-type]
        made.append(make_executor(spec, FakeChildren(str(tmp_path), faults or {})))
        return made[-1]

    yield build
    for executor in made:
        executor.close()


def results(executor: Executor) -> list[ChildResult]:
    return [result for _, result in sorted(executor.run(JOBS), key=lambda pair: pair[0])]


def test_every_job_gives_its_own_result_once(make: Make) -> None:
    ended = list(make().run(JOBS))
    assert sorted(index for index, _ in ended) == [0, 1, 2, 3]
    for index, result in ended:
        assert (result.cell, result.seed) == (JOBS[index].cell, JOBS[index].seed)
        assert result.reward == fake_reward(str(JOBS[index].cell))


def test_a_raising_child_is_a_failed_result_of_one_line_and_the_others_go_on(make: Make) -> None:
    ended = results(make({str(JOBS[1].cell): "raise"}))
    assert [result.status for result in ended] == [Status.OK, Status.FAILED, Status.OK, Status.OK]
    assert ended[1].reward is None
    assert ended[1].error == "ValueError: no such layer"


def test_an_executor_runs_again_after_a_run_and_closes_twice(make: Make) -> None:
    executor = make()
    assert results(executor) == results(executor)
    assert list(executor.run([])) == []
    executor.close()
    executor.close()


def test_a_dead_worker_costs_one_child(tmp_path: Path) -> None:
    factory = FakeChildren(str(tmp_path), {str(JOBS[2].cell): "die"})
    with closing(LocalExecutor(factory, workers=2)) as executor:
        ended = results(executor)
    assert [result.status for result in ended] == [Status.OK, Status.OK, Status.FAILED, Status.OK]
    assert "worker process died" in str(ended[2].error)


def test_a_hanging_child_is_stopped_at_its_timeout(tmp_path: Path) -> None:
    factory = FakeChildren(str(tmp_path), {str(JOBS[0].cell): "hang"})
    with closing(LocalExecutor(factory, workers=2, child_timeout=3.0)) as executor:
        ended = results(executor)
    assert [result.status for result in ended] == [Status.FAILED, Status.OK, Status.OK, Status.OK]
    assert "executor.child_timeout" in str(ended[0].error)


def test_a_worker_is_replaced_after_its_share_of_children(tmp_path: Path) -> None:
    with closing(LocalExecutor(FakeChildren(str(tmp_path)), workers=1, max_children_per_worker=2)) as executor:
        results(executor)
    processes = [path.name.split("-")[1] for path in tmp_path.iterdir()]
    assert sorted(processes.count(process) for process in set(processes)) == [2, 2]
    assert str(os.getpid()) not in processes


@pytest.mark.parametrize(
    ("spec", "threads", "gpus", "expected"),
    [
        (ExecutorSpec("serial"), 1, 4, 1),
        (ExecutorSpec("local", workers=7), 1, 4, 7),
        (ExecutorSpec("local"), 1, 4, 4),
        (ExecutorSpec("local"), 10**6, 0, 1),
    ],
)
def test_number_of_workers(spec: ExecutorSpec, threads: int, gpus: int, expected: int) -> None:
    assert count_workers(spec, threads, gpus) == expected


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"kind": "cloud"}, "executor.kind"),
        ({"workers": 0}, "executor.workers"),
        ({"max_children_per_worker": 0}, "executor.max_children_per_worker"),
        ({"child_timeout": 0.0}, "executor.child_timeout"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, object], key: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        ExecutorSpec(**settings)  # type: ignore[arg-type]
    assert refused.value.key == key
