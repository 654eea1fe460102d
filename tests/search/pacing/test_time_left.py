from dataclasses import replace
from pathlib import Path

import pytest
from support.made_journals import new_journal, open_stage
from support.paced_search import SPACE, WORKLOAD, RunSearch

from pnas.children import PNASNetworkSpec
from pnas.records import ChildRecord, ChildResult, Choice, Status
from pnas.search import ProgressiveSpec, RefinedSpec
from pnas.search.pacing import Pace, TimeLeft, TrainingForecast
from pnas.search.training_cost import store_kept_epochs
from pnas.state_space import Cell


def child_of(cell: Cell, b: int = 1, key: str = "key") -> ChildRecord:
    """Return a child that has not been trained."""
    return ChildRecord(
        id=1,
        b=b,
        position=0,
        cell=cell,
        key=key,
        seed=0,
        predicted=None,
        status=Status.CHOSEN,
        reward=None,
        params=None,
        flops=None,
        seconds=None,
        error=None,
    )


def test_before_a_child_was_measured_nothing_is_known() -> None:
    forecast = TrainingForecast(SPACE, PNASNetworkSpec(), WORKLOAD, None, workers=1)
    left = TimeLeft(ProgressiveSpec(), SPACE, 8, forecast)
    missing = [child_of(cell) for cell in SPACE.initial_children()]
    assert left.of_stage(missing) is None
    assert left.of_search(missing, ended=[]) is None


def test_what_is_left_of_a_number_of_children(run_search: RunSearch) -> None:
    spec = RefinedSpec(start="mixed", max_children=20)
    searched = run_search(spec)
    forecast = TrainingForecast(SPACE, PNASNetworkSpec(), WORKLOAD, searched.journal, workers=1)
    left = TimeLeft(spec, SPACE, 8, forecast)
    children = searched.journal.children()
    missing = children[:3]
    stage = left.of_stage(missing)
    assert stage == pytest.approx(sum(forecast.seconds(child.cell) for child in missing))
    assert left.of_search(missing, ended=children[3:20]) == pytest.approx(stage)
    later = 10 * forecast.typical_seconds(SPACE.B)
    assert left.of_search(missing, ended=children[3:10]) == pytest.approx((stage or 0.0) + later)


def test_a_stopped_training_counts_what_it_was_trained_for(run_search: RunSearch) -> None:
    spec = RefinedSpec(start="mixed", max_children=20)
    searched = run_search(spec)
    forecast = TrainingForecast(SPACE, PNASNetworkSpec(), WORKLOAD, searched.journal, workers=1)
    left = TimeLeft(replace(spec, early_stop=0.05), SPACE, 8, forecast)
    children = searched.journal.children()[:10]
    half = {"loss": [1.0] * (WORKLOAD.epochs // 2)}
    stopped = replace(children[0], status=Status.STOPPED, reward=None, metrics=half)

    whole = left.of_search([], ended=children)
    saved = (WORKLOAD.epochs - WORKLOAD.epochs // 2) / WORKLOAD.epochs
    expected = (whole or 0.0) + saved * forecast.typical_seconds(SPACE.B)
    assert left.of_search([], ended=[stopped, *children[1:]]) == pytest.approx(expected)


def test_short_and_continued_trainings_take_the_time_of_their_epochs(
    run_search: RunSearch,
) -> None:
    spec = RefinedSpec(start="mixed", max_children=20, rungs=[0.4, 1.0], rung_training="continued")
    searched = run_search(spec)
    forecast = TrainingForecast(SPACE, PNASNetworkSpec(), WORKLOAD, searched.journal, workers=1)
    left = TimeLeft(spec, SPACE, 8, forecast, kept_epochs={10: 8})
    cell = SPACE.initial_children()[0]
    short = child_of(cell, key="a_10e")
    whole = child_of(cell, key="a")
    again = child_of(cell, key="a-2")
    assert left.of_stage([short]) == pytest.approx(forecast.seconds(cell, 10))
    assert left.of_stage([whole]) == pytest.approx(forecast.seconds(cell, 17))
    assert left.of_stage([again]) == pytest.approx(forecast.seconds(cell))
    later = 20 - (10 + 17 + 25) / 25
    one = forecast.typical_seconds(SPACE.B)
    assert left.of_search([], ended=[short, whole, again]) == pytest.approx(later * one)


def test_what_is_left_of_a_time(run_search: RunSearch) -> None:
    spec = RefinedSpec(start="mixed", max_seconds=100.0)
    searched = run_search(spec)
    forecast = TrainingForecast(SPACE, PNASNetworkSpec(), WORKLOAD, searched.journal, workers=1)
    pace = Pace(spec, SPACE, searched.journal, forecast, now=lambda: 0.0)
    left = TimeLeft(spec, SPACE, 8, forecast, pace)
    assert left.of_search([], ended=[]) == pytest.approx(max(0.0, 100.0 - pace.elapsed))


def test_without_a_last_stage_the_end_is_not_known(run_search: RunSearch) -> None:
    searched = run_search(RefinedSpec(start="mixed", max_children=8))
    forecast = TrainingForecast(SPACE, PNASNetworkSpec(), WORKLOAD, searched.journal, workers=1)
    left = TimeLeft(RefinedSpec(max_epochs=1000), SPACE, 8, forecast)
    assert left.of_stage([]) == 0.0
    assert left.of_search([], ended=[]) is None


def test_a_continued_training_took_the_time_of_the_epochs_that_were_left(tmp_path: Path) -> None:
    journal = new_journal(tmp_path)
    store_kept_epochs(journal, {10: 8})
    cell = SPACE.initial_children()[0]
    for stage, (key, epochs) in enumerate((("a_10e", 10), ("a", WORKLOAD.epochs)), start=1):
        open_stage(journal, stage, [Choice(cell, key, 0, None)])
        losses = [1.0] * epochs
        journal.end_child(
            key, ChildResult(cell, 0, Status.OK, metrics={"loss": losses}, seconds=1.0)
        )
    forecast = TrainingForecast(SPACE, PNASNetworkSpec(), WORKLOAD, journal, workers=1)
    trainings = forecast._trainings(forecast._measured_children())
    assert [each.epochs for each in trainings] == [10, WORKLOAD.epochs - 8]
    # The worker had built the network for the short training.
    assert [each.is_built for each in trainings] == [False, True]
