from dataclasses import replace
from pathlib import Path

import pytest
from support.journals import make_run

from pnas.records import ChildRecord, Status
from pnas.reports.data.run_reader import read_run
from pnas.reports.data.search_progress import Progress


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stage(tmp_path: Path) -> list[ChildRecord]:
    """The four children of a second stage, all ended."""
    children = read_run(make_run(tmp_path / "demo", (6, 4))).children
    made = zip(
        [c for c in children if c.b == 2], (0.5, 0.6, 0.7, 0.8), (0.6, 0.5, 0.7, 0.9), strict=True
    )
    return [replace(child, predicted=predicted, reward=reward) for child, predicted, reward in made]


def opened(stage: list[ChildRecord], clock: Clock, **more: int) -> Progress:
    progress = Progress(3, now=clock, **more)
    progress.open(
        2, [replace(child, status=Status.CHOSEN, reward=None, ended_at=None) for child in stage]
    )
    return progress


def test_pace_and_time_left(stage: list[ChildRecord]) -> None:
    clock = Clock()
    progress = opened(stage, clock, K=8, workers=2)
    assert (progress.running, progress.per_minute, progress.stage_left) == (2, None, None)
    clock.now = 100  # of which the workers' start took the most
    progress.end(stage[0])
    progress.end(stage[1])
    assert progress.per_minute is None
    clock.now = 120
    progress.end(stage[2])
    assert (progress.done, progress.running, progress.total) == (3, 1, 4)
    assert progress.per_minute == 6
    assert progress.stage_left == 10
    assert progress.search_left == 10 + 80


def test_children_of_an_earlier_command_are_no_pace(stage: list[ChildRecord]) -> None:
    clock = Clock()
    progress = Progress(3, now=clock, earlier=stage[:1])
    progress.open(2, [stage[0], *(replace(child, status=Status.CHOSEN) for child in stage[1:])])
    progress.end(stage[1])
    clock.now = 30
    assert (progress.done, progress.per_minute) == (2, None)
    progress.end(stage[2])
    assert progress.per_minute == 2
    assert progress.search_left is None


def test_predictions_are_judged_by_this_stage_alone(stage: list[ChildRecord]) -> None:
    progress = opened(stage, Clock())
    assert progress.judged() is None
    progress.end(stage[0])
    assert progress.judged() == (None, pytest.approx(0.1), 1)
    for child in stage[1:]:
        progress.end(child)
    rho, error, count = progress.judged()  # type: ignore[misc]
    assert (rho, count) == (pytest.approx(0.8), 4)
    assert error == pytest.approx(0.075)
