"""Searches with an early stop: what they train, what they learn, and what a kill leaves of them."""

from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from support.kill_after import Kill, KillAfter
from support.learning_curves import EPOCHS, VALIDATED, LearningChildren
from support.search_facts import children, facts

from pnas.errors import InvalidValue
from pnas.execution import Executor, LocalExecutor, SerialExecutor
from pnas.predictors import ControllerSpec
from pnas.records import Journal, Status, summarize
from pnas.records.cell_trainings import is_repeated
from pnas.runs.child_identity import identify
from pnas.search import (
    EvolutionSpec,
    RandomSpec,
    RefinedSpec,
    SearchSpec,
    StrategyContext,
)
from pnas.search.early_stop.learned_rule import FEWEST_TRAININGS
from pnas.search.history import RewardPolicy, read_history
from pnas.search.search_run import SearchRun
from pnas.search.training_setup import TrainingSetup
from pnas.state_space import StateSpace

SPACE = StateSpace(2, ["3x3 conv", "identity", "3x3 maxpool"], -1)  # 6 and 126 cells
BUDGET = 30
SPECS: dict[str, SearchSpec] = {
    "random": RandomSpec(batch=10, max_children=BUDGET, early_stop=0.05),
    "evolution": EvolutionSpec(
        population=10, sample=3, batch=5, max_children=BUDGET, confirm=0.2, early_stop=0.05
    ),
    "mixed": RefinedSpec(
        start="mixed",
        first_full=10,
        refine=4,
        max_children=BUDGET,
        confirm=0.2,
        early_stop=0.05,
    ),
    "epochs": RandomSpec(batch=10, max_epochs=BUDGET * EPOCHS, early_stop=0.05),
}


def search(
    run_dir: Path,
    spec: SearchSpec,
    *observers: KillAfter,
    workers: int | None = None,
    K: int = 12,
) -> None:
    (run_dir / "trained").mkdir(parents=True, exist_ok=True)
    factory = LearningChildren(run_dir / "trained")
    executor: Executor = SerialExecutor(factory)
    if workers is not None:
        executor = LocalExecutor(factory, workers=workers)
    with Journal(run_dir / "journal.sqlite", create=True) as journal, closing(executor):
        run = SearchRun(
            context=StrategyContext(spec, SPACE, ControllerSpec(K=K), seed=0),
            training=TrainingSetup(executor, observers),
            journal=journal,
            identify=partial(identify, SPACE, 0),
            epochs=EPOCHS,
        )
        run.run()


@pytest.fixture(scope="module", params=SPECS)
def spec(request: pytest.FixtureRequest) -> SearchSpec:
    return SPECS[request.param]


