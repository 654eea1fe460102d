"""Searches with rungs: what they train, what they learn, and what a kill leaves of them."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fake_children import fake_reward
from support.kill_after import Kill, KillAfter
from support.search_facts import children, facts

from pnas.errors import InvalidValue
from pnas.execution import Runner, SerialExecutor
from pnas.predictors import ControllerSpec
from pnas.records import ChildJob, ChildResult, Journal, Status, summarize
from pnas.records.cell_trainings import cell_key, is_repeated, is_short, short_epochs
from pnas.records.child_records import SHORT_REWARD
from pnas.runs.child_identity import identify
from pnas.search import (
    EvolutionSpec,
    ProgressiveSpec,
    RandomSpec,
    RefinedSpec,
    SearchFailed,
    SearchSpec,
    StrategyContext,
    may_continue,
)
from pnas.search.budget import TRAININGS_NEEDED, spent_by
from pnas.search.search_parts import is_first_training, may_confirm
from pnas.search.search_run import SearchRun
from pnas.search.training_setup import TrainingSetup
from pnas.state_space import StateSpace

SPACE = StateSpace(2, ["3x3 conv", "identity", "3x3 maxpool"], -1)  # 6 and 126 cells
EPOCHS = 10
RUNGS = [0.2, 1.0]
BUDGET = 20
SPECS: dict[str, SearchSpec] = {
    "random": RandomSpec(batch=4, max_children=BUDGET, rungs=RUNGS),
    "evolution": EvolutionSpec(
        population=6, sample=3, batch=3, max_children=BUDGET, rungs=RUNGS, confirm=0.2
    ),
    "progressive": ProgressiveSpec(max_children=BUDGET, rungs=RUNGS),
    "mixed": RefinedSpec(
        start="mixed", first_full=6, refine=3, max_children=BUDGET, rungs=RUNGS, confirm=0.2
    ),
    "three rungs": RefinedSpec(
        start="mixed", first_full=9, refine=3, max_children=BUDGET, rungs=[0.1, 0.4, 1.0]
    ),
}


@dataclass(frozen=True)
class ShortAndWhole:
    """A runner factory whose short trainings tell something of whole ones, or nothing.

    Attributes:
        log: Directory in which each training leaves a file.
        tells: Whether the short reward rises with the reward.
        failing: Texts of cells whose short trainings fail.
    """

    log: Path
    tells: bool = True
    failing: tuple[str, ...] = ()

    def __call__(self) -> Runner:
        return self._train

    def _train(self, job: ChildJob) -> ChildResult:
        if str(job.cell) in self.failing:
            return ChildResult.failed(job, "broken")
        name = f"{abs(job.seed)}"
        path = self.log / name
        assert not path.exists(), "trained twice"
        path.touch()
        generator = np.random.default_rng(abs(job.seed))
        reward = 0.2 + 0.6 * fake_reward(str(job.cell))
        reward = float(np.clip(reward + 0.02 * generator.normal(), 0, 1))
        if job.epochs is None:
            metrics = {"loss": [1.0] * EPOCHS}
            return ChildResult(job.cell, job.seed, Status.OK, reward, metrics, 5, 9, 1.0)
        shown = reward / 2 if self.tells else float(generator.uniform())
        metrics = {"loss": [1.0] * job.epochs, SHORT_REWARD: [shown]}
        return ChildResult(job.cell, job.seed, Status.OK, None, metrics, 5, 9, 0.2)


def search(
    run_dir: Path,
    spec: SearchSpec,
    *observers: KillAfter,
    tells: bool = True,
    failing: tuple[str, ...] = (),
) -> None:
    (run_dir / "trained").mkdir(parents=True, exist_ok=True)
    factory = ShortAndWhole(run_dir / "trained", tells, failing)
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        run = SearchRun(
            context=StrategyContext(spec, SPACE, ControllerSpec(K=3), seed=0),
            training=TrainingSetup(SerialExecutor(factory), observers),
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


def test_every_cell_is_trained_briefly_before_it_is_trained_whole(whole: Path) -> None:
    seen: set[str] = set()
    trained = 0
    for child in children(whole):
        if is_short(child):
            assert child.reward is None
            seen.add(cell_key(child.key))
        else:
            trained += 1
            assert cell_key(child.key) in seen
    assert len(seen) > trained


def test_the_budget_counts_short_trainings_by_their_epochs(spec: SearchSpec, whole: Path) -> None:
    cost = 0.0
    for child in children(whole):
        if child.ended_at is not None:
            cost += (short_epochs(child.key) or EPOCHS) / EPOCHS
    assert cost <= BUDGET + 1e-9
    with Journal(whole / "journal.sqlite") as journal:
        needed = journal.meta(TRAININGS_NEEDED) or 1.5
    # The beam ends with its last stage.
    assert cost > BUDGET - needed or type(spec) is ProgressiveSpec


def test_no_rung_is_begun_after_which_no_cell_can_be_trained_whole(
    spec: SearchSpec, whole: Path
) -> None:
    last = [child for child in children(whole) if not is_repeated(child)][-1]
    assert not is_short(last)
    with Journal(whole / "journal.sqlite") as journal:
        assert not may_continue(spec, journal, EPOCHS, is_first_training)
        needed = journal.meta(TRAININGS_NEEDED)
        if needed is not None:
            larger = replace(spec, max_children=BUDGET + 9)
            assert needed > 1
            assert may_continue(larger, journal, EPOCHS, is_first_training)


@pytest.mark.parametrize("most", range(10, 24, 2))
def test_what_is_too_little_for_another_round_is_left_to_the_confirmation(
    most: int, tmp_path: Path
) -> None:
    """Two finalists share the trainings of the last round, so that an odd one may be left."""
    spec = replace(SPECS["evolution"], max_children=most, confidence=0.9999)
    search(tmp_path, spec)
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert most - 2 < spent_by(journal, epochs=EPOCHS).children <= most + 1e-9
        assert not may_confirm(spec, journal, EPOCHS)
    count = len(children(tmp_path))
    search(tmp_path, spec)
    assert len(children(tmp_path)) == count


def test_only_whole_trainings_win_or_are_confirmed(spec: SearchSpec, whole: Path) -> None:
    again = [child for child in children(whole) if is_repeated(child)]
    assert bool(again) == (spec.confirm > 0)
    assert not any(is_short(child) for child in again)
    with Journal(whole / "journal.sqlite") as journal:
        summary = summarize(journal)
    assert summary["best"]["reward"] == max(
        child.reward for child in children(whole) if child.reward is not None
    )
    assert summary["short_trainings"] > summary["children_trained"]
    if spec.confirm:
        assert summary["winner"]["trainings"] >= 2


@pytest.mark.parametrize("kill_after", [0, 1, 5, 9, 14, 17, 22])
def test_a_killed_search_goes_on_to_the_same_end(
    spec: SearchSpec, whole: Path, kill_after: int, tmp_path: Path
) -> None:
    with pytest.raises(Kill):
        search(tmp_path / "killed", spec, KillAfter(kill_after))
    with pytest.raises(Kill):
        search(tmp_path / "killed", spec, KillAfter(2))
    search(tmp_path / "killed", spec)
    assert facts(tmp_path / "killed") == facts(whole)


def test_a_larger_budget_goes_on_as_if_there_had_been_no_other(
    spec: SearchSpec, tmp_path: Path
) -> None:
    spec = replace(spec, confirm=0.0)
    search(tmp_path / "at once", replace(spec, max_children=BUDGET + 9))
    search(tmp_path / "raised", spec)
    search(tmp_path / "raised", replace(spec, max_children=BUDGET + 9))
    at_once, raised = facts(tmp_path / "at once"), facts(tmp_path / "raised")
    assert raised[:-1] == at_once[:-1]


def test_a_rung_that_tells_nothing_is_given_up(tmp_path: Path) -> None:
    spec = RandomSpec(batch=6, max_children=40, rungs=RUNGS)
    search(tmp_path, spec, tells=False)
    with Journal(tmp_path / "journal.sqlite") as journal:
        last = summarize(journal)["stages"][-1]
        predictors = [stage.predictor or {} for stage in journal.stages()]
    assert last["epochs"] is None
    records = [learned["rungs"][0] for learned in predictors if "rungs" in learned]
    assert not records[-1]["is_trusted"]
    assert records[-1]["both"] >= 6


def test_a_cell_whose_short_training_fails_does_not_go_on(tmp_path: Path) -> None:
    spec = SPECS["mixed"]
    search(tmp_path / "first", spec)
    failing = str(children(tmp_path / "first")[2].cell)
    search(tmp_path / "second", spec, failing=(failing,))
    trainings = [child for child in children(tmp_path / "second") if str(child.cell) == failing]
    assert [child.status for child in trainings] == [Status.FAILED]


def test_short_trainings_that_leave_nothing_to_learn_can_be_tried_again(tmp_path: Path) -> None:
    """Their stage stays open: no command could go back to it from the next one."""
    spec = replace(SPECS["mixed"], max_failed=0.99)
    search(tmp_path / "whole", spec)
    first = children(tmp_path / "whole")
    cells = [str(child.cell) for child in first if child.b == 1]
    for _ in range(2):
        stopped = rf"{len(cells) - 1} of the {len(cells)} children of stage 1 failed, and the "
        with pytest.raises(SearchFailed, match=stopped + r".*broken.*search\.retry_failed=true"):
            search(tmp_path / "retried", spec, failing=tuple(cells[1:]))
    search(tmp_path / "retried", replace(spec, retry_failed=True))
    assert facts(tmp_path / "retried") == facts(tmp_path / "whole")


def test_promoted_cells_are_those_of_the_best_signals(tmp_path: Path) -> None:
    search(tmp_path, RandomSpec(batch=8, max_children=BUDGET, rungs=RUNGS))
    with Journal(tmp_path / "journal.sqlite") as journal:
        numbers = [stage.b for stage in journal.stages()]
        short, whole = journal.children(numbers[2]), journal.children(numbers[3])
    assert short_epochs(short[0].key) == 2
    shown = sorted((child.metrics[SHORT_REWARD][0] for child in short), reverse=True)
    promoted = {str(child.cell) for child in whole}
    best = {str(child.cell) for child in short if child.metrics[SHORT_REWARD][0] >= shown[1]}
    assert len(promoted) == 2
    assert promoted == best


@pytest.mark.parametrize(
    "rungs", [[0.5], [1.0], [0.5, 0.3, 1.0], [0.5, 2.0], [0.0, 1.0], "fast", [0.1, None, 1]]
)
def test_malformed_rungs_are_refused(rungs: Any) -> None:
    with pytest.raises(InvalidValue, match=r"search\.rungs: must be \[\], or ascending"):
        RandomSpec(max_children=20, rungs=rungs)


def test_rungs_and_several_objectives_are_refused() -> None:
    spec = RandomSpec(max_children=20, rungs=RUNGS, objectives=["reward", "params"])
    with pytest.raises(InvalidValue, match=r"search\.rungs: must be \[\] with several"):
        spec.check(SPACE, 4, EPOCHS)


def test_rungs_of_an_asynchronous_search_are_refused() -> None:
    spec = RandomSpec(max_children=20, rungs=RUNGS, asynchronous=True)
    with pytest.raises(InvalidValue, match=r"search\.rungs: must be \[\] with search\.async"):
        spec.check(SPACE, 4, EPOCHS)


def test_a_plan_lists_the_rungs() -> None:
    spec = RefinedSpec(start="mixed", first=4, first_full=6, max_children=30, rungs=RUNGS)
    phases = spec.phases(SPACE, 4)
    assert [(phase.share, phase.children) for phase in phases[:4]] == [
        (0.2, 4),
        (1.0, 4),
        (0.2, 6),
        (1.0, 1),
    ]
    assert sum(phase.trainings for phase in phases) == pytest.approx(30, abs=1.0)
