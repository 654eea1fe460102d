from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from support.journals import make_run

from pnas.records import ChildRecord, Status
from pnas.reports.data.run_reader import read_run
from pnas.reports.data.search_progress import PredictionQuality, Progress


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stage(tmp_path: Path) -> list[ChildRecord]:
    """The four children of a second stage, all ended."""
    children = read_run(make_run(tmp_path / "demo", (6, 4))).children
    second = [child for child in children if child.b == 2]
    predictions = (0.5, 0.6, 0.7, 0.8)
    rewards = (0.6, 0.5, 0.7, 0.9)
    made = []
    for child, predicted, reward in zip(second, predictions, rewards, strict=True):
        made.append(replace(child, predicted=predicted, reward=reward))
    return made


def opened(stage: list[ChildRecord], clock: Clock, **more: int) -> Progress:
    progress = Progress(3, now=clock, **more)
    chosen = []
    for child in stage:
        chosen.append(replace(child, status=Status.CHOSEN, reward=None, ended_at=None))
    progress.open(2, chosen)
    return progress


def test_pace_and_time_left(stage: list[ChildRecord]) -> None:
    clock = Clock()
    progress = opened(stage, clock, K=8, workers=2)
    assert progress.running == 2
    assert progress.per_minute is None
    assert progress.stage_left is None
    clock.now = 100  # of which the workers' start took the most
    progress.end(stage[0])
    progress.end(stage[1])
    assert progress.per_minute is None
    clock.now = 120
    progress.end(stage[2])
    assert progress.done == 3
    assert progress.running == 1
    assert progress.total == 4
    assert progress.per_minute == 6
    assert progress.stage_left == 10
    assert progress.search_left == 10 + 80


def test_children_of_an_earlier_command_are_no_pace(stage: list[ChildRecord]) -> None:
    clock = Clock()
    progress = Progress(3, now=clock, earlier=stage[:1])
    waiting = [replace(child, status=Status.CHOSEN) for child in stage[1:]]
    progress.open(2, [stage[0], *waiting])
    progress.end(stage[1])
    clock.now = 30
    assert progress.done == 2
    assert progress.per_minute is None
    progress.end(stage[2])
    assert progress.per_minute == 2
    assert progress.search_left is None


def test_predictions_are_compared_with_rewards_of_this_stage(stage: list[ChildRecord]) -> None:
    progress = opened(stage, Clock())
    assert progress.prediction_quality() is None
    progress.end(stage[0])
    assert progress.prediction_quality() == PredictionQuality(None, pytest.approx(0.1), 1)
    for child in stage[1:]:
        progress.end(child)
    quality = progress.prediction_quality()
    assert quality is not None
    assert quality.count == 4
    assert quality.rho == pytest.approx(0.8)
    assert quality.mean_error == pytest.approx(0.075)


class FixedTimeLeft:
    """Says that each missing cell takes 10 s, and that the search takes 100 s more."""

    def __init__(self) -> None:
        self.asked = 0

    def of_stage(self, missing: Sequence[ChildRecord]) -> float | None:
        self.asked += 1
        return 10.0 * len(missing)

    def of_search(
        self, missing: Sequence[ChildRecord], ended: Sequence[ChildRecord]
    ) -> float | None:
        return 100.0 + 10.0 * len(missing)


def test_predicted_times_run_down_and_are_predicted_by_events_only(
    stage: list[ChildRecord],
) -> None:
    clock = Clock()
    time_left = FixedTimeLeft()
    progress = Progress(3, workers=2, now=clock, time_left=time_left)
    progress.open(2, [replace(child, status=Status.CHOSEN) for child in stage])
    assert progress.stage_left == 40
    clock.now = 15
    assert progress.stage_left == 25
    assert progress.search_left == 125
    assert time_left.asked == 1
    progress.end(stage[0])
    assert progress.stage_left == 30
    assert progress.search_left == 130
    clock.now = 100
    assert progress.stage_left == 0


def test_figures_of_a_stage_that_is_taken_up_again_count_once(stage: list[ChildRecord]) -> None:
    first = replace(stage[0], b=1, key="first", reward=0.95)
    failed = replace(stage[1], status=Status.FAILED, reward=None)
    progress = Progress(3, earlier=[first, failed, stage[2]], now=Clock())
    assert (progress.failed, progress.best) == (1, first)

    again = replace(failed, status=Status.CHOSEN)
    progress.open(2, [stage[0], again, stage[2], stage[3]])
    assert (progress.failed, progress.done) == (0, 3)
    progress.end(stage[1])
    assert (progress.failed, progress.done, progress.best) == (0, 4, first)
    progress.open(3, [])
    assert progress.done == 0
    # Of an asynchronous search, whose stages overlap.
    progress.end(replace(failed, key="late"))
    assert (progress.failed, progress.done) == (1, 0)
