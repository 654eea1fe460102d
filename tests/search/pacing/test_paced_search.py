"""Searches in a given time, on a clock that children move."""

from typing import Any

import pytest
from support.paced_search import RunSearch, WholeSearch, full_sized

from pnas.records.plan_facts import WINNER
from pnas.search import (
    STOPPED_BY,
    EvolutionSpec,
    ProgressiveSpec,
    RandomSpec,
    RefinedSpec,
    SearchSpec,
    may_continue,
)
from pnas.search.pacing.pace import TOLERANCE
from pnas.search.search_parts import is_first_training

SECONDS = 60.0

SPECS: dict[str, tuple[type[SearchSpec], dict[str, Any]]] = {
    "mixed": (RefinedSpec, {"start": "mixed", "confirm": 0.2}),
    "refined": (RefinedSpec, {"start": "sample", "confirm": 0.2}),
    "progressive": (ProgressiveSpec, {"confirm": 0.2}),
    "random": (RandomSpec, {"confirm": 0.2}),
    "evolution": (EvolutionSpec, {"confirm": 0.2}),
    "front": (
        RefinedSpec,
        {"start": "mixed", "confirm": 0.2, "objectives": ["reward", "params"]},
    ),
    "no confirmation": (RefinedSpec, {"start": "mixed"}),
}


def spec_of(name: str, **changed: Any) -> SearchSpec:
    spec, settings = SPECS[name]
    return spec(**{"max_seconds": SECONDS, **settings, **changed})


@pytest.mark.parametrize("slowness", [1.0, 3.0])
@pytest.mark.parametrize("name", SPECS)
def test_it_ends_in_time_with_full_sized_cells(
    whole_search: WholeSearch, name: str, slowness: float
) -> None:
    searched = whole_search(spec_of(name), slowness)
    ended = [child for child in searched.journal.children() if child.ended_at is not None]
    assert searched.clock.seconds <= SECONDS * (1 + 2 * TOLERANCE)
    # A beam whose first stage turns out three times slower than predicted has no time for a second.
    if slowness < 2 or name != "progressive":
        assert full_sized([child.cell for child in ended]) >= 2
    if slowness < 2 and name != "no confirmation":
        assert searched.journal.meta(WINNER) is not None


def test_most_of_the_time_is_used(whole_search: WholeSearch) -> None:
    searched = whole_search(spec_of("mixed", confidence=0.999999))
    assert searched.clock.seconds >= 0.7 * SECONDS


def test_more_time_trains_more_cells(whole_search: WholeSearch) -> None:
    counts = []
    for seconds in (20.0, 40.0):
        searched = whole_search(spec_of("mixed", max_seconds=seconds))
        counts.append(len(searched.journal.children()))
    assert counts[0] < counts[1]


@pytest.mark.parametrize("name", ["mixed", "front"])
def test_a_confirmation_has_its_share_of_the_time(whole_search: WholeSearch, name: str) -> None:
    searched = whole_search(spec_of(name, confidence=0.999999))
    children = searched.journal.children()
    again = [child for child in children if not is_first_training(child)]
    seconds = sum(child.seconds or 0.0 for child in again)
    assert 0.1 * SECONDS <= seconds <= 0.35 * SECONDS


@pytest.mark.parametrize("killed", [1, 5, 9, 14])
@pytest.mark.parametrize("name", ["mixed", "progressive", "front"])
def test_killed_it_goes_on_from_what_was_decided(
    run_search: RunSearch, whole_search: WholeSearch, name: str, killed: int
) -> None:
    whole = whole_search(spec_of(name))
    first = run_search(spec_of(name), name="parts", kill_after=killed)
    second = run_search(spec_of(name), name="parts")
    trained = first.executor.trained + second.executor.trained
    assert len(set(trained)) == len(trained)
    stages = second.journal.stages()
    for stage, as_whole in zip(stages[:-2], whole.journal.stages(), strict=False):
        assert second.cells(stage.b) == whole.cells(as_whole.b)


def test_killed_while_it_confirms_it_searches_no_more(
    run_search: RunSearch, whole_search: WholeSearch
) -> None:
    spec = spec_of("mixed", confidence=0.999999)
    whole = whole_search(spec)
    first_trainings = sum(map(is_first_training, whole.journal.children()))
    first = run_search(spec, name="parts", kill_after=first_trainings + 1)
    # The clock of the journal may say that there is time for another cell.
    second = run_search(spec, name="parts")
    searched = list(filter(is_first_training, second.journal.children()))
    assert len(searched) == first_trainings
    assert len(first.executor.trained) == first_trainings + 1


def test_a_finished_search_is_over_and_a_longer_time_continues_it(run_search: RunSearch) -> None:
    spec = spec_of("mixed")
    searched = run_search(spec)
    assert searched.journal.meta(STOPPED_BY) == "search.max_seconds=60"
    assert not may_continue(spec, searched.journal, counts=is_first_training)
    longer = spec_of("mixed", max_seconds=2 * SECONDS)
    assert may_continue(longer, searched.journal, counts=is_first_training)
    before = len(searched.journal.children())
    again = run_search(longer)
    assert len(again.journal.children()) > before


def test_decisions_are_events_of_the_journal(whole_search: WholeSearch) -> None:
    searched = whole_search(spec_of("mixed"))
    paced = [event for event in searched.journal.events() if event.kind == "paced"]
    stages = [event.detail for event in paced if event.detail["decision"] == "stage"]
    opened = [len(searched.cells(stage.b)) for stage in searched.journal.stages()]
    assert [each["kept"] for each in stages] == opened[: len(stages)]


def test_a_limit_of_children_holds_too(whole_search: WholeSearch) -> None:
    searched = whole_search(spec_of("mixed", max_seconds=100_000.0, max_children=30))
    assert len(searched.journal.children()) <= 30
    assert searched.journal.meta(STOPPED_BY) == "search.max_children=30"


def test_without_a_budget_in_seconds_nothing_is_paced(whole_search: WholeSearch) -> None:
    searched = whole_search(RefinedSpec(start="mixed", max_children=20))
    assert not [event for event in searched.journal.events() if event.kind == "paced"]
    first = [len(child.cell) for child in searched.journal.children(1)]
    assert first == sorted(first)
