"""Tables made and used through run.py: a search in no time, without TensorFlow."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support.command import ROOT, run_here
from support.fake_children import FakeChildren

from pnas.records import Journal
from pnas.records.cell_trainings import group_by_cell
from pnas.runs import run_ending
from pnas.searching import search_ending, search_pictures, trained_search
from pnas.tables import load_table

SPACE = ("state_space.operators=[3x3 maxpool,identity]", "state_space.input_lookback_depth=-1")
"""3 cells of one block and 27 of two."""
QUIET = ("tracking=none", "executor=serial")
BY_TABLE = (
    "trainer=tabular",
    "trainer.table=outputs/table/table.yaml",
    *SPACE,
    "state_space.B=2",
    *QUIET,
)
"""A search in the table that `make` makes."""
DERIVED = (".json", ".csv", ".png", ".html", ".svg")
"""Suffixes of what is written when a search has ended."""
TEN_CHILDREN = ("search=random", "search.max_children=10", "search.batch=10")


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeChildren:
    """Children that train in no time; the working directory is the test's own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trained").mkdir()
    fakes = FakeChildren(str(tmp_path / "trained"))
    monkeypatch.setattr(trained_search, "runner_factory", lambda *_: fakes)
    return fakes


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The outputs of `make`: a table of every cell, trained once. For tests that copy it."""
    home = tmp_path_factory.mktemp("made")
    (home / "trained").mkdir()
    fakes = FakeChildren(str(home / "trained"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        patch.setattr(trained_search, "runner_factory", lambda *_: fakes)
        assert make("task.repeats=1") == 0
    return home / "outputs"


@pytest.fixture
def table(outputs: Path, fakes: FakeChildren, tmp_path: Path) -> Path:
    """A copy of the table of `outputs`, where `make` in the working directory would leave it."""
    copy = shutil.copytree(outputs / "table", tmp_path / "outputs" / "table")
    return Path(copy) / "table.yaml"


@pytest.fixture(scope="module")
def whole(outputs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run directory of `TEN_CHILDREN`, which nothing stopped."""
    home = tmp_path_factory.mktemp("whole")
    shutil.copytree(outputs / "table", home / "outputs" / "table")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        search("whole", *TEN_CHILDREN)
    return home / "outputs" / "whole"


def make(*overrides: str) -> int:
    return run_here("task=tabulate", "name=table", *SPACE, "state_space.B=2", *QUIET, *overrides)


def trained() -> int:
    return len(list(Path("trained").iterdir()))


def search(name: str, *overrides: str) -> dict[str, Any]:
    assert run_here(f"name={name}", *BY_TABLE, *overrides) == 0
    return json.loads(Path(f"outputs/{name}/summary.json").read_text())


