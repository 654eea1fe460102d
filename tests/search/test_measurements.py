"""Measurements of children before their training: once a cell, and before it is trained."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from support.fake_children import FakeChildren, fake_latency

from pnas.errors import InvalidValue
from pnas.execution import SerialExecutor
from pnas.objectives import Facts, make_objectives
from pnas.predictors import make_controller_spec
from pnas.records import ChildJob, ChildRecord, ChildResult, Journal, Status, summarize
from pnas.records.child_facts import facts_of
from pnas.runs.child_identity import identify
from pnas.search import STOPPED_BY, RandomSpec, RefinedSpec, SearchSpec, StrategyContext
from pnas.search.measured_limits import MeasuredLimits
from pnas.search.measurements import Limits, Measurements
from pnas.search.objective_source import ObjectiveSource
from pnas.search.search_run import SearchRun
from pnas.search.training_setup import TrainingSetup
from pnas.state_space import Cell, StateSpace

SPACE = StateSpace(2, ["3x3 conv", "identity", "3x3 maxpool"], -1)
CONTROLLER = make_controller_spec(predictor="gp", K=4, cross_validate=0)
REFINED = RefinedSpec(
    start="mixed",
    first=4,
    first_full=4,
    refine=3,
    max_children=20,
    objectives=["reward", "latency_ms"],
)
LIMIT = 2.0


class Killed(Exception):
    """Stands for a kill of the process."""


class DyingExecutor(SerialExecutor):
    """An executor that is killed after so many results."""

    def __init__(self, folder: Path, results: int | None = None) -> None:
        super().__init__(FakeChildren(str(folder)))
        self.left = results

    def run(self, jobs: Sequence[ChildJob], *more: object) -> Iterator[tuple[int, ChildResult]]:
        for answer in super().run(jobs, *more):  # type: ignore[arg-type]
            if self.left == 0:
                raise Killed
            if self.left is not None:
                self.left -= 1
            yield answer


def search(
    run_dir: Path,
    spec: SearchSpec = REFINED,
    limit: float | None = LIMIT,
    results: int | None = None,
    reference: float | None = None,
    epochs: float = 1.0,
) -> None:
    (run_dir / "trained").mkdir(parents=True, exist_ok=True)
    executor = DyingExecutor(run_dir / "trained", results)
    limits = {} if limit is None else {"latency_ms": limit}
    of_limits = make_objectives(list(limits))
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        of_search = {"objectives": spec.objectives}
        journal.set_meta(config={"search": of_search, "state_space": {"B": 2}})

        def after(cell: Cell) -> Facts:
            return facts_of(journal.child(identify(SPACE, 0, cell)[0]))

        context = StrategyContext(
            spec,
            SPACE,
            CONTROLLER,
            seed=0,
            objectives=ObjectiveSource(make_objectives(spec.objectives), Facts, after),
            limits=MeasuredLimits(of_limits, limits, after) if limits else None,
        )
        measurements = Measurements(
            journal=journal,
            names=["latency_ms"],
            executor=executor,
            counted=lambda cell: {},
            limits=Limits(of_limits, limits),
            needed=2 if spec.uses_predictor else 1,
            reference={} if reference is None else {"latency_ms": reference},
        )
        run = SearchRun(
            context=context,
            training=TrainingSetup(executor, measurements=measurements),
            journal=journal,
            identify=partial(identify, SPACE, 0),
            epochs=epochs,
        )
        run.run()


def children_of(run_dir: Path) -> list[ChildRecord]:
    with Journal(run_dir / "journal.sqlite") as journal:
        return [child for child in journal.children() if child.ended_at is not None]


def measured(run_dir: Path) -> list[str]:
    """Return the hash of the cell of each measurement."""
    return [path.name.split("-")[0] for path in (run_dir / "trained").glob("measured*")]


def outcome(run_dir: Path) -> list[tuple[str, float | None, object]]:
    return [(child.key, child.reward, child.metrics) for child in children_of(run_dir)]


def test_no_child_is_trained_that_was_measured_to_break_a_constraint(tmp_path: Path) -> None:
    search(tmp_path)
    children = children_of(tmp_path)
    left_out = [child for child in children if child.is_left_out]
    assert left_out
    for child in children:
        latency = fake_latency(str(child.cell))
        assert child.metrics["latency_ms"] == [latency]
        assert (child.reward is None) == (latency > LIMIT)
    assert str(left_out[0].error).endswith("breaks search.constraints.latency_ms=2")
    assert not any(child.has_failed for child in children)
    trained = list((tmp_path / "trained").glob("[!m]*"))
    assert len(trained) == len(children) - len(left_out)
    with Journal(tmp_path / "journal.sqlite") as journal:
        summary = summarize(journal)
    assert summary["children_failed"] == 0
    assert summary["children_left_out"] == len(left_out)
    assert all(each["objectives"]["latency_ms"] <= LIMIT for each in summary["front"])


def test_no_child_is_trained_unmeasured_where_those_left_out_leave_epochs(tmp_path: Path) -> None:
    """A child that was left out takes no epoch, so that there is room for another one."""
    spec = RandomSpec(batch=12, max_epochs=16)  # fake children have two losses
    search(tmp_path, spec, epochs=2)
    children = children_of(tmp_path)
    left_out = [child for child in children if child.is_left_out]
    assert left_out
    assert len(children) == len(left_out) + 8
    for child in children:
        assert child.metrics["latency_ms"] == [fake_latency(str(child.cell))]
        assert (child.reward is None) == (fake_latency(str(child.cell)) > LIMIT)
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert journal.meta(STOPPED_BY) == "search.max_epochs=16"


def test_candidates_that_are_predicted_to_break_it_are_chosen_less(tmp_path: Path) -> None:
    one = replace(REFINED, objectives=["reward"], max_children=30)
    shares = []
    for name, limit in (("free", None), ("limited", 1.8)):
        search(tmp_path / name, one, limit)
        later = [child for child in children_of(tmp_path / name) if child.b > 3]
        within = [child for child in later if child.metrics["latency_ms"][0] <= 1.8]
        shares.append(len(within) / len(later))
    assert shares[1] > shares[0]


@pytest.mark.parametrize("results", [0, 1, 5, 9, 12, 19, 25])
def test_a_search_that_was_killed_ends_as_one_that_was_not(results: int, tmp_path: Path) -> None:
    search(tmp_path / "whole")
    with pytest.raises(Killed):
        search(tmp_path / "killed", results=results)
    before = measured(tmp_path / "killed")
    search(tmp_path / "killed")
    assert outcome(tmp_path / "killed") == outcome(tmp_path / "whole")
    again = measured(tmp_path / "killed")
    # What is measured while the process dies is the only thing that may be measured again.
    assert len(again) - len(set(again)) <= 1
    assert set(before) <= set(again)


def test_a_cell_is_measured_once_also_if_it_is_trained_again(tmp_path: Path) -> None:
    spec = replace(REFINED, confirm=0.4, max_children=30)
    search(tmp_path, spec, limit=None)
    children = children_of(tmp_path)
    assert any("-2" in child.key for child in children)
    assert all(child.metrics["latency_ms"] == [fake_latency(str(child.cell))] for child in children)
    assert len(measured(tmp_path)) == len(set(measured(tmp_path)))


def test_left_out_children_count_in_the_budget(tmp_path: Path) -> None:
    search(tmp_path, RandomSpec(batch=4, max_children=12))
    assert len(children_of(tmp_path)) == 12


def test_retrying_failed_children_leaves_those_alone(tmp_path: Path) -> None:
    search(tmp_path, replace(REFINED, max_children=8))
    before = outcome(tmp_path)
    search(tmp_path, replace(REFINED, max_children=8, retry_failed=True))
    assert outcome(tmp_path) == before


def test_a_failed_child_that_is_trained_again_is_not_measured_again(tmp_path: Path) -> None:
    search(tmp_path, replace(REFINED, max_children=8), limit=None)
    with Journal(tmp_path / "journal.sqlite") as journal:
        child = journal.children(1)[0]
        failed = ChildResult.failed(ChildJob(child.cell, child.seed), "boom")
    with sqlite3.connect(tmp_path / "journal.sqlite") as db:
        db.execute("UPDATE stages SET closed_at = NULL WHERE b = 1")
        db.execute("UPDATE children SET status = ? WHERE key = ?", (failed.status, child.key))
    with Journal(tmp_path / "journal.sqlite", create=True) as journal:
        journal.reopen_failed(1, ["latency_ms"])
        assert journal.child(child.key).status is Status.CHOSEN
        of_cell = ("latency_ms", "latency_ms_low", "latency_ms_high")
        assert journal.child(child.key).metrics == {name: child.metrics[name] for name in of_cell}


def test_a_constraint_that_no_cell_of_stage_1_meets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"search.constraints.latency_ms: must be at least 1\."):
        search(tmp_path, limit=0.5)


def test_a_reference_that_no_cell_of_stage_1_is_below_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"search.reference.latency_ms: must be above 1\."):
        search(tmp_path, limit=None, reference=0.5)


def test_the_error_of_a_measured_objective_is_in_the_diagnosis(tmp_path: Path) -> None:
    search(tmp_path)
    with Journal(tmp_path / "journal.sqlite") as journal:
        stages = summarize(journal)["stages"]
    errors = stages[0]["predictor"]["objectives_next"]["latency_ms"]
    assert errors["cells"] == 3
    assert 0 < errors["log_error"] < 1.5
    assert stages[-1]["predictor"]["objectives_next"] is None
