"""Searches that await nothing: as the synchronous ones on one worker, and resumable on many."""

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.fake_children import FakeChildren, fake_reward
from support.fake_objectives import fake_source
from support.simulated_workers import SimulatedWorkers

from pnas.errors import InvalidValue
from pnas.execution import Executor, LocalExecutor, SerialExecutor
from pnas.predictors import ControllerSpec, make_controller_spec
from pnas.records import ChildJob, ChildRecord, ChildResult, Journal, Status, summarize
from pnas.runs.child_identity import identify
from pnas.search import (
    STOPPED_BY,
    AsynchronousStrategy,
    ClosedStage,
    EvolutionSpec,
    PendingCell,
    RandomSpec,
    RefinedSpec,
    SearchFailed,
    SearchHistory,
    SearchSpec,
    StrategyContext,
    make_strategy,
)
from pnas.search.search_run import SearchRun
from pnas.search.training_setup import TrainingSetup
from pnas.state_space import StateSpace

SPACE = StateSpace(2, ["3x3 conv", "identity", "3x3 maxpool"], -1)  # 6 and 126 cells
GP = ControllerSpec(K=4)
MLP = make_controller_spec(predictor="mlp", K=4, embedding=4, hidden=4, steps=5)
BUDGET = 24
SPECS: dict[str, SearchSpec] = {
    "random": RandomSpec(batch=1, max_children=BUDGET),
    "evolution": EvolutionSpec(batch=1, population=6, sample=3, max_children=BUDGET),
    "beam": RefinedSpec(refine=1, max_children=BUDGET),
    "mixed": RefinedSpec(start="mixed", first_full=5, refine=1, max_children=BUDGET),
    "nearby": RefinedSpec(
        start="mixed", first_full=5, refine=1, refine_pool=9, max_children=BUDGET
    ),
    "confirmed": RefinedSpec(
        start="mixed", first_full=3, refine=1, max_children=BUDGET, confirm=0.3
    ),
    "worst": EvolutionSpec(
        batch=1, population=6, sample=3, max_children=BUDGET, failed_reward="worst"
    ),
    "a front": RefinedSpec(
        objectives=["reward", "params"],
        start="mixed",
        first_full=4,
        refine=1,
        max_children=BUDGET,
    ),
}
REPLAYED: dict[str, SearchSpec] = {
    **{name: SPECS[name] for name in ("random", "evolution", "beam", "mixed", "a front")},
    "a learned objective": RefinedSpec(
        objectives=["reward", "train_seconds"],
        start="mixed",
        first_full=4,
        refine=1,
        max_children=BUDGET,
    ),
}
Outcome = list[tuple[Any, ...]]


def train(job: ChildJob) -> ChildResult:
    """Return a result that depends on the cell, and a little on the seed."""
    reward = 0.8 * fake_reward(str(job.cell)) + 0.1 * fake_reward(str(job.seed))
    return ChildResult(job.cell, job.seed, Status.OK, reward, {"loss": [1.0]}, 3, 9, 1.0)


def train_or_fail(job: ChildJob) -> ChildResult:
    """Let one child of ten fail."""
    if fake_reward(f"fault of {job.cell}") < 0.1:
        return ChildResult.failed(job, "out of memory")
    return train(job)


def seconds(job: ChildJob) -> float:
    return 1 + 3 * fake_reward(f"seconds of {job.cell}")


def asynchronous(spec: SearchSpec, **changes: Any) -> SearchSpec:
    return replace(spec, asynchronous=True, **changes)  # type: ignore[call-arg]


def wider(spec: SearchSpec, count: int) -> SearchSpec:
    """Return an asynchronous search whose stages have ``count`` children."""
    key = "refine" if isinstance(spec, RefinedSpec) else "batch"
    return asynchronous(spec, **{key: count})


def search(
    run_dir: Path,
    spec: SearchSpec,
    executor: Executor | None = None,
    controller: ControllerSpec = GP,
    observers: Sequence[Any] = (),
) -> None:
    run_dir.mkdir(parents=True, exist_ok=True)
    objectives = fake_source(spec.objectives) if len(spec.objectives) > 1 else None
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        run = SearchRun(
            context=StrategyContext(
                spec,
                SPACE,
                controller,
                seed=0,
                save_dir=run_dir / "controller",
                objectives=objectives,
            ),
            training=TrainingSetup(
                executor=executor or SerialExecutor(lambda: train),
                observers=observers,
                cost=lambda cell: fake_reward(f"cost of {cell}"),
            ),
            journal=journal,
            identify=partial(identify, SPACE, 0),
        )
        run.run()