@pytest.fixture(scope="module")
def whole(spec: SearchSpec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a search that nothing disturbed, to be read only."""
    run_dir = tmp_path_factory.mktemp("whole")
    search(run_dir, spec)
    return run_dir


def test_stopped_children_have_the_metrics_of_their_epochs_and_no_reward(whole: Path) -> None:
    stopped = [child for child in children(whole) if child.status is Status.STOPPED]
    assert stopped
    for child in stopped:
        assert child.stopped_after in VALIDATED[:-1]
        assert child.reward is None
        assert child.error is None
        assert {len(values) for values in child.metrics.values()} == {child.stopped_after}
    with Journal(whole / "journal.sqlite") as journal:
        summary = summarize(journal)
    assert summary["children_stopped"] == len(stopped)
    assert summary["children_failed"] == 0
    assert sum(stage["stopped"] for stage in summary["stages"]) == len(stopped)


def test_neither_the_first_cells_nor_confirmations_are_stopped(whole: Path) -> None:
    for number, child in enumerate(children(whole)):
        if number < FEWEST_TRAININGS or is_repeated(child):
            assert child.status is Status.OK


def test_the_budget_counts_the_epochs_before_a_stop(spec: SearchSpec, whole: Path) -> None:
    ended = [child for child in children(whole) if child.ended_at is not None]
    epochs = sum(len(child.metrics["loss"]) for child in ended)
    # There is no room for another whole training, except for what a stage leaves to a confirmation.
    assert (BUDGET - 2) * EPOCHS < epochs <= BUDGET * EPOCHS
    assert len(ended) > BUDGET


def test_most_of_the_best_cells_are_trained_whole(whole: Path) -> None:
    """A stopped child would have had a lower reward than the best, or the rule were worthless."""
    known = [child for child in children(whole) if not is_repeated(child)]
    best = max(child.reward for child in known if child.reward is not None)
    for child in known:
        if child.status is Status.STOPPED:
            losses = child.metrics["loss"]
            assert 1.5 - losses[0] + 1 < best - 0.05


def test_a_strategy_learns_the_expected_reward_of_a_stopped_child(whole: Path) -> None:
    with Journal(whole / "journal.sqlite") as journal:
        by_cell = {child.cell: child for child in journal.children() if not is_repeated(child)}
        history = read_history(journal, RewardPolicy("exclude"))
    errors = []
    for stage in history.closed:
        for cell, reward in zip(stage.cells, stage.rewards, strict=True):
            child = by_cell[cell]
            if child.status is Status.STOPPED:
                assert reward is not None
                # The first loss is 2.5 less the reward.
                errors.append(abs(reward - (2.5 - child.metrics["loss"][0])))
    assert sum(errors) / len(errors) < 0.12


@pytest.mark.parametrize("kill_after", [0, 9, 10, 11, 14, 19, 23, 28])
def test_a_killed_search_goes_on_to_the_same_end(
    spec: SearchSpec, whole: Path, kill_after: int, tmp_path: Path
) -> None:
    with pytest.raises(Kill):
        search(tmp_path / "killed", spec, KillAfter(kill_after))
    with pytest.raises(Kill):
        search(tmp_path / "killed", spec, KillAfter(2))
    search(tmp_path / "killed", spec)
    assert facts(tmp_path / "killed") == facts(whole)


def test_which_child_ends_first_changes_nothing(tmp_path: Path) -> None:
    spec = SPECS["random"]
    search(tmp_path / "one", spec)
    search(tmp_path / "three", spec, workers=3)
    assert facts(tmp_path / "three") == facts(tmp_path / "one")


def test_a_larger_budget_goes_on_as_if_there_had_been_no_other(tmp_path: Path) -> None:
    spec = SPECS["random"]
    search(tmp_path / "at once", replace(spec, max_children=BUDGET + 9))
    search(tmp_path / "raised", spec)
    search(tmp_path / "raised", replace(spec, max_children=BUDGET + 9))
    assert facts(tmp_path / "raised")[:-1] == facts(tmp_path / "at once")[:-1]


def test_without_it_nothing_is_stopped(tmp_path: Path) -> None:
    search(tmp_path, replace(SPECS["random"], early_stop=0.0))
    assert {child.status for child in children(tmp_path)} == {Status.OK}


@pytest.mark.parametrize(
    ("spec", "rule"),
    [
        (RandomSpec(max_children=20, rungs=[0.2, 1.0], early_stop=0.1), "must be 0 with search.ru"),
        (RandomSpec(max_children=20, asynchronous=True, early_stop=0.1), "must be 0 with search.a"),
        (
            RandomSpec(max_children=20, objectives=["reward", "params"], early_stop=0.1),
            "must be 0 with several search.objectives",
        ),
    ],
)
def test_searches_that_cannot_stop_early_are_refused(spec: SearchSpec, rule: str) -> None:
    with pytest.raises(InvalidValue, match=rf"^search\.early_stop: {rule}"):
        spec.check(SPACE, 4, EPOCHS)


@pytest.mark.parametrize("value", [-0.1, 1.0, "soon", None, float("nan")])
def test_what_is_no_probability_is_refused(value: float) -> None:
    with pytest.raises(InvalidValue, match=r"^search\.early_stop: must be at least 0 and below 1"):
        RandomSpec(max_children=20, early_stop=value)
