"""One contract, every executor."""

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.command import ROOT
from support.fake_children import FakeChildren, fake_reward

from pnas.errors import InvalidValue
from pnas.execution import (
    Executor,
    ExecutorSpec,
    LocalExecutor,
    MayStart,
    always,
    check_executor,
    count_workers,
    make_executor,
    worker_process,
)
from pnas.records import ChildJob, ChildResult, Status
from pnas.state_space import Cell

JOBS = [ChildJob(Cell([(-1, f"{k}x{k} conv", -1, "identity")]), seed=k) for k in (1, 3, 5, 7)]
Make = Callable[..., Executor]
RAY = pytest.param("ray", marks=pytest.mark.slow)


@pytest.fixture(params=["serial", "local", RAY])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    yield from _makers(request, tmp_path)


@pytest.fixture(params=["local", RAY])
def make_workers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Executors that train in other processes."""
    yield from _makers(request, tmp_path)


def _makers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    made: list[Executor] = []
    if request.param == "ray":
        request.getfixturevalue("local_ray")

    def build(faults: dict[str, str] | None = None, **settings: object) -> Executor:
        spec = ExecutorSpec(request.param, **{"workers": 2, **settings})  # type: ignore[arg-type]
        made.append(make_executor(spec, FakeChildren(str(tmp_path), faults or {})))
        return made[-1]

    yield build
    for executor in made:
        executor.close()


def results(executor: Executor, may_start: MayStart = always) -> list[ChildResult]:
    return [result for _, result in sorted(executor.run(JOBS, may_start), key=lambda pair: pair[0])]


def fault(index: int, name: str) -> dict[str, str]:
    return {str(JOBS[index].cell): name}


def attempts(tmp_path: Path) -> int:
    return len(list(tmp_path.iterdir()))


def test_every_job_gives_its_own_result_once(make: Make) -> None:
    ended = list(make().run(JOBS))
    assert sorted(index for index, _ in ended) == [0, 1, 2, 3]
    for index, result in ended:
        assert (result.cell, result.seed) == (JOBS[index].cell, JOBS[index].seed)
        assert result.reward == fake_reward(str(JOBS[index].cell))


def test_a_raising_child_is_a_failed_result_with_line_and_traceback_and_the_others_go_on(
    make: Make,
) -> None:
    ended = results(make(fault(1, "raise")))
    assert [result.status for result in ended] == [Status.OK, Status.FAILED, Status.OK, Status.OK]
    assert ended[1].reward is None
    assert ended[1].error == "ValueError: no such layer"
    assert "in _train" in str(ended[1].log)


def test_a_mistake_of_the_command_is_no_failure_of_a_child(make: Make) -> None:
    with pytest.raises(
        InvalidValue, match=r"trainer\.device: must be cpu or auto here. Received: 'gpu'"
    ):
        results(make(fault(0, "refuse")))


def test_an_executor_runs_again_after_a_run_and_closes_twice(make: Make) -> None:
    executor = make()
    assert results(executor) == results(executor)
    assert list(executor.run([])) == []
    executor.close()
    executor.close()


def test_no_job_is_started_that_may_not_be_and_those_that_run_are_finished(
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


def test_a_run_that_is_left_early_leaves_the_executor_usable(make: Make) -> None:
    executor = make()
    next(iter(executor.run(JOBS)))
    assert [result.status for result in results(executor)] == [Status.OK] * 4


@pytest.mark.parametrize("name", ["once die", "once hang"])
def test_a_lost_attempt_is_made_again(name: str, make_workers: Make, tmp_path: Path) -> None:
    asked: list[int] = []
    executor = make_workers(fault(2, name), child_timeout=3.0)
    ended = results(executor, lambda job: not asked.append(JOBS.index(job)))
    assert [result.status for result in ended] == [Status.OK] * 4
    assert sorted(asked) == [0, 1, 2, 2, 3]
    assert attempts(tmp_path) == 5


def test_a_child_whose_workers_die_costs_no_other_child(make_workers: Make, tmp_path: Path) -> None:
    ended = results(make_workers(fault(2, "die"), retries=2))
    assert [result.status for result in ended] == [Status.OK, Status.OK, Status.FAILED, Status.OK]
    assert "worker" in str(ended[2].error)
    assert "died" in str(ended[2].error)
    assert "3 attempts" in str(ended[2].error)
    assert attempts(tmp_path) == 6


def test_a_hanging_child_is_stopped_at_its_timeout(make_workers: Make) -> None:
    ended = results(make_workers(fault(0, "hang"), child_timeout=2.0, retries=0))
    assert [result.status for result in ended] == [Status.FAILED, Status.OK, Status.OK, Status.OK]
    assert ended[0].error == "took longer than executor.child_timeout=2.0 s"
    assert 2.0 <= ended[0].seconds < 60


def test_a_worker_is_replaced_after_its_share_of_children(
    make_workers: Make, tmp_path: Path
) -> None:
    results(make_workers(workers=1, max_children_per_worker=2))
    processes = [path.name.split("-")[1] for path in tmp_path.iterdir()]
    assert sorted(processes.count(process) for process in set(processes)) == [2, 2]
    assert str(os.getpid()) not in processes


def test_what_a_dead_or_hanging_worker_wrote_is_kept(tmp_path: Path) -> None:
    faults = {**fault(0, "die"), **fault(1, "hang")}
    with closing(
        LocalExecutor(FakeChildren(str(tmp_path), faults), 2, child_timeout=1.0, retries=0)
    ) as executor:
        died, hung, *_ = results(executor)
    assert died.error == "its worker process died (SIGKILL)"
    assert died.log == "last words"
    assert "fake_children.py" in str(hung.log)  # where it hung
    assert "fail" in str(hung.log)


def test_killed_for_want_of_memory_it_is_attempted_with_half_the_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = iter(range(1000))
    monkeypatch.setattr(worker_process, "oom_kills", lambda: next(kills))
    factory = FakeChildren(str(tmp_path), {**fault(0, "die whole"), **fault(3, "die")})
    with closing(LocalExecutor(factory, workers=2, retries=0)) as executor:
        ended = results(executor)
    assert [result.status for result in ended] == [Status.OK, Status.OK, Status.OK, Status.FAILED]
    assert "want of memory" in str(ended[3].error)
    assert attempts(tmp_path) == 2 + 1 + 1 + 9  # 1, 2, 4, ... 256 parts


def test_a_worker_killed_while_it_waits_is_replaced(tmp_path: Path) -> None:
    with closing(LocalExecutor(FakeChildren(str(tmp_path)), workers=2, retries=0)) as executor:
        results(executor)
        for path in tmp_path.iterdir():
            _kill(int(path.name.split("-")[1]))
        time.sleep(0.2)
        assert [result.status for result in results(executor)] == [Status.OK] * 4


def _kill(process: int) -> None:
    try:
        os.kill(process, 9)
    except ProcessLookupError:
        return


def test_workers_are_started_when_there_is_something_to_train(tmp_path: Path) -> None:
    with closing(LocalExecutor(FakeChildren(str(tmp_path)), workers=500)) as executor:
        list(executor.run(JOBS[:1]))
        assert sum(process is not None for process in executor._workers) == 1


def test_workers_are_pinned_and_share_gpus(tmp_path: Path) -> None:
    with closing(LocalExecutor(Gpus(), workers=4, devices=["3", "5"])) as executor:
        ended = results(executor)
    assert sorted(str(result.error) for result in ended) == ["3", "3", "5", "5"]


class Gpus:
    """Children that tell which GPU they may use, and take long enough for each worker to get one."""

    def __call__(self) -> Callable[[ChildJob], ChildResult]:
        return self._train

    def _train(self, job: ChildJob) -> ChildResult:
        time.sleep(1.0)
        return ChildResult.failed(job, os.environ["CUDA_VISIBLE_DEVICES"])


@pytest.mark.parametrize(
    ("spec", "threads", "gpus", "expected"),
    [
        (ExecutorSpec("serial"), 1, 4, 1),
        (ExecutorSpec("local", workers=7), 1, 4, 7),
        (ExecutorSpec("local"), 1, 4, 4),
        (ExecutorSpec("local", gpus_per_child=0.5), 1, 4, 8),
        (ExecutorSpec("local", gpus_per_child=0.1), 1, 1, 10),
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
        ({"child_timeout": float("nan")}, "executor.child_timeout"),
        ({"retries": -1}, "executor.retries"),
        ({"grace": -1.0}, "executor.grace"),
        ({"gpus_per_child": 0.0}, "executor.gpus_per_child"),
        ({"gpus_per_child": 1.5}, "executor.gpus_per_child"),
        ({"gpu_memory_mb": 0}, "executor.gpu_memory_mb"),
        ({"address": "host:6379"}, "executor.address"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        ExecutorSpec(**settings)
    assert refused.value.key == key


def test_ray_is_not_imported_unless_chosen() -> None:
    code = "import sys, pnas.execution, pnas.execution.ray_executor; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_ray_is_refused_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InvalidValue, match=r"executor: .*pip install -e '.\[ray\]'"):
        check_executor(ExecutorSpec("ray"))


@pytest.mark.parametrize(
    "address", ["nowhere", "host:port", "127.0.0.1:{free}", "ray://127.0.0.1:{free}", ":1"]
)
def test_a_cluster_that_does_not_answer_is_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(
            InvalidValue, match=r"executor\.address: must be the address of a Ray cluster"
        ):
            check_executor(
                ExecutorSpec("ray", address=address.format(free=unused.getsockname()[1]))
            )
