import pytest
from support.paced_search import SPACE, WORKLOAD

from pnas.children import PNASNetworkSpec
from pnas.search import ProgressiveSpec, RandomSpec, RefinedSpec, SearchSpec
from pnas.search.pacing import TrainingForecast
from pnas.search.pacing.least_time import least_seconds
from pnas.search.pacing.outlook import planned_within


def forecast(workers: int = 1, slowdown: float = 1.0) -> TrainingForecast:
    return TrainingForecast(
        SPACE, PNASNetworkSpec(), WORKLOAD, None, workers=workers, slowdown=slowdown
    )


def children(spec: SearchSpec, seconds: float, workers: int = 1) -> list[int]:
    phases = planned_within(spec, SPACE, 8, forecast(workers), seconds)
    return [phase.children or 0 for phase in phases]


def test_more_time_buys_more_rounds_and_confirmations() -> None:
    spec = RefinedSpec(start="mixed", confirm=0.2, max_seconds=60)
    small, large = children(spec, 60), children(spec, 240)
    assert all(more >= less for less, more in zip(small, large, strict=True))
    assert large[:2] == [8, 12]
    assert large[2] > 2 * small[2]
    assert large[3] > 2 * small[3]


def test_the_start_takes_half_of_the_time_at_most() -> None:
    spec = RefinedSpec(start="mixed", max_seconds=30)
    small, full, rounds = children(spec, 30)
    assert 0 < small < 8
    assert 0 < full < 12
    assert rounds > 0


def test_a_beam_is_planned_to_its_last_stage() -> None:
    first, second = children(ProgressiveSpec(max_seconds=30), 30)
    assert 0 < first < SPACE.num_cells(1)
    assert 0 < second < 8


def test_twice_the_workers_train_twice_the_cells() -> None:
    spec = RandomSpec(max_seconds=100)
    assert children(spec, 100, workers=2)[0] == pytest.approx(2 * children(spec, 100)[0], abs=1)


def test_nothing_fits_into_no_time() -> None:
    assert sum(children(RefinedSpec(start="mixed", confirm=0.2, max_seconds=1), 1)) == 0


def test_the_least_time_grows_with_a_confirmation_and_falls_with_workers() -> None:
    least = least_seconds(RandomSpec(max_seconds=1), SPACE, forecast())
    confirmed = least_seconds(RandomSpec(max_seconds=1, confirm=0.2), SPACE, forecast())
    shared = least_seconds(RandomSpec(max_seconds=1), SPACE, forecast(workers=2))
    assert shared < least < confirmed


def test_a_busy_machine_is_slower_until_a_child_was_measured() -> None:
    assert forecast(slowdown=3.0).typical_seconds(2) == pytest.approx(
        3 * forecast().typical_seconds(2)
    )


def test_short_trainings_make_the_least_time_smaller() -> None:
    spec = RandomSpec(max_seconds=1, confirm=0.2)
    brief = RandomSpec(max_seconds=1, confirm=0.2, rungs=[0.04, 1.0])
    onward = RandomSpec(max_seconds=1, confirm=0.2, rungs=[0.4, 1.0], rung_training="continued")
    least = least_seconds(spec, SPACE, forecast())
    assert least_seconds(brief, SPACE, forecast()) < 0.95 * least
    anew = least_seconds(onward, SPACE, forecast())
    assert least_seconds(onward, SPACE, forecast(), {10: 8}) < anew


def test_a_plan_with_rungs_lists_them_and_uses_the_time() -> None:
    spec = RefinedSpec(start="mixed", confirm=0.2, max_seconds=200, rungs=[0.2, 1.0])
    of_model = forecast()
    phases = planned_within(spec, SPACE, 8, of_model, 200)
    assert [phase.is_short for phase in phases] == [True, False, True, False, True, False, False]
    counts = [phase.children or 0 for phase in phases]
    # The first stage is judged by six cells, or by half of it.
    assert counts[:4] == [8, 4, 12, 6]
    assert 0.3 * counts[4] <= counts[5] <= 0.5 * counts[4]
    seconds = 0.0
    for phase in phases:
        one = of_model.typical_seconds(phase.b, phase.share * WORKLOAD.epochs)
        seconds += (phase.children or 0) * one
    # Networks of cells that go on are still built, which these seconds leave out.
    assert 0.8 * 200 <= seconds <= 1.2 * 200


def test_a_plan_of_continued_trainings_counts_the_difference() -> None:
    spec = RandomSpec(max_seconds=60, rungs=[0.4, 1.0], rung_training="continued")
    short, whole = planned_within(spec, SPACE, 8, forecast(), 60, kept_epochs={10: 8})
    assert short.share == pytest.approx(10 / 25)
    assert whole.share == pytest.approx(17 / 25)


def test_a_plan_with_a_limit_of_children_stays_within_it() -> None:
    spec = RandomSpec(max_seconds=600, max_children=10, confirm=0.2, rungs=[0.2, 1.0])
    phases = planned_within(spec, SPACE, 8, forecast(), 600)
    assert 7 <= sum(phase.trainings for phase in phases[:-1]) <= 8
    assert phases[-1].children == 2