def test_a_table_is_made_in_pieces_and_answers_searches(
    fakes: FakeChildren, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make("search.max_children=10") == 0
    assert trained() == 10
    assert "stopped by search.max_children=10" in capsys.readouterr().out
    assert len(load_table("outputs/table/table.yaml").rows) == 10
    assert make() == 0
    assert trained() == 60
    assert make() == 0
    assert trained() == 60
    table = load_table("outputs/table/table.yaml")
    assert len(table.rows) == 30
    assert {len(row.rewards) for row in table.rows.values()} == {2}
    assert "30 cells, 60 trainings, 0 failed" in capsys.readouterr().out
    # More trainings of the same cells, but not other cells.
    assert make("task.repeats=3") == 0
    assert trained() == 90
    assert make("task.cells=5") == 2
    assert "task.cells: must stay None" in capsys.readouterr().err
    summary = search("random", "search=random", "search.max_children=27")
    assert summary["best"]["reward"] == max(row.rewards[0] for row in _of_two(table))
    assert (summary["children_trained"], summary["stopped_by"]) == (27, None)
    # Fake children earn the same in every training: the others agree with the one shown.
    assert summary["best"]["test_accuracy"] == pytest.approx(summary["best"]["reward"])
    assert run_here("name=table", *SPACE, *QUIET, "state_space.B=2") == 2
    assert "holds a tabulation, not a search" in capsys.readouterr().err


def _of_two(table: Any) -> list[Any]:
    return [row for key, row in table.rows.items() if key.count("(") == 2]


def test_a_sample_of_cells(fakes: FakeChildren) -> None:
    assert make("task.cells=9", "task.repeats=1") == 0
    assert len(load_table("outputs/table/table.yaml").rows) == trained() == 9


def test_a_failed_training_leaves_the_others(fakes: FakeChildren) -> None:
    cell = "(-1, identity, -1, identity)"
    fakes.faults[cell] = "once raise"
    assert make() == 0
    table = load_table("outputs/table/table.yaml")
    assert sorted({len(row.rewards) for row in table.rows.values()}) == [1, 2]
    assert len(table.rows[cell].rewards) == 1


KINDS = {
    "progressive_random": ("search=progressive_random", "controller.K=6"),
    "evolution": ("search=evolution", "controller.K=6", "search.population=5"),
    "random": ("search=random", "controller.K=6"),
}


@pytest.mark.parametrize("settings", KINDS.values(), ids=KINDS.keys())
def test_killed_or_not_a_search_by_table_is_the_same(
    settings: tuple[str, ...], table: Path
) -> None:
    whole = search("whole", *settings, "search.max_children=20")
    for children in (6, 13, 20):
        pieces = search("pieces", *settings, f"search.max_children={children}")
    assert pieces["best"] == whole["best"]
    assert Path("outputs/pieces/children.csv").read_text() == (
        Path("outputs/whole/children.csv").read_text()
    )


def test_the_seconds_of_a_table_are_spent(fakes: FakeChildren, tmp_path: Path) -> None:
    object.__setattr__(fakes, "seconds", 0.01)
    assert make("task.repeats=1") == 0
    summary = search(
        "timed",
        "search=random",
        "search.batch=1",
        "search.max_children=null",
        "search.max_seconds=0.05",
    )
    assert summary["children_trained"] == 5
    assert summary["stopped_by"] == "search.max_seconds=0.05"


def test_no_tensorflow_and_a_plan(fakes: FakeChildren, capsys: pytest.CaptureFixture[str]) -> None:
    assert make("task.repeats=1", "plan_only=true") == 0
    assert "30 cells, each trained once" in capsys.readouterr().out
    assert make("task.repeats=1") == 0
    evolution = ("search=evolution", "search.max_children=25")
    typed = ["run.py", "name=apart", *BY_TABLE, *evolution]
    code = (
        f"import sys, runpy; sys.argv = {typed!r}\n"
        f"try: runpy.run_path({str(ROOT / 'run.py')!r}, run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    loaded = {'tensorflow', 'mlflow'} & set(sys.modules)\n"
        "    print('exit', end.code, sorted(loaded))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert out.splitlines()[-1] == "exit 0 []"
    assert run_here("name=apart", *BY_TABLE, *evolution, "plan_only=true") == 0
    out = capsys.readouterr().out.split()
    assert out[out.index("random") :][:4] == ["random", "cells", "2", "20"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("state_space.B=3",), "state_space.B"),
        (("trainer.table_reward=accuracy",), "column accuracy"),
        (("controller.K=28",), "controller.K"),
        (("search=progressive", "search.probe=20", "controller.K=8"), "search.probe"),
        (("search.max_children=2",), "search.max_children"),
        (("search=random", "search.max_children=null"), "search.max_children"),
    ],
)
def test_bad_input_is_one_line(
    overrides: tuple[str, ...],
    message: str,
    table: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_here("name=bad", *BY_TABLE, *overrides) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not Path("outputs/bad").exists()


def test_a_cell_that_the_table_lacks_ends_the_search(
    fakes: FakeChildren, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make("task.cells=9", "task.repeats=1") == 0
    capsys.readouterr()
    assert run_here("name=bad", *BY_TABLE, "search=random") == 2
    error = capsys.readouterr().err
    assert "lacks this one" in error
    assert error.count("\n") == 1


def test_what_was_read_from_a_table_has_no_weights_to_export(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    search("found", "search=refined", "search.max_children=20")
    capsys.readouterr()
    assert run_here("task=export", "from=outputs/found", *QUIET) == 2
    assert "read a table has no weights" in capsys.readouterr().err


class Killed(BaseException):
    """Ends a command as SIGKILL does: nothing that catches errors meets it."""


STEPS_OF_AN_ENDING = [
    (search_ending, "write_summary"),
    (search_ending, "leave_pictures"),
    (search_pictures, "write_report"),
    (run_ending, "finish_tracking"),
]


@pytest.mark.parametrize(
    ("module", "step"),
    STEPS_OF_AN_ENDING,
    ids=[f"{module.__name__.rpartition('.')[2]}.{step}" for module, step in STEPS_OF_AN_ENDING],
)
@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
def test_killed_while_ending_the_same_command_makes_all_files(
    module: ModuleType,
    step: str,
    is_before: bool,
    table: Path,
    whole: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = getattr(module, step)

    def killed(*arguments: Any, **options: Any) -> None:
        status = json.loads(_meta("killed", "status"))
        if status != "finished":  # summaries are written during a search, too
            original(*arguments, **options)
            return
        if not is_before:
            original(*arguments, **options)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, step, killed)
        with pytest.raises(Killed):
            search("killed", *TEN_CHILDREN)

    summary = search("killed", *TEN_CHILDREN)
    assert summary["status"] == "finished"
    run_dir = Path("outputs/killed")
    assert _derived_files(run_dir) == _derived_files(whole)
    assert (run_dir / "children.csv").read_text() == (whole / "children.csv").read_text()
    assert _meta("killed", "files_complete") == "true"


def _meta(name: str, key: str) -> str:
    with closing(sqlite3.connect(f"outputs/{name}/journal.sqlite")) as db:
        (value,) = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return str(value)


def _derived_files(run_dir: Path) -> list[str]:
    names = [path.name for path in run_dir.iterdir()]
    return sorted(name for name in names if name.endswith(DERIVED))


def test_killed_after_a_confirmation_of_the_only_reward_it_ends(
    fakes: FakeChildren, monkeypatch: pytest.MonkeyPatch
) -> None:
    object.__setattr__(fakes, "seconds", 0.01)
    assert make("task.repeats=2") == 0
    budget = ("search.max_children=null", "search.max_seconds=0.02", "search.confirm=0.6")
    options = ("search=mixed", "search.objectives=[reward,params]", *budget)
    whole = search("whole", *options)
    assert [stage["trained"] for stage in whole["stages"]] == [1, 1]

    def killed(*arguments: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(search_ending, "leave_pictures", killed)
        with pytest.raises(Killed):
            search("killed", *options)
    assert json.loads(_meta("killed", "status")) == "finished"
    with Journal("outputs/killed/journal.sqlite", create=True) as journal:
        journal.set_meta(status="running")
    assert search("killed", *options)["winner"] == whole["winner"]


def test_an_asynchronous_search_by_table_is_that_of_batch_one(
    outputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(outputs, tmp_path / "outputs")
    search = (*BY_TABLE, "search=mixed", "search.first_full=4", "search.max_children=20")
    assert run_here("name=one", *search, "search.refine=1") == 0
    assert run_here("name=free", *search, "search.asynchronous=true", "search.refine=4") == 0
    one = json.loads((tmp_path / "outputs/one/summary.json").read_text())
    free = json.loads((tmp_path / "outputs/free/summary.json").read_text())
    assert free["best"] == one["best"]
    assert len(free["stages"]) < len(one["stages"])
    assert (tmp_path / "outputs/free/report.html").is_file()
    assert run_here("task=report", "from=outputs/free", "name=r") == 0


@pytest.mark.parametrize("rungs", ["[]", "[0.08,1]"])
def test_a_winner_is_judged_by_trainings_that_the_search_has_not_seen(
    rungs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = ROOT / "experiments" / "tables" / "digits_short.yaml"
    options = (f"trainer.table={path}", "state_space.B=2", f"search.rungs={rungs}", "seed=2")
    budget = ("search=random", "search.batch=6", "search.max_children=11", "search.confirm=0.25")
    assert run_here("name=judged", "trainer=tabular", *options, *budget, *QUIET) == 0

    folder = tmp_path / "outputs" / "judged"
    winner = json.loads((folder / "summary.json").read_text())["winner"]
    with Journal(folder / "journal.sqlite") as journal:
        (found,) = [each for each in group_by_cell(journal.children()) if each.key == winner["key"]]
    rewards = load_table(str(path)).row(found.cell).rewards
    others = [reward for reward in rewards if reward not in found.rewards]
    assert 1 < len(found.rewards) < len(rewards)
    assert winner["test_accuracy"] == pytest.approx(sum(others) / len(others))


def test_a_table_keeps_no_weights_and_no_predictor(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = "outputs/table"
    assert run_here("task=export", f"from={source}", *QUIET) == 2
    assert capsys.readouterr() == (
        "",
        f"from: must be a search or a training; {Path(source).absolute()} is a tabulation, which "
        f"keeps no weights. Received: '{source}'\n",
    )
    assert run_here("task=score", f"from={source}", *QUIET) == 2
    assert capsys.readouterr() == (
        "",
        f"from: must be a search that has a predictor; {source} is a tabulation, which has none. "
        f"Received: '{source}'\n",
    )


def test_a_search_without_a_predictor_scores_nothing(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    search("random", *TEN_CHILDREN)
    capsys.readouterr()
    assert run_here("task=score", "from=outputs/random", *QUIET) == 2
    assert capsys.readouterr().err == (
        "from: must be a search that has a predictor; search=random has none. "
        "Received: 'outputs/random'\n"
    )


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "search.constraints.latency_ms=5",
            "search.constraints.latency_ms: must be on a column of the table {}, which has no "
            "latency_ms. Received: 5.0\n",
        ),
        (
            "search.constraints.memory_mb=5",
            "search.constraints.memory_mb: must be on a column of the table {}; memory_mb is not "
            "known of (-1, 3x3 maxpool, -1, 3x3 maxpool). Received: 5.0\n",
        ),
        (
            "search.constraints.reward=0.5",
            "search.constraints.reward: must be on an objective that is known before training, "
            "such as params or madds, or a column of the table {}. Received: 0.5\n",
        ),
        (
            "state_space.operators=[3x3 conv]",
            "state_space.operators: must be a space that {} covers: state_space.kind=pnas "
            "state_space.B=2 'state_space.operators=[3x3 maxpool,identity]' "
            "state_space.input_lookback_depth=-1 state_space.input_lookforward_depth=null. "
            "Received: ['3x3 conv']\n",
        ),
    ],
)
def test_what_a_table_does_not_have_is_said(
    table: Path, override: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here("name=limited", *BY_TABLE, override, "plan_only=true") == 2
    assert capsys.readouterr().err == message.format("outputs/table/table.yaml")


def test_a_larger_budget_continues_a_search_that_nothing_can_confirm(table: Path) -> None:
    options = ("search=random", "search.batch=4", "search.confirm=0.25")
    assert search("raised", *options, "search.max_children=12")["children_trained"] == 12
    assert search("raised", *options, "search.max_children=16")["children_trained"] == 16


def test_a_search_that_is_over_says_which_keys_change_nothing(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = search("over", *TEN_CHILDREN)
    capsys.readouterr()
    assert search("over", *TEN_CHILDREN) == before
    assert "changes nothing" not in capsys.readouterr().out
    changes = ("search.tie_break=params", "search.max_children=8")
    assert search("over", *TEN_CHILDREN, *changes) == before
    keys = "search.max_children=8 and search.tie_break=params"
    assert f"{keys} change nothing: the search is over" in capsys.readouterr().out
    search("over", *TEN_CHILDREN, "search.tie_break=params", "search.max_children=12")
    assert "change nothing" not in capsys.readouterr().out


def test_a_finished_search_by_table_is_shown_without_the_table(table: Path) -> None:
    options = ("search=random", "search.batch=4", "search.max_children=12", "search.confirm=0.25")
    whole = search("shown", *options)
    table.unlink()
    assert search("shown", *options) == whole
