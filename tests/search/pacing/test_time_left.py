import pytest
from support.paced_search import SPACE, WORKLOAD, RunSearch

from pnas.children import PNASNetworkSpec
from pnas.search import ProgressiveSpec, RefinedSpec
from pnas.search.pacing import Pace, TimeLeft, TrainingForecast


def test_before_a_child_was_measured_nothing_is_known() -> None:
    forecast = TrainingForecast(SPACE, PNASNetworkSpec(), WORKLOAD, None, workers=1)
    left = TimeLeft(ProgressiveSpec(), SPACE, 8, forecast)
    assert left.of_stage(SPACE.initial_children()) is None
    assert left.of_search(SPACE.initial_children(), ended=0) is None


def test_what_is_left_of_a_number_of_children(run_search: RunSearch) -> None:
    spec = RefinedSpec(start="mixed", max_children=20)
    searched = run_search(spec)
    forecast = TrainingForecast(SPACE, PNASNetworkSpec(), WORKLOAD, searched.journal, workers=1)
    left = TimeLeft(spec, SPACE, 8, forecast)
    cells = SPACE.initial_children()[:3]
    stage = left.of_stage(cells)
    assert stage == pytest.approx(sum(forecast.seconds(cell) for cell in cells))
    assert left.of_search(cells, ended=17) == pytest.approx(stage)
    later = 10 * forecast.typical_seconds(SPACE.B)
    assert left.of_search(cells, ended=7) == pytest.approx((stage or 0.0) + later)


def test_what_is_left_of_a_time(run_search: RunSearch) -> None:
    spec = RefinedSpec(start="mixed", max_seconds=100.0)
    searched = run_search(spec)
    forecast = TrainingForecast(SPACE, PNASNetworkSpec(), WORKLOAD, searched.journal, workers=1)
    pace = Pace(spec, SPACE, searched.journal, forecast, now=lambda: 0.0)
    left = TimeLeft(spec, SPACE, 8, forecast, pace)
    assert left.of_search([], ended=9) == pytest.approx(max(0.0, 100.0 - pace.elapsed))


def test_without_a_last_stage_the_end_is_not_known(run_search: RunSearch) -> None:
    searched = run_search(RefinedSpec(start="mixed", max_children=8))
    forecast = TrainingForecast(SPACE, PNASNetworkSpec(), WORKLOAD, searched.journal, workers=1)
    left = TimeLeft(RefinedSpec(max_epochs=1000), SPACE, 8, forecast)
    assert left.of_stage([]) == 0.0
    assert left.of_search([], ended=8) is None
