"""The fixture of searches on a clock that children move (`support.paced_search`)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from support.paced_search import (
    SPACE,
    WORKLOAD,
    CountTime,
    FakeExecutor,
    FakeTime,
    Kill,
    RunSearch,
    Searched,
    WholeSearch,
    kept_of,
    objectives_of,
)

from pnas.children import PNASNetworkSpec
from pnas.predictors import named_spec
from pnas.records import Journal
from pnas.runs.child_identity import identify
from pnas.search import SearchSpec, StrategyContext
from pnas.search.pacing import Pace, TrainingForecast
from pnas.search.search_run import SearchRun
from pnas.search.training_setup import TrainingSetup
from pnas.state_space import Cell

# No test looks at the diagnosis, which takes five fits a stage.
CONTROLLER = replace(named_spec("gp").with_K(8), cross_validate=0)


@pytest.fixture
def run_search(tmp_path: Path) -> Iterator[RunSearch]:
    """Runs a search of ``spec`` on the journal ``name`` until it ends or is killed."""
    with searches_in(tmp_path) as run:
        yield run


@pytest.fixture(scope="session")
def whole_search(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeSearch]:
    """Runs a search to its end, once for all tests, which may only read what it has left."""
    ended: dict[str, Searched] = {}
    with searches_in(tmp_path_factory.mktemp("whole_searches")) as run:

        def run_once(spec: SearchSpec, slowness: float = 1.0) -> Searched:
            key = f"{spec} {slowness}"
            if key not in ended:
                ended[key] = run(spec, name=str(len(ended)), slowness=slowness)
            return ended[key]

        yield run_once


@contextmanager
def searches_in(folder: Path) -> Iterator[RunSearch]:
    """Give the function that runs a search with its journal in ``folder``."""
    journals = []
    kept_by: dict[str, list[Cell]] = {}
    begun_by: dict[str, set[str]] = {}

    def run(
        spec: SearchSpec,
        name: str = "journal",
        slowness: float = 1.0,
        kill_after: int | None = None,
    ) -> Searched:
        journal = Journal(folder / f"{name}.sqlite", create=True)
        journals.append(journal)
        clock = FakeTime(float(journal.meta("search_seconds", 0.0)))
        kept_epochs = kept_of(spec)
        executor = FakeExecutor(clock, slowness, kill_after, kept_epochs)
        # What a worker keeps changes times, and a kill is to change nothing that a test compares.
        executor.kept = kept_by.setdefault(name, [])
        executor.begun = begun_by.setdefault(name, set())
        forecast = TrainingForecast(SPACE, PNASNetworkSpec(), WORKLOAD, journal, workers=1)
        pace = None
        if spec.max_seconds is not None:
            # The clock of the test goes on where the earlier command ended.
            pace = Pace(spec, SPACE, journal, forecast, K=8, kept_epochs=kept_epochs, now=clock)
        context = StrategyContext(
            spec,
            SPACE,
            CONTROLLER,
            seed=0,
            objectives=objectives_of(spec),
        )
        search = SearchRun(
            context=context,
            training=TrainingSetup(executor, observers=(CountTime(journal, clock),)),
            journal=journal,
            identify=partial(identify, SPACE, 0, continues=spec.continues_trainings),
            kept_epochs=kept_epochs,
            epochs=WORKLOAD.epochs,
            pace=pace,
        )
        try:
            search.run()
        except Kill:
            journal.close()
        return Searched(journal, executor, clock)

    try:
        yield run
    finally:
        for journal in journals:
            journal.close()
