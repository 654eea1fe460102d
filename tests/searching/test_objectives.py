"""Searches of several objectives and with constraints, through run.py on a table."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from support.command import ROOT, run_here
from support.fake_children import fake_latency, fake_reward

from pnas.records import JournalReader
from pnas.searching import trained_search
from pnas.state_space import StateSpace
from pnas.tracking.search_facts import SearchFacts

DIGITS = ("trainer=tabular", f"trainer.table={ROOT / 'experiments/tables/digits.yaml'}")
TINY = (
    "state_space.B=2",
    "state_space.operators=[3x3 conv,identity]",
    "state_space.input_lookback_depth=-1",
    "controller.K=4",
    "search=progressive",
    "controller.cross_validate=0",
    "tracking=none",
)
"""3 cells of one block and 27 of two, answered by the digits table."""


@pytest.fixture(autouse=True)
def _folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def search(name: str, *overrides: str) -> dict[str, Any]:
    assert run_here(f"name={name}", *DIGITS, *TINY, *overrides) == 0
    return json.loads(Path(f"outputs/{name}/summary.json").read_text())


def children_of(name: str) -> list[dict[str, str]]:
    with Path(f"outputs/{name}/children.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    "settings",
    [
        ("search=refined", "search.start=mixed", "search.first_full=4", "search.refine=3"),
        ("search=evolution", "search.population=5", "search.sample=2", "search.batch=3"),
    ],
)
def test_killed_or_not_a_search_of_several_objectives_is_the_same(
    settings: tuple[str, ...],
) -> None:
    objectives = ("search.objectives=[reward,train_seconds]", *settings)
    whole = search("whole", *objectives, "search.max_children=16")
    for children in (8, 13, 16):
        pieces = search("pieces", *objectives, f"search.max_children={children}")
    assert pieces["front"] == whole["front"]
    assert pieces["hypervolume"] == whole["hypervolume"]
    assert children_of("pieces") == children_of("whole")


def test_the_front_and_its_hypervolume_are_in_the_summary() -> None:
    summary = search("front", "search.objectives=[reward,madds]")
    curve = summary["hypervolume"]["by_children"]
    assert len(curve) == summary["children_trained"] == 7
    assert curve == sorted(curve)
    rewards = [member["objectives"]["reward"] for member in summary["front"]]
    madds = [member["objectives"]["madds"] for member in summary["front"]]
    assert madds == sorted(madds)
    assert rewards == sorted(rewards)
    assert rewards[-1] == summary["best"]["reward"]


def test_the_front_is_printed_and_in_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    summary = search("seen", "search.objectives=[reward,madds]")
    printed = capsys.readouterr().out
    assert run_here("task=show", "from=outputs/seen") == 0
    shown = capsys.readouterr().out
    title = f"Front of reward, madds: {len(summary['front'])} of 7 cells"
    page = Path("outputs/seen/report.html").read_text()
    for text in (printed, shown, page):
        assert title in text
        assert "hypervolume: " in text
    assert "reward by multiply-adds" in page
    assert "hypervolume by children" in page


def test_the_hypervolume_of_each_stage_is_a_metric() -> None:
    summary = search("metric", "search.objectives=[reward,madds]")
    run_dir = Path("outputs/metric")
    with JournalReader(run_dir / "journal.sqlite") as journal:
        points = SearchFacts(journal, run_dir).search().points
    by_stage = {str(point.step): point.value for point in points if point.name == "hypervolume"}
    assert by_stage == pytest.approx(summary["hypervolume"]["by_stage"])


def test_a_search_of_one_objective_has_no_front() -> None:
    summary = search("one")
    assert summary["front"] is None
    assert summary["hypervolume"] is None


@pytest.mark.parametrize("kind", ["progressive", "refined", "evolution", "random"])
def test_no_child_is_trained_that_breaks_a_constraint(kind: str) -> None:
    limits = ("search.constraints.madds=250000", "search.constraints.params=22000")
    search("limited", f"search={kind}", *limits, "search.max_children=20")
    children = children_of("limited")
    assert children
    assert all(int(child["flops"]) <= 250_000 for child in children)
    assert all(int(child["params"]) <= 22_000 for child in children)


BAD_INPUT = [
    ("search.objectives=[reward,beauty]", "search.objectives: must be names among reward, "),
    ("search.objectives=[reward,reward]", "search.objectives: must be a list of different"),
    ("search.objectives=[madds]", "search.objectives: must be a list of different names with"),
    ("search.objectives=reward", "search.objectives: must be a list"),
    ("search.constraints.beauty=1", "search.constraints.beauty: must be names among"),
    ("search.constraints.madds=much", "search.constraints.madds: must be a number"),
    ("search.constraints.madds=10", "search.constraints.madds: must be at least "),
    ("search.constraints.latency_ms=1", "search.constraints.latency_ms: must be on a column"),
    ("search.objectives=[reward,latency_ms]", "search.objectives: must be a column of the table"),
    ("search.objectives=[reward,memory_mb]", "search.objectives: must be a column of the table"),
    ("search.reference.madds=1e6", "search.reference.madds: must be left out"),
    ("search.reference.madds=much", "search.reference.madds: must be a number"),
    ("inference.batch=0", "inference.batch: must be an integer from 1 to "),
    ("inference.threads=many", "inference.threads: "),
    ("inference.repetitions=1", "inference.repetitions: must be an integer from 5 to "),
    (
        "search.constraints.train_seconds=1",
        "search.constraints.train_seconds: must be on an objective that is known before",
    ),
]


@pytest.mark.parametrize(
    ("override", "said"),
    BAD_INPUT,
)
@pytest.mark.parametrize("kind", ["progressive", "evolution"])
def test_bad_input_is_one_line(
    kind: str, override: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here("name=bad", *DIGITS, *TINY, f"search={kind}", override) == 2
    error = capsys.readouterr().err
    assert error.startswith(said)
    assert error.count("\n") == 1
    assert not Path("outputs/bad").exists()


BAD_REFERENCES = [
    ("search.reference.params=1e6", "search.reference.params: must be of an objective of the "),
    ("search.reference.madds=10", "search.reference.madds: must be above "),
    ("search.reference.reward=1", "search.reference.reward: must be at least 0 and below 1"),
    ("search.reference.reward=0.9999", "search.reference.reward: must be below 0.9"),
]


@pytest.mark.parametrize(("override", "said"), BAD_REFERENCES)
def test_a_reference_that_nothing_dominates_is_one_line(
    override: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    two = "search.objectives=[reward,madds]"
    assert run_here("name=bad", *DIGITS, *TINY, two, override) == 2
    error = capsys.readouterr().err
    assert error.startswith(said)
    assert error.count("\n") == 1
    assert not Path("outputs/bad").exists()


def test_a_reference_that_is_stated_holds_in_the_search_and_in_the_summary() -> None:
    stated = ("search.reference.madds=500000", "search.reference.reward=0.5")
    summary = search("stated", "search.objectives=[reward,madds]", *stated)
    assert summary["hypervolume"]["reference"] == {"reward": 0.5, "madds": 500_000}


def write_measured_table() -> tuple[str, ...]:
    """Write a table of the tiny space with a column of latencies; return how to search in it."""
    space = StateSpace(2, ["3x3 conv", "identity"], -1)
    lines = ["cell,reward,latency_ms"]
    for blocks in (1, 2):
        for tokens in space.iter_cells(blocks):
            for cell in space.decode(tokens):
                reward = fake_reward(str(cell))
                lines.append(f'"{cell}",{reward},{fake_latency(str(cell))}')
    Path("rows.csv").write_text("\n".join(lines) + "\n")
    described = "{kind: pnas, B: 2, operators: [3x3 conv, identity], input_lookback_depth: -1}"
    Path("table.yaml").write_text(
        f"format: pnas-table-1\nspace: {described}\nrows: rows.csv\n"
        "objectives: {latency_ms: minimise}\n"
    )
    return ("trainer=tabular", "trainer.table=table.yaml", *TINY)


@pytest.mark.parametrize("kind", ["progressive", "refined", "evolution", "random"])
def test_a_constraint_on_a_column_leaves_children_out(kind: str) -> None:
    table = write_measured_table()
    limit = ("search.constraints.latency_ms=2.7", "search.max_children=20")
    assert run_here("name=limited", *table, f"search={kind}", *limit) == 0
    children = [child for child in children_of("limited") if child["status"] != "chosen"]
    for child in children:
        is_slow = fake_latency(child["cell"]) > 2.7
        assert (child["status"] == "failed") == is_slow
        assert ("breaks search.constraints.latency_ms=2.7" in child["error"]) == is_slow
    summary = json.loads(Path("outputs/limited/summary.json").read_text())
    assert summary["children_failed"] == 0
    assert summary["children_left_out"] == sum(child["status"] == "failed" for child in children)


def test_a_constraint_that_no_cell_of_stage_1_meets_is_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = write_measured_table()
    assert run_here("name=none", *table, "search.constraints.latency_ms=0.5") == 2
    error = capsys.readouterr().err
    assert error.startswith("search.constraints.latency_ms: must be at least ")
    assert error.count("\n") == 1


@pytest.mark.parametrize("kind", ["refined", "evolution"])
def test_in_pieces_or_not_a_search_with_a_measured_constraint_is_the_same(kind: str) -> None:
    table = write_measured_table()
    wanted = ("search.objectives=[reward,latency_ms]", "search.constraints.latency_ms=2.7")
    command = (*table, f"search={kind}", *wanted)
    assert run_here("name=whole", *command, "search.max_children=24") == 0
    for children in (23, 24):
        assert run_here("name=pieces", *command, f"search.max_children={children}") == 0
    assert children_of("pieces") == children_of("whole")


def test_a_table_without_the_column_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Path("rows.csv").write_text('cell,reward\n"(-1, identity, -1, identity)",0.5\n')
    space = "{kind: pnas, B: 1, operators: [identity], input_lookback_depth: -1}"
    Path("table.yaml").write_text(f"format: pnas-table-1\nspace: {space}\nrows: rows.csv\n")
    table = ("trainer=tabular", "trainer.table=table.yaml", "state_space.B=1", "tracking=none")
    of_table = ("state_space.operators=[identity]", "state_space.input_lookback_depth=-1")
    random = ("search=random", "search.objectives=[reward,madds]")
    assert run_here("name=bad", *table, *of_table, *random) == 2
    error = capsys.readouterr().err
    assert error.startswith("search.objectives: must be a column of the table")
    assert error.count("\n") == 1


@pytest.mark.slow
def test_children_that_are_trained_are_counted_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from support.fake_children import FakeChildren

    (tmp_path / "trained").mkdir()
    fakes = FakeChildren(str(tmp_path / "trained"))
    monkeypatch.setattr(trained_search, "runner_factory", lambda *_: fakes)
    limits = ("search.objectives=[reward,madds]", "search.constraints.madds=250000")
    assert run_here("name=trained", *TINY, *limits, "executor=serial") == 0
    # Of the 3 cells of one block, two convolutions side by side are too large.
    first = [child for child in children_of("trained") if child["stage"] == "1"]
    assert sorted(child["cell"] for child in first) == [
        "(-1, 3x3 conv, -1, identity)",
        "(-1, identity, -1, identity)",
    ]


def write_grown_table(B: int = 2) -> tuple[str, ...]:
    """Write a table in which larger cells are slower, and have more parameters.

    Returns:
        How to search in it.
    """
    space = StateSpace(B, ["3x3 conv", "identity"], -1)
    lines = ["cell,reward,latency_ms,params,epochs,reward@1"]
    for blocks in range(1, B + 1):
        for tokens in space.iter_cells(blocks):
            for cell in space.decode(tokens):
                reward = fake_reward(str(cell))
                latency = blocks + fake_latency(str(cell)) / 10
                lines.append(f'"{cell}",{reward},{latency},{10 * blocks},5,{reward / 2}')
    Path("rows.csv").write_text("\n".join(lines) + "\n")
    described = f"{{kind: pnas, B: {B}, operators: [3x3 conv, identity], input_lookback_depth: -1}}"
    Path("table.yaml").write_text(
        f"format: pnas-table-1\nspace: {described}\nrows: rows.csv\n"
        "objectives: {latency_ms: minimise}\n"
    )
    return ("trainer=tabular", "trainer.table=table.yaml", *TINY)


def test_a_measured_constraint_holds_for_short_trainings_too() -> None:
    table = write_grown_table()
    options = ("search=refined", "search.start=mixed", "search.first_full=6", "search.refine=2")
    budget = ("search.rungs=[0.2,1]", "search.max_children=18", "search.constraints.latency_ms=2.2")
    assert run_here("name=brief", *table, *options, *budget) == 0
    children = children_of("brief")
    trained = [child for child in children if child["status"] == "ok"]
    left_out = [child for child in children if child["status"] == "failed"]
    assert {child["epochs"] for child in trained} == {"", "1"}
    assert left_out
    assert all("breaks search.constraints.latency_ms=2.2" in child["error"] for child in left_out)


@pytest.mark.parametrize("kind", ["progressive", "refined"])
def test_a_search_ends_where_no_cell_is_left_to_be_extended(kind: str) -> None:
    table = write_grown_table(B=3)
    options = (f"search={kind}", "state_space.B=3", "controller.K=3", "search.confirm=0.2")
    limit = ("search.constraints.latency_ms=2", "search.max_children=30")
    assert run_here("name=small", *table, *options, *limit) == 0
    summary = json.loads(Path("outputs/small/summary.json").read_text())
    assert summary["status"] == "finished"
    assert summary["best"]["b"] == 1


@pytest.mark.parametrize("kind", ["random", "evolution", "mixed"])
def test_a_limit_that_no_cell_of_full_size_keeps_is_one_line(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = write_grown_table()
    options = (f"search={kind}", "search.max_children=30", "search.constraints.params=15")
    assert run_here("name=none", *table, *options) == 2
    assert capsys.readouterr().err == (
        "search.constraints.params: must be at least 20, for 1 of 27 random cells of 2 blocks to "
        "be trained at stage 1. Received: 15.0\n"
    )
