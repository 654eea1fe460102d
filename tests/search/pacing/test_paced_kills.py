"""Searches with short trainings in a given time, killed between any two facts of their journal."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from support.paced_search import Kill, RunSearch, Searched, WholeSearch

from pnas.records import ChildRecord, Journal
from pnas.records.cell_trainings import short_epochs
from pnas.search import EvolutionSpec, ProgressiveSpec, RefinedSpec, SearchSpec

SECONDS = 80.0
SLOWNESS = 4.0
"""Children take so many times longer than predicted that short trainings are left out."""

SPECS: dict[str, SearchSpec] = {
    "mixed": RefinedSpec(start="mixed", confirm=0.2, rungs=[0.2, 1.0], max_seconds=SECONDS),
    "continued": RefinedSpec(
        start="mixed",
        confirm=0.2,
        rungs=[0.2, 1.0],
        rung_training="continued",
        max_seconds=SECONDS,
    ),
    "three rungs": RefinedSpec(
        start="mixed", confirm=0.2, rungs=[0.08, 0.32, 1.0], max_seconds=SECONDS
    ),
    "progressive": ProgressiveSpec(confirm=0.2, rungs=[0.2, 1.0], max_seconds=SECONDS),
    "evolution": EvolutionSpec(confirm=0.2, rungs=[0.2, 1.0], max_seconds=SECONDS),
}
STRIDE = 5
"""Every so many steps a search is killed; odd, so that kills come before facts and after them."""

WRITES = (
    "set_meta",
    "note",
    "open_stage",
    "start_child",
    "end_child",
    "drop_untrained",
    "close_stage",
)


@contextmanager
def killed_when(is_time: Callable[[str], bool]) -> Iterator[None]:
    """Raise `Kill` at the first step that ``is_time`` says so of.

    Steps are ``before <method>`` and ``after <method>``, for each of `WRITES`.
    """

    def around(name: str, write: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*arguments: Any, **options: Any) -> Any:
            _kill_if(is_time(f"before {name}"))
            value = write(*arguments, **options)
            _kill_if(is_time(f"after {name}"))
            return value

        return stepped

    with pytest.MonkeyPatch.context() as patch:
        for name in WRITES:
            patch.setattr(Journal, name, around(name, getattr(Journal, name)))
        yield


def _kill_if(is_time: bool) -> None:
    if is_time:
        raise Kill


@dataclass
class Countdown:
    """Says of one step that it is time: the one after ``left`` others."""

    left: int

    def __call__(self, step: str) -> bool:
        self.left -= 1
        return self.left == -1


@dataclass(frozen=True)
class Left:
    """What a killed search has left.

    Attributes:
        stages: Cells by stage.
        ended: Children that have ended, by key.
        dropped: Stages from which cells were dropped.
    """

    stages: dict[int, list[str]]
    ended: dict[str, ChildRecord]
    dropped: set[int]


def left_by(searched: Searched) -> Left:
    with Journal(searched.journal.path) as journal:
        stages = {}
        for stage in journal.stages():
            stages[stage.b] = [str(child.cell) for child in journal.children(stage.b)]
        ended = {child.key: child for child in journal.children() if child.ended_at is not None}
        dropped = {event.detail["b"] for event in journal.events() if event.kind == "dropped"}
    return Left(stages, ended, dropped)


def training_of(child: ChildRecord) -> str:
    """Return the training of ``child`` as `FakeExecutor.trained` has it."""
    return f"{child.cell} {child.seed} {short_epochs(child.key)}"


def check_goes_on(left: Left, searched: Searched) -> None:
    """Check that a search went on from what was left: nothing lost, nothing twice."""
    children = {child.key: child for child in searched.journal.children()}
    assert left.ended.items() <= children.items()

    trained = searched.executor.trained
    assert len(set(trained)) == len(trained)
    assert not {training_of(child) for child in left.ended.values()} & set(trained)

    last = max(left.stages, default=0)
    for b, cells in left.stages.items():
        kept = searched.cells(b)
        # Of the last one, those may be dropped for which no time is left.
        assert kept == [cell for cell in cells if cell in kept]
        assert kept == cells or (b == last and b not in left.dropped)


def facts(searched: Searched) -> list[tuple[Any, ...]]:
    """Return what each stage was, and what its predictor learned."""
    rows = []
    for stage in searched.journal.stages():
        for child in searched.journal.children(stage.b):
            row = (stage.b, child.key, child.seed, child.reward, child.predicted, child.status)
            rows.append((*row, stage.predictor))
    return rows


@pytest.mark.parametrize("step", ["before drop_untrained", "after drop_untrained"])
@pytest.mark.parametrize("name", SPECS)
def test_a_kill_beside_the_drop_of_cells_leaves_the_same_stage(
    run_search: RunSearch, whole_search: WholeSearch, name: str, step: str
) -> None:
    whole = whole_search(SPECS[name], SLOWNESS)
    assert left_by(whole).dropped

    with killed_when(lambda met: met == step):
        killed = run_search(SPECS[name], name="parts", slowness=SLOWNESS)
    left = left_by(killed)
    assert bool(left.dropped) == step.startswith("after")

    with killed_when(lambda met: met == "before close_stage"):
        run_search(SPECS[name], name="parts", slowness=SLOWNESS)
    resumed = run_search(SPECS[name], name="parts", slowness=SLOWNESS)
    check_goes_on(left, resumed)
    assert facts(resumed) == facts(whole)


@pytest.mark.slow
@pytest.mark.parametrize("name", SPECS)
def test_a_kill_beside_any_fact_loses_nothing_and_trains_nothing_twice(
    run_search: RunSearch, name: str
) -> None:
    for steps in itertools.count(step=STRIDE):
        parts = f"killed {steps}"
        countdown = Countdown(steps)
        with killed_when(countdown):
            killed = run_search(SPECS[name], name=parts, slowness=SLOWNESS)
        if countdown.left >= 0:
            break  # it had fewer steps
        left = left_by(killed)
        resumed = run_search(SPECS[name], name=parts, slowness=SLOWNESS)
        check_goes_on(left, resumed)
        assert all(stage.closed_at is not None for stage in resumed.journal.stages())
    assert steps > 50