def children(run_dir: Path) -> list[ChildRecord]:
    with Journal(run_dir / "journal.sqlite") as journal:
        return journal.children()


def outcome(run_dir: Path) -> Outcome:
    """Return what was chosen and found, but for the stages that it is in."""
    return [
        (child.key, child.seed, str(child.cell), child.predicted, child.reward, child.status)
        for child in children(run_dir)
    ]


def stages(run_dir: Path) -> list[dict[str, Any]]:
    """Return the stages as summary.json shows them, without what was timed."""
    with Journal(run_dir / "journal.sqlite") as journal:
        shown = summarize(journal)["stages"]
    for stage in shown:
        stage.pop("seconds_scoring")
    return list(shown)


@pytest.fixture(scope="module", params=SPECS)
def spec(request: pytest.FixtureRequest) -> SearchSpec:
    return SPECS[request.param]


@pytest.fixture(scope="module")
def one_by_one(spec: SearchSpec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the asynchronous search of one worker, to be read only."""
    run_dir = tmp_path_factory.mktemp("one_by_one")
    search(run_dir, asynchronous(spec))
    return run_dir


@pytest.fixture(scope="module")
def with_faults(spec: SearchSpec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a search, some of whose children fail, to be read only."""
    run_dir = tmp_path_factory.mktemp("with_faults")
    search(run_dir, wider(spec, 4), SerialExecutor(lambda: train_or_fail))
    return run_dir


def test_with_one_worker_it_is_the_search_of_batch_one(
    spec: SearchSpec, one_by_one: Path, tmp_path: Path
) -> None:
    search(tmp_path, spec)
    assert outcome(one_by_one) == outcome(tmp_path)
    assert stages(one_by_one) == stages(tmp_path)


def test_a_neural_predictor_makes_no_difference(tmp_path: Path) -> None:
    search(tmp_path / "synchronous", SPECS["mixed"], controller=MLP)
    search(tmp_path / "asynchronous", asynchronous(SPECS["mixed"]), controller=MLP)
    assert outcome(tmp_path / "asynchronous") == outcome(tmp_path / "synchronous")
    assert stages(tmp_path / "asynchronous") == stages(tmp_path / "synchronous")


def test_the_size_of_stages_changes_no_choice(
    spec: SearchSpec, one_by_one: Path, tmp_path: Path
) -> None:
    search(tmp_path, wider(spec, 5))
    assert outcome(tmp_path) == outcome(one_by_one)
    assert len(stages(tmp_path)) < len(stages(one_by_one))


def test_workers_are_never_idle_before_the_budget_is_chosen(
    spec: SearchSpec, tmp_path: Path
) -> None:
    executor = SimulatedWorkers(train, 5, seconds)
    search(tmp_path, wider(spec, 3), executor)
    trained = children(tmp_path)
    assert executor.most_running == 5
    assert len({child.key for child in trained}) == len(trained) <= BUDGET
    assert all(child.starts == 1 for child in trained)
    found = stages(tmp_path)
    assert all(stage["children"] <= max(5, 6, 11) for stage in found)
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert all(stage.closed_at is not None for stage in journal.stages())
        assert journal.meta(STOPPED_BY) == f"search.max_children={BUDGET}"


def test_more_workers_than_cells_to_begin_with_get_random_ones(tmp_path: Path) -> None:
    executor = SimulatedWorkers(train, 16, seconds)
    search(tmp_path, asynchronous(SPECS["mixed"]), executor)
    assert executor.most_running == 16
    assert [child.predicted for child in children(tmp_path)[:16]] == [None] * 16
    assert all(child.predicted is not None for child in children(tmp_path)[-4:])


class Killed(BaseException):
    """Stands for a kill between two transactions."""


class KillAt:
    """An observer that ends a command after some number of events."""

    def __init__(self, events: int) -> None:
        self._left = events

    def _event(self, *_: object) -> None:
        self._left -= 1
        if self._left < 0:
            raise Killed

    stage_opened = stage_extended = child_ended = learning = stage_closed = _event


@pytest.mark.parametrize("events", [3, 8, 21])
def test_stopped_anywhere_one_worker_ends_as_if_never_stopped(
    spec: SearchSpec, with_faults: Path, events: int, tmp_path: Path
) -> None:
    executor = SerialExecutor(lambda: train_or_fail)
    killed_at = events
    while True:
        try:
            search(tmp_path, wider(spec, 4), executor, observers=(KillAt(killed_at),))
            break
        except Killed:
            killed_at += 1
    assert outcome(tmp_path) == outcome(with_faults)
    assert all(child.ended_at is not None for child in children(tmp_path))
    assert stages(tmp_path) == stages(with_faults)


@pytest.mark.parametrize("events", [5, 16])
def test_stopped_anywhere_many_workers_train_nothing_twice(
    spec: SearchSpec, events: int, tmp_path: Path
) -> None:
    ended: list[ChildRecord] = []
    killed_at = events
    while True:
        executor = SimulatedWorkers(train, 4, seconds)
        try:
            search(tmp_path, wider(spec, 3), executor, observers=(KillAt(killed_at),))
        except Killed:
            killed_at += 1
        now = {child.key: child for child in children(tmp_path)}
        assert [now[child.key] for child in ended] == ended
        ended = [child for child in now.values() if child.ended_at is not None]
        if killed_at == events or (len(ended) == len(now) and executor.started == []):
            break
    assert len(ended) == len({child.key for child in ended})
    assert len(ended) >= 0.6 * BUDGET


def history_before(journal: Journal, spec: SearchSpec, at: float) -> SearchHistory:
    """Return what was known at the date ``at``, from nothing but the journal."""
    whole = spec.whole_stages(SPACE)
    closed: list[ClosedStage] = []
    single: list[ChildRecord] = []
    chosen_at = {
        key: event.at
        for event in journal.events()
        if event.kind == "chosen"
        for key in event.detail["keys"]
    }
    for child in journal.children():
        if child.b > whole and chosen_at[child.key] < at:
            single.append(child)

    def known(child: ChildRecord) -> float | None:
        return child.reward if (child.ended_at or at) < at else None

    awaited = []
    for b in range(1, whole + 1):
        of_stage = journal.children(b)
        closed.append(ClosedStage([each.cell for each in of_stage], list(map(known, of_stage))))
        awaited += [each.cell for each in of_stage if (each.ended_at or at) >= at]
    arrived = [child for child in single if (child.ended_at or at) < at]
    for child in sorted(arrived, key=lambda each: each.ended_at or 0):
        closed.append(ClosedStage([child.cell], [child.reward]))
    pending = [
        PendingCell(child.cell, child.predicted) for child in single if (child.ended_at or at) >= at
    ]
    return SearchHistory(closed, pending=pending, awaited=awaited)


@pytest.mark.parametrize("name", REPLAYED)
def test_every_choice_follows_from_the_journal(name: str, tmp_path: Path) -> None:
    spec = wider(REPLAYED[name], 3)
    search(tmp_path, spec, SimulatedWorkers(train, 4, seconds))
    objectives = fake_source(spec.objectives) if len(spec.objectives) > 1 else None
    context = StrategyContext(spec, SPACE, GP, 0, objectives=objectives)
    replayed = 0
    with Journal(tmp_path / "journal.sqlite") as journal:
        by_key = {child.key: child for child in journal.children()}
        for event in journal.events():
            if event.kind != "chosen":
                continue
            history = history_before(journal, spec, event.at)
            strategy = make_strategy(context, history)
            assert isinstance(strategy, AsynchronousStrategy)
            keys = event.detail["keys"]
            proposal = strategy.choose(history, len(keys))
            assert proposal is not None
            assert [str(cell) for cell in proposal.cells] == [str(by_key[k].cell) for k in keys]
            predicted = [by_key[key].predicted for key in keys]
            assert list(proposal.predictions or [None] * len(keys)) == predicted
            replayed += 1
    assert replayed >= 8


@pytest.mark.parametrize("kind", ["serial", "local"])
def test_faults_and_lost_workers_are_met_as_in_stages(kind: str, tmp_path: Path) -> None:
    (tmp_path / "trained").mkdir()
    search(tmp_path / "whole", wider(SPECS["evolution"], 4))
    first = [str(child.cell) for child in children(tmp_path / "whole")]
    faults = {first[1]: "raise", first[4]: "once die" if kind == "local" else "raise"}
    factory = FakeChildren(str(tmp_path / "trained"), faults)
    made: Executor = SerialExecutor(factory)
    if kind == "local":
        made = LocalExecutor(factory, workers=2, child_timeout=20.0)
    with closing(made) as executor:
        search(tmp_path, wider(SPECS["evolution"], 4), executor)
    found = children(tmp_path)
    assert len(found) == BUDGET
    failed = [str(child.cell) for child in found if child.status is Status.FAILED]
    assert failed == ([first[1], first[4]] if kind == "serial" else [first[1]])


def test_a_larger_budget_goes_on_where_the_former_ended(tmp_path: Path) -> None:
    search(tmp_path / "whole", wider(SPECS["mixed"], 4))
    for budget in (13, 18, BUDGET):
        search(tmp_path, replace(wider(SPECS["mixed"], 4), max_children=budget))
        assert len(children(tmp_path)) == budget
    assert outcome(tmp_path) == outcome(tmp_path / "whole")


def test_a_stage_that_mostly_fails_stops_the_search(tmp_path: Path) -> None:
    def fail(job: ChildJob) -> ChildResult:
        return ChildResult.failed(job, "no such layer")

    executor = SimulatedWorkers(fail, 4, seconds)
    with pytest.raises(SearchFailed, match="3 of the 4 children of stage 1 failed"):
        search(tmp_path, wider(SPECS["random"], 4), executor)
    retried = replace(wider(SPECS["random"], 4), retry_failed=True)
    search(tmp_path, retried, SerialExecutor(lambda: train))
    assert len(children(tmp_path)) == BUDGET


def test_a_search_ends_when_no_cell_is_left(tmp_path: Path) -> None:
    small = StateSpace(1, ["3x3 conv", "identity", "3x3 maxpool"], -1)
    spec = RandomSpec(batch=4, max_children=50, asynchronous=True)
    with Journal(tmp_path / "journal.sqlite", create=True) as journal:
        SearchRun(
            context=StrategyContext(spec, small, GP, seed=0),
            training=TrainingSetup(SimulatedWorkers(train, 3, seconds)),
            journal=journal,
            identify=partial(identify, small, 0),
        ).run()
        assert len(journal.children()) == 6
        assert journal.meta(STOPPED_BY) is None


def test_ctrl_c_finishes_the_children_in_training(tmp_path: Path) -> None:
    calls = iter(range(1000))

    def interrupted(job: ChildJob) -> ChildResult:
        if next(calls) == 9:
            os.kill(os.getpid(), signal.SIGINT)
        return train(job)

    with pytest.raises(KeyboardInterrupt):
        search(tmp_path, wider(SPECS["evolution"], 4), SerialExecutor(lambda: interrupted))
    assert sum(child.ended_at is not None for child in children(tmp_path)) == 10
    search(tmp_path, wider(SPECS["evolution"], 4))
    search(tmp_path / "whole", wider(SPECS["evolution"], 4))
    assert outcome(tmp_path) == outcome(tmp_path / "whole")


def test_an_executor_that_cannot_ask_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Former:
        run: Callable[..., Any] = SerialExecutor(lambda: train).run

        def close(self) -> None: ...

    with pytest.raises(InvalidValue, match="has no run_from"):
        search(tmp_path, wider(SPECS["random"], 4), Former())
    assert children(tmp_path) == []


def test_workers_that_are_idle_before_a_large_cell_has_ended_get_cells(tmp_path: Path) -> None:
    def longer_for_large_cells(job: ChildJob) -> float:
        return 50 ** len(job.cell) + seconds(job)

    spec = wider(SPECS["nearby"], 4)
    workers = SimulatedWorkers(train, workers=12, duration=longer_for_large_cells)
    search(tmp_path, spec, workers)
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert summarize(journal)["children_trained"] == BUDGET
