"""What a budget in seconds lets begin, on a clock of the test."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.paced_search import SPACE, WORKLOAD, FakeTime

from pnas.children import PNASNetworkSpec
from pnas.records import ChildJob, Journal
from pnas.search import RandomSpec
from pnas.search.pacing import Pace, TrainingForecast
from pnas.search.pacing.paced_budget import PacedBudget

SPEC = RandomSpec(max_seconds=60.0, confirm=0.3)
JOB = ChildJob(SPACE.initial_children()[0], 1)


@dataclass
class Paced:
    """A budget, its clock, and the second at which it is over."""

    budget: PacedBudget
    clock: FakeTime
    end: float


@pytest.fixture(params=[False, True], ids=["search", "confirmation"])
def paced(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Paced]:
    clock = FakeTime()
    with Journal(tmp_path / "journal.sqlite", create=True) as journal:
        forecast = TrainingForecast(SPACE, PNASNetworkSpec(), WORKLOAD, journal, workers=1)
        pace = Pace(SPEC, SPACE, journal, forecast, now=clock)
        budget = PacedBudget(pace, journal, confirms=request.param, epochs=WORKLOAD.epochs)
        yield Paced(budget, clock, pace.last_end if request.param else pace.search_end)


def test_there_is_time_until_the_end(paced: Paced) -> None:
    paced.clock.seconds = paced.end - 0.1
    assert paced.budget.has_time()
    assert paced.budget.limit_reached() is None


def test_nothing_begins_once_the_end_is_past(paced: Paced) -> None:
    paced.clock.seconds = paced.end
    assert not paced.budget.has_time()
    assert paced.budget.limit_reached() == "search.max_seconds=60"


def test_what_was_left_out_for_time_is_not_made_up_for_later(paced: Paced) -> None:
    paced.clock.seconds = paced.end
    assert not paced.budget.has_time()
    # The end is predicted, and may move as children end.
    paced.clock.seconds = paced.end - 1
    assert not paced.budget.has_time()
    assert not paced.budget.has_time_for(JOB)
