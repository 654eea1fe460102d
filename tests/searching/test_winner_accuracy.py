"""The winner is tested by workers, and by the search itself where they cannot."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.made_journals import choices_of, new_journal, ok_result, one_block_cells, open_stage

from pnas.execution import MayStart, always
from pnas.records import ChildJob, ChildRecord, ChildResult, Status
from pnas.records.child_records import TEST_ACCURACY
from pnas.searching import winner_accuracy
from pnas.searching.winner_accuracy import ChildTester

CELLS = one_block_cells(3)
SEARCH_ACCURACY = 0.125
WORKER_ACCURACY = 0.875


class Workers:
    """Answers all jobs, the last one first; some cells cannot be tested."""

    def __init__(self, fails: Sequence[int] = ()) -> None:
        self.jobs: list[ChildJob] = []
        self._fails = fails

    def run(
        self, jobs: Sequence[ChildJob], may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        del may_start
        self.jobs.extend(jobs)
        for index, job in reversed(list(enumerate(jobs))):
            if index in self._fails:
                yield index, ChildResult.failed(job, "its worker process died")
                continue
            metrics = {TEST_ACCURACY: [WORKER_ACCURACY]}
            yield index, ChildResult(job.cell, job.seed, Status.OK, metrics=metrics)

    def close(self) -> None:
        """See `pnas.execution.Executor.close`."""


class ManagerOfThisProcess:
    """Stands in for `NetworkManager`."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def test_accuracy(self, cell: Any, weights: Path) -> float:
        del cell
        assert weights.is_file()
        return SEARCH_ACCURACY


@pytest.fixture
def children(tmp_path: Path) -> list[ChildRecord]:
    choices = choices_of(CELLS)
    with new_journal(tmp_path) as journal:
        open_stage(journal, 1, choices)
        for choice in choices:
            journal.end_child(choice.key, ok_result(choice.cell, 0.5))
            (tmp_path / f"{choice.key}.npz").touch()
        return journal.children()


def accuracies(
    children: Sequence[ChildRecord],
    workers: Workers,
    weights_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    ships_data: bool = False,
    has_test_part: bool = True,
) -> list[float]:
    monkeypatch.setattr(winner_accuracy, "NetworkManager", ManagerOfThisProcess)
    executor = SimpleNamespace(ships_data=ships_data)
    settings: Any = SimpleNamespace(executor=executor, child=None, trainer=None)
    dataset: Any = SimpleNamespace(x_test=[0] if has_test_part else None)
    found = ChildTester(settings, dataset, workers, weights_dir).accuracies(children)
    assert list(found) == [child.key for child in children if child.key in found]
    return list(found.values())


def test_workers_test_every_training_that_left_weights(
    children: list[ChildRecord], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"{children[1].key}.npz").unlink()
    workers = Workers()
    assert accuracies(children, workers, tmp_path, monkeypatch) == [WORKER_ACCURACY] * 2

    assert [job.cell for job in workers.jobs] == [CELLS[0], CELLS[2]]
    assert all(job.tests and not job.trains for job in workers.jobs)
    paths = [Path(job.weights_path or "") for job in workers.jobs]
    assert all(path.is_absolute() for path in paths)


def test_this_process_tests_what_a_worker_cannot(
    children: list[ChildRecord], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = accuracies(children, Workers(fails=[1]), tmp_path, monkeypatch)
    assert found == [WORKER_ACCURACY, SEARCH_ACCURACY, WORKER_ACCURACY]


def test_workers_on_other_machines_are_not_asked(
    children: list[ChildRecord], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = Workers()
    found = accuracies(children, workers, tmp_path, monkeypatch, ships_data=True)
    assert found == [SEARCH_ACCURACY] * 3
    assert not workers.jobs


def test_without_a_test_part_there_is_nothing_to_test(
    children: list[ChildRecord], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = Workers()
    assert accuracies(children, workers, tmp_path, monkeypatch, has_test_part=False) == []
    assert not workers.jobs
