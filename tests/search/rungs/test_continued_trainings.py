"""Searches that continue short trainings: what they keep, what they cost, what kills leave."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from support.fake_children import fake_reward
from support.kill_after import Kill, KillAfter
from support.search_facts import children, facts

from pnas.errors import InvalidValue
from pnas.execution import Runner, SerialExecutor
from pnas.predictors import ControllerSpec
from pnas.records import ChildJob, ChildResult, Journal, Status
from pnas.records.cell_trainings import (
    cell_key,
    has_ended_short,
    is_repeated,
    is_short,
    short_epochs,
)
from pnas.records.child_records import SHORT_REWARD
from pnas.runs.child_identity import identify
from pnas.search import EvolutionSpec, RandomSpec, RefinedSpec, StrategyContext
from pnas.search.budget import spent_by
from pnas.search.search_run import SearchRun
from pnas.search.strategies import SearchSpec
from pnas.search.training_setup import TrainingSetup
from pnas.searching.kept_trainings import KeptTrainings
from pnas.state_space import StateSpace

SPACE = StateSpace(2, ["3x3 conv", "identity", "3x3 maxpool"], -1)
EPOCHS = 10
KEPT = {2: 1, 5: 4}
BUDGET = 20
RUNGS = [0.2, 0.5, 1.0]
SPECS: dict[str, SearchSpec] = {
    "random": RandomSpec(
        batch=4, max_children=BUDGET, rungs=RUNGS, rung_training="continued", confirm=0.2
    ),
    "evolution": EvolutionSpec(
        population=6,
        sample=3,
        batch=3,
        max_epochs=EPOCHS * BUDGET,
        rungs=RUNGS,
        rung_training="continued",
    ),
    "mixed": RefinedSpec(
        start="mixed",
        first_full=6,
        refine=3,
        max_children=BUDGET,
        rungs=[0.2, 1.0],
        rung_training="continued",
        confirm=0.2,
    ),
}


@dataclass(frozen=True)
class Continuing:
    """A runner factory whose trainings go on from the file of the job, as children do.

    Attributes:
        log: File to which each training adds the epochs that it goes on from and ends with.
    """

    log: Path

    def __call__(self) -> Runner:
        return self._train

    def _train(self, job: ChildJob) -> ChildResult:
        path = None if job.kept_path is None else Path(job.kept_path)
        begins = 0
        if path is not None and path.exists():
            seed, begins = map(int, path.read_text().split())
            assert seed == job.seed
        epochs = job.epochs or EPOCHS
        with self.log.open("a") as log:
            log.write(f"{job.seed} {begins} {epochs}\n")

        reward = fake_reward(f"{job.cell} {job.seed}")
        metrics = {"loss": [1.0] * epochs}
        if job.epochs is None:
            return ChildResult(job.cell, job.seed, Status.OK, reward, metrics, 5, 9, 1.0)
        assert path is not None
        path.write_text(f"{job.seed} {KEPT[job.epochs]}")
        metrics[SHORT_REWARD] = [reward / 2]
        return ChildResult(job.cell, job.seed, Status.OK, None, metrics, 5, 9, 0.2)


def search(
    run_dir: Path, spec: SearchSpec, *observers: KillAfter, loses_files: bool = False
) -> None:
    run_dir.mkdir(parents=True, exist_ok=True)
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        kept = KeptTrainings(run_dir / "rungs", journal)
        if loses_files:
            for path in kept.directory.iterdir():
                path.unlink()
        run = SearchRun(
            context=StrategyContext(spec, SPACE, ControllerSpec(K=3), seed=0),
            training=TrainingSetup(
                executor=SerialExecutor(Continuing(run_dir / "log")),
                observers=(kept, *observers),
                kept_dir=kept.directory,
            ),
            journal=journal,
            identify=partial(identify, SPACE, 0, continues=True),
            epochs=EPOCHS,
            kept_epochs=KEPT,
        )
        run.run()
        kept.end()


def trained_epochs(run_dir: Path) -> list[int]:
    """Return how many epochs each training took that the search has made."""
    lines = (run_dir / "log").read_text().splitlines()
    return [int(line.split()[2]) - int(line.split()[1]) for line in lines]


@pytest.fixture(params=SPECS)
def spec(request: pytest.FixtureRequest) -> SearchSpec:
    return SPECS[request.param]


def test_all_trainings_of_a_cell_but_those_that_confirm_it_have_one_seed(
    spec: SearchSpec, tmp_path: Path
) -> None:
    search(tmp_path, spec)
    seeds: dict[str, set[int]] = {}
    for child in children(tmp_path):
        if not is_repeated(child):
            seeds.setdefault(cell_key(child.key), set()).add(child.seed)
    assert all(len(each) == 1 for each in seeds.values())
    assert len(set.union(*seeds.values())) == len(seeds)


def test_a_longer_training_goes_on_where_the_short_one_was_kept(
    spec: SearchSpec, tmp_path: Path
) -> None:
    search(tmp_path, spec)
    lines = [line.split()[1:] for line in (tmp_path / "log").read_text().splitlines()]
    begins = {(int(begin), int(end)) for begin, end in lines}
    of_rungs = {(0, 2), (1, 10)} if len(spec.rungs) == 2 else {(0, 2), (1, 5), (4, 10)}
    # A confirmation trains anew.
    assert begins == (of_rungs | {(0, 10)} if spec.confirm else of_rungs)


def test_the_budget_counts_the_epochs_that_were_trained(spec: SearchSpec, tmp_path: Path) -> None:
    search(tmp_path, spec)
    epochs = sum(trained_epochs(tmp_path))
    with Journal(tmp_path / "journal.sqlite") as journal:
        spent = spent_by(journal, epochs=EPOCHS)
    assert spent.epochs == epochs
    assert spent.children == pytest.approx(epochs / EPOCHS)
    assert BUDGET - 1.5 < spent.children <= BUDGET + 1e-9


def test_a_short_training_leaves_a_file_for_the_next_one(spec: SearchSpec, tmp_path: Path) -> None:
    with pytest.raises(Kill):
        search(tmp_path, spec, KillAfter(4))
    left = {path.stem for path in (tmp_path / "rungs").iterdir()}
    short = {cell_key(child.key) for child in children(tmp_path) if has_ended_short(child)}
    assert left == short
    assert left


def test_there_is_a_file_for_cells_that_may_go_on_only(spec: SearchSpec, tmp_path: Path) -> None:
    search(tmp_path, spec)
    left = {path.stem for path in (tmp_path / "rungs").iterdir()}
    ended = children(tmp_path)
    last_search = max(child.b for child in ended if not is_repeated(child))
    in_progress = {
        cell_key(child.key) for child in ended if child.b == last_search and is_short(child)
    }
    assert left <= in_progress


@pytest.mark.parametrize(
    ("kill_after", "loses_files"), [(0, False), (5, True), (9, False), (17, True), (26, False)]
)
def test_a_killed_search_goes_on_to_the_same_end(
    spec: SearchSpec, kill_after: int, loses_files: bool, tmp_path: Path
) -> None:
    search(tmp_path / "whole", spec)
    with pytest.raises(Kill):
        search(tmp_path / "killed", spec, KillAfter(kill_after))
    with pytest.raises(Kill):
        search(tmp_path / "killed", spec, KillAfter(2), loses_files=loses_files)
    search(tmp_path / "killed", spec, loses_files=loses_files)
    assert facts(tmp_path / "killed") == facts(tmp_path / "whole")
    if not loses_files:
        assert sorted(trained_epochs(tmp_path / "killed")) == sorted(
            trained_epochs(tmp_path / "whole")
        )


def test_a_larger_budget_continues_what_was_kept(tmp_path: Path) -> None:
    spec = replace(SPECS["random"], confirm=0.0)
    search(tmp_path / "at once", replace(spec, max_children=BUDGET + 9))
    search(tmp_path / "raised", spec)
    search(tmp_path / "raised", replace(spec, max_children=BUDGET + 9))
    assert facts(tmp_path / "raised")[:-1] == facts(tmp_path / "at once")[:-1]
    assert trained_epochs(tmp_path / "raised") == trained_epochs(tmp_path / "at once")


def test_a_search_that_is_over_leaves_no_directory(tmp_path: Path) -> None:
    spec = RefinedSpec(
        start="mixed",
        first_full=6,
        refine=200,
        max_children=600,
        rungs=[0.2, 1.0],
        rung_training="continued",
    )
    search(tmp_path, spec)
    assert not (tmp_path / "rungs").exists()
    assert {short_epochs(child.key) for child in children(tmp_path)} == {2, None}


def test_there_must_be_rungs_to_continue() -> None:
    spec = RandomSpec(max_children=20, rung_training="continued")
    with pytest.raises(InvalidValue, match=r"search\.rung_training: must be anew without search"):
        spec.check(SPACE, 4, EPOCHS)


def test_a_plan_counts_what_is_left_to_train() -> None:
    spec = replace(SPECS["random"], confirm=0.0, rungs=[0.2, 0.5, 1.0])
    phases = spec.phases(SPACE, 4, kept=[0.1, 0.4])
    assert [phase.share for phase in phases] == pytest.approx([0.2, 0.4, 0.6])
    assert sum(phase.trainings for phase in phases) == pytest.approx(BUDGET, abs=1.0)
