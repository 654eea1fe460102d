"""Searches with short trainings in a given time, on a clock that children move."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.paced_search import WORKLOAD, RunSearch, Searched, WholeSearch, full_sized

from pnas.records import ChildRecord, Journal
from pnas.records.cell_trainings import cell_key, is_short, short_epochs
from pnas.records.plan_facts import WINNER
from pnas.search import (
    STOPPED_BY,
    EvolutionSpec,
    ProgressiveSpec,
    RandomSpec,
    RefinedSpec,
    SearchSpec,
)
from pnas.search.pacing.pace import START_SHARE, TOLERANCE
from pnas.search.search_parts import is_first_training

SECONDS = 80.0
RUNGS = [0.2, 1.0]

SPECS: dict[str, SearchSpec] = {
    "mixed": RefinedSpec(start="mixed", confirm=0.2, rungs=RUNGS, max_seconds=SECONDS),
    "continued": RefinedSpec(
        start="mixed",
        confirm=0.2,
        rungs=RUNGS,
        rung_training="continued",
        max_seconds=SECONDS,
    ),
    "three rungs": RefinedSpec(
        start="mixed", confirm=0.2, rungs=[0.08, 0.32, 1.0], max_seconds=SECONDS
    ),
    "progressive": ProgressiveSpec(confirm=0.2, rungs=RUNGS, max_seconds=SECONDS),
    "random": RandomSpec(confirm=0.2, rungs=RUNGS, max_seconds=SECONDS),
    "evolution": EvolutionSpec(confirm=0.2, rungs=RUNGS, max_seconds=SECONDS),
}


def ended(searched: Searched) -> list[ChildRecord]:
    return [child for child in searched.journal.children() if child.ended_at is not None]


def events(searched: Searched, kind: str) -> list[dict[str, Any]]:
    return [event.detail for event in searched.journal.events() if event.kind == kind]


def cells_by_stage(path: Path) -> dict[int, list[str]]:
    with Journal(path) as journal:
        return {
            stage.b: [str(child.cell) for child in journal.children(stage.b)]
            for stage in journal.stages()
        }


@pytest.mark.parametrize("slowness", [1.0, 3.0])
@pytest.mark.parametrize("name", SPECS)
def test_it_ends_in_time_with_cells_that_were_trained_whole(
    whole_search: WholeSearch, name: str, slowness: float
) -> None:
    searched = whole_search(SPECS[name], slowness)
    assert searched.clock.seconds <= SECONDS * (1 + 2 * TOLERANCE)
    whole = [child.cell for child in ended(searched) if not is_short(child)]
    assert len(whole) >= 2
    # A beam whose first stage turns out three times slower than predicted has no second one.
    if slowness < 2 or name != "progressive":
        assert full_sized(whole) >= 2
        assert searched.journal.meta(WINNER) is not None


@pytest.mark.parametrize("name", ["mixed", "continued", "random"])
def test_most_of_the_time_is_used(whole_search: WholeSearch, name: str) -> None:
    searched = whole_search(replace(SPECS[name], confidence=0.999999))
    assert searched.clock.seconds >= 0.8 * SECONDS
    assert searched.journal.meta(STOPPED_BY) == f"search.max_seconds={SECONDS:g}"


@pytest.mark.parametrize("slowness", [1.0, 3.0])
def test_the_start_leaves_time_for_rounds(whole_search: WholeSearch, slowness: float) -> None:
    searched = whole_search(SPECS["mixed"], slowness)
    first = set(searched.cells(1))
    of_start = [child for child in ended(searched) if str(child.cell) in first]
    seconds = sum(child.seconds or 0.0 for child in of_start if is_first_training(child))
    assert seconds <= (START_SHARE + 2 * TOLERANCE) * SECONDS
    assert len(searched.journal.stages()) >= 4


def test_rungs_of_a_round_take_about_as_long_as_each_other(whole_search: WholeSearch) -> None:
    # Of small workloads building the network takes most of the time of a short training.
    searched = whole_search(SPECS["random"])
    short = [child for child in ended(searched) if is_short(child)]
    whole = [child for child in ended(searched) if not is_short(child)]
    first_trainings = [child for child in whole if is_first_training(child)]
    assert 0.3 * len(short) <= len(first_trainings) <= 0.6 * len(short)


def test_a_whole_training_follows_every_round_of_short_ones(whole_search: WholeSearch) -> None:
    for name in ("mixed", "random", "three rungs"):
        searched = whole_search(SPECS[name])
        whole = {cell_key(child.key) for child in ended(searched) if not is_short(child)}
        for stage in searched.journal.stages():
            cells = {cell_key(child.key) for child in searched.journal.children(stage.b)}
            assert cells & whole


def test_continued_trainings_leave_time_for_more_of_them(whole_search: WholeSearch) -> None:
    # Epochs decide where the network is built at once.
    long_rungs = {"rungs": [0.6, 1.0], "confidence": 0.999999}
    counts = []
    for name in ("mixed", "continued"):
        searched = whole_search(replace(SPECS[name], **long_rungs))
        counts.append(len(ended(searched)))
    assert counts[1] > counts[0]


def test_short_trainings_that_turn_out_slow_give_way_to_whole_ones(
    whole_search: WholeSearch,
) -> None:
    searched = whole_search(SPECS["mixed"], slowness=4.0)
    dropped = events(searched, "dropped")
    assert dropped
    assert dropped[0]["b"] == 1
    first = searched.journal.children(1)
    assert all(child.ended_at is not None for child in first)
    second = searched.journal.children(2)
    assert {child.cell for child in second} <= {child.cell for child in first}
    assert not is_short(second[0])


@pytest.mark.parametrize(
    ("name", "killed", "slowness"),
    [
        ("mixed", 1, 1.0),
        ("mixed", 14, 1.0),
        ("mixed", 25, 1.0),
        ("mixed", 4, 4.0),
        ("mixed", 6, 4.0),
        ("continued", 9, 1.0),
        ("continued", 22, 1.0),
        ("three rungs", 17, 1.0),
        ("three rungs", 5, 4.0),
    ],
)
def test_killed_it_goes_on_from_what_was_decided(
    run_search: RunSearch,
    whole_search: WholeSearch,
    name: str,
    killed: int,
    slowness: float,
) -> None:
    whole = whole_search(SPECS[name], slowness)
    first = run_search(SPECS[name], name="parts", kill_after=killed, slowness=slowness)
    decided = cells_by_stage(first.journal.path)
    assert decided
    second = run_search(SPECS[name], name="parts", slowness=slowness)
    for b, cells in decided.items():
        # Those of the last stage may be dropped for which no time is left.
        chosen = second.cells(b)
        kept = [cell for cell in cells if cell in chosen]
        assert kept == chosen
        assert kept == cells or b == max(decided)
    trained = first.executor.trained + second.executor.trained
    assert len(set(trained)) == len(trained)
    stages = second.journal.stages()
    for stage, as_whole in zip(stages[:-2], whole.journal.stages(), strict=False):
        assert second.cells(stage.b) == whole.cells(as_whole.b)
        assert stage.predictor == as_whole.predictor


def test_decisions_are_events_of_the_journal(whole_search: WholeSearch) -> None:
    searched = whole_search(SPECS["mixed"])
    stages = [each for each in events(searched, "paced") if each["decision"] == "stage"]
    for stage, decided in zip(searched.journal.stages(), stages, strict=False):
        children = searched.journal.children(stage.b)
        assert len(children) == decided["kept"]
        assert (short_epochs(children[0].key) or WORKLOAD.epochs) == decided["epochs"]
        assert decided["with_later_rungs"] >= decided["predicted"]


def test_a_longer_time_continues_it(run_search: RunSearch) -> None:
    searched = run_search(SPECS["mixed"])
    before = len(searched.journal.children())
    again = run_search(replace(SPECS["mixed"], max_seconds=2 * SECONDS))
    assert len(again.journal.children()) > before + 5
    assert again.clock.seconds <= 2 * SECONDS * (1 + 2 * TOLERANCE)


def test_a_limit_of_children_holds_too(whole_search: WholeSearch) -> None:
    searched = whole_search(replace(SPECS["mixed"], max_seconds=100_000.0, max_children=30))
    epochs = sum(short_epochs(child.key) or WORKLOAD.epochs for child in ended(searched))
    assert epochs <= 30 * WORKLOAD.epochs
    assert searched.journal.meta(STOPPED_BY) == "search.max_children=30"
