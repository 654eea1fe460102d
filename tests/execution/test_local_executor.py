"""What only worker processes of this machine do: logs, pinning to GPUs, deaths by the kernel."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
from support.fake_children import FakeChildren

from pnas.execution import LocalExecutor, worker_process
from pnas.records import ChildJob, ChildResult, Status
from pnas.state_space import Cell

JOBS = [ChildJob(Cell([(-1, f"{k}x{k} conv", -1, "identity")]), seed=k) for k in (1, 3, 5, 7)]


def results(executor: LocalExecutor) -> list[ChildResult]:
    """Return the results of `JOBS` in their order."""
    by_index = dict(executor.run(JOBS))
    return [by_index[index] for index in range(len(JOBS))]


def test_children_are_trained_in_other_processes(tmp_path: Path) -> None:
    with closing(LocalExecutor(FakeChildren(str(tmp_path)), workers=2)) as executor:
        results(executor)
    processes = {FakeChildren.process_of(path) for path in tmp_path.iterdir()}
    assert os.getpid() not in processes


def test_what_a_dead_or_hanging_worker_wrote_is_kept(tmp_path: Path) -> None:
    faults = {str(JOBS[0].cell): "die", str(JOBS[1].cell): "hang"}
    children = FakeChildren(str(tmp_path), faults)
    with closing(LocalExecutor(children, 2, child_timeout=1.0, retries=0)) as executor:
        died, hung, *_ = results(executor)

    assert died.error == "its worker process died (SIGKILL)"
    assert died.log == "last words"
    # The stack of the place where it hung.
    assert "fake_children.py" in str(hung.log)
    assert "fail" in str(hung.log)


def test_a_child_killed_out_of_memory_is_tried_again_in_smaller_microbatches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = iter(range(1000))
    monkeypatch.setattr(worker_process, "oom_kills", lambda: next(kills))
    faults = {str(JOBS[0].cell): "die whole", str(JOBS[3].cell): "die"}
    children = FakeChildren(str(tmp_path), faults)
    with closing(LocalExecutor(children, workers=1, retries=0)) as executor:
        ended = results(executor)

    expected = [Status.OK, Status.OK, Status.OK, Status.FAILED]
    assert [result.status for result in ended] == expected
    assert "out of memory" in str(ended[3].error)
    # The first child dies in a new worker. The last one dies in a worker that has trained others,
    # which may have filled its memory: it is tried whole in a new one, too, before it is tried in
    # 2, 4, ... 256 microbatches.
    assert len(list(tmp_path.iterdir())) == 2 + 1 + 1 + 10


def test_a_worker_killed_while_it_waits_is_replaced(tmp_path: Path) -> None:
    with closing(LocalExecutor(FakeChildren(str(tmp_path)), workers=2, retries=0)) as executor:
        results(executor)
        for path in tmp_path.iterdir():
            with suppress(ProcessLookupError):
                os.kill(FakeChildren.process_of(path), signal.SIGKILL)
        time.sleep(0.2)
        ended = results(executor)
    assert [result.status for result in ended] == [Status.OK] * 4


def test_workers_are_started_when_there_is_something_to_train(tmp_path: Path) -> None:
    with closing(LocalExecutor(FakeChildren(str(tmp_path)), workers=500)) as executor:
        list(executor.run(JOBS[:1]))
        started = [worker for worker in executor._workers if worker is not None]
    assert len(started) == 1


def test_a_cell_is_trained_again_by_the_worker_that_knows_it(tmp_path: Path) -> None:
    fake = FakeChildren(str(tmp_path), seconds=0.3)
    with closing(LocalExecutor(fake, workers=2)) as executor:
        list(executor.run([*JOBS[:2], *JOBS[:2]]))
        list(executor.run([JOBS[1], JOBS[0]]))
    workers = {path.name.split("-")[0]: set() for path in tmp_path.iterdir()}
    for path in tmp_path.iterdir():
        workers[path.name.split("-")[0]].add(FakeChildren.process_of(path))
    assert [len(processes) for processes in workers.values()] == [1, 1]
    assert len(set.union(*workers.values())) == 2


def test_no_worker_waits_for_a_cell_that_it_knows(tmp_path: Path) -> None:
    fake = FakeChildren(str(tmp_path), seconds=0.3)
    with closing(LocalExecutor(fake, workers=2)) as executor:
        list(executor.run([JOBS[0]] * 4))
    assert len({FakeChildren.process_of(path) for path in tmp_path.iterdir()}) == 2


class GPUReporters:
    """Children that report their GPU, and take long enough for each worker to get one."""

    def __call__(self) -> Callable[[ChildJob], ChildResult]:
        return self._train

    def _train(self, job: ChildJob) -> ChildResult:
        time.sleep(1.0)
        return ChildResult.failed(job, os.environ["CUDA_VISIBLE_DEVICES"])


def test_workers_are_pinned_and_share_gpus() -> None:
    with closing(LocalExecutor(GPUReporters(), workers=4, devices=["3", "5"])) as executor:
        ended = results(executor)
    assert sorted(str(result.error) for result in ended) == ["3", "3", "5", "5"]
