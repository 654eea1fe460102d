import multiprocessing
import os
from pathlib import Path

import pytest

from pnas.execution import devices
from pnas.multirun.resource_sharing import share_of, take_share
from pnas.runs.command_context import jobs_at_once

SHARES = [
    ([0, 1, 2, 3], 2, [[0, 1], [2, 3]]),
    ([0, 1, 2], 2, [[0], [1, 2]]),
    ([0, 1], 3, [[0], [0], [1]]),
    ([7], 2, [[7], [7]]),
    (["a", "b", "c"], 1, [["a", "b", "c"]]),
]


@pytest.mark.parametrize(
    ("items", "shares", "expected"),
    SHARES,
)
def test_shares_cover_everything_and_none_is_empty(
    items: list[object], shares: int, expected: list[object]
) -> None:
    found = [share_of(items, index, shares) for index in range(shares)]
    assert found == expected
    assert {item for share in found for item in share} == set(items)


LAUNCHERS = [
    ({"_target_": "hydra._internal.core_plugins.basic_launcher.BasicLauncher"}, 1),
    (
        {
            "_target_": "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher",
            "n_jobs": 3,
        },
        3,
    ),
    ({"_target_": "x.JoblibLauncher joblib", "n_jobs": None}, 1),
    ({"_target_": "x.joblib", "n_jobs": -1}, len(os.sched_getaffinity(0))),
    ({"_target_": "x.joblib", "n_jobs": -1000}, 1),
    ({"_target_": "hydra_plugins.hydra_submitit_launcher.SlurmLauncher", "n_jobs": 9}, 1),
]


@pytest.mark.parametrize(
    ("launcher", "expected"),
    LAUNCHERS,
)
def testjobs_at_once_is_known_of_joblib_only(launcher: dict[str, object], expected: int) -> None:
    assert jobs_at_once(launcher) == expected


def hold(
    folder: str,
    gate: "multiprocessing.synchronize.Barrier",
    answers: "multiprocessing.Queue[object]",
) -> None:
    devices._count_driver_gpus = lambda: 8  # in this forked process only
    os.environ["CUDA_VISIBLE_DEVICES"] = "4,5,6"
    take_share(Path(folder), 2, job=0)
    answers.put((sorted(os.sched_getaffinity(0)), os.environ["CUDA_VISIBLE_DEVICES"]))
    gate.wait(60)


def test_two_processes_take_different_shares_and_the_next_takes_a_free_one(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    cores = sorted(os.sched_getaffinity(0))
    for _ in range(2):
        gate = context.Barrier(2)
        answers = context.Queue()
        holders = [
            context.Process(target=hold, args=(str(tmp_path), gate, answers)) for _ in range(2)
        ]
        for holder in holders:
            holder.start()
        taken = sorted(answers.get(timeout=60) for _ in holders)
        for holder in holders:
            holder.join(60)
        assert sorted(gpus for _, gpus in taken) == ["4", "5,6"]
        expected = [share_of(cores, index, 2) for index in range(2)]
        assert sorted(mine for mine, _ in taken) == sorted(map(list, expected))


def test_a_job_alone_keeps_all(tmp_path: Path) -> None:
    before = os.sched_getaffinity(0)
    take_share(tmp_path, 1, job=0)
    assert os.sched_getaffinity(0) == before
    assert list(tmp_path.iterdir()) == []
