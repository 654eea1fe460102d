"""`task=sync`: journals into any store, any number of times."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.command import run_here

from pnas.records import ChildResult, Choice, Journal, Status
from pnas.records.run_directory import hold
from pnas.records.run_identity import settle_identity
from pnas.state_space import Cell
from pnas.tracking import MlflowSpec, open_store

CELLS = [Cell.parse(f"(-1, {name}, -1, identity)") for name in ("identity", "3x3 conv", "5x5 conv")]


def make_run(run_dir: Path, ended: int, status: str) -> None:
    """A search of one stage, of whose three children ``ended`` have ended."""
    run_dir.mkdir(parents=True)
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        journal.set_meta(
            search_id=run_dir.name,
            name=run_dir.name,
            config={"seed": 1},
            started_at=1e9,
            status=status,
        )
        choices = [Choice(cell, f"key-{i}", i, None) for i, cell in enumerate(CELLS)]
        journal.open_stage(1, choices, 0, 3, 0.0)
        for i in range(ended):
            result = ChildResult(
                CELLS[i],
                seed=i,
                status=Status.OK,
                reward=0.5 + i / 10,
                metrics={"loss": [1.0, 0.5]},
                params=10,
                flops=20,
                seconds=1.0,
            )
            journal.end_child(f"key-{i}", result)
        if ended == 3:
            journal.close_stage(1, {"kind": "lstm", "loss": 0.1, "losses": [0.1]})


@pytest.fixture
def home(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: an empty store, a finished run and one that was killed."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    make_run(tmp_path / "outputs" / "whole", 3, "finished")
    make_run(tmp_path / "outputs" / "killed", 1, "running")
    return tmp_path


def shown(database: Path) -> dict[str, tuple[str, dict[str, Any]]]:
    """Status and metrics of every run in the store, by search and key."""
    store = open_store(MlflowSpec(uri=f"sqlite:///{database.absolute()}"))
    found = {}
    for run in store.client.search_runs([store.experiment_id], max_results=1000):
        tags = run.data.tags
        name = f"{tags['pnas.search_id']}/{tags['pnas.key']}"
        assert name not in found, "a run is there twice"
        found[name] = (run.info.status, run.data.metrics)
    return found


def statuses_of(database: Path, search: str) -> dict[str, str]:
    """Status of every run of ``search`` in the store, by key."""
    statuses = {}
    for name, (status, _) in shown(database).items():
        search_id, key = name.split("/", maxsplit=1)
        if search_id == search:
            statuses[key] = status
    return statuses


BOTH = "task.files=[outputs/*/journal.sqlite]"


def test_several_runs_are_shown_once_however_often(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here("task=sync", BOTH) == 0
    first = shown(home / "mlflow.db")
    out = capsys.readouterr().out
    assert "2 runs to sqlite:///" in out
    assert "whole: finished, 1 stage, 3 children: 5 MLflow runs made" in out
    assert statuses_of(home / "mlflow.db", "whole") == {
        "search": "FINISHED",
        "stage/1": "FINISHED",
        "key-0": "FINISHED",
        "key-1": "FINISHED",
        "key-2": "FINISHED",
    }
    assert first["whole/search"][1]["best_reward"] == 0.7
    for _ in range(2):
        assert run_here("task=sync", BOTH) == 0
        assert shown(home / "mlflow.db") == first
    assert capsys.readouterr().out.count("nothing was missing") == 4
    assert sorted(path.name for path in (home / "outputs").iterdir()) == ["killed", "whole"]


def test_what_a_kill_left_open_is_closed(home: Path) -> None:
    assert run_here("task=sync", "from=outputs/killed") == 0
    assert {name.split("/")[0] for name in shown(home / "mlflow.db")} == {"killed"}
    assert statuses_of(home / "mlflow.db", "killed") == {
        "search": "KILLED",
        "stage/1": "KILLED",
        "key-0": "FINISHED",
    }


def test_a_search_that_is_at_work_is_left_running(home: Path) -> None:
    with hold(home / "outputs" / "killed"):
        assert run_here("task=sync", "from=outputs/killed") == 0
    assert shown(home / "mlflow.db")["killed/search"][0] == "RUNNING"
    assert run_here("task=sync", "from=outputs/killed") == 0
    assert shown(home / "mlflow.db")["killed/search"][0] == "KILLED"


def test_another_store_gets_all_of_it_too(home: Path, empty_store: Path) -> None:
    shutil.copy(empty_store, home / "other.db")
    assert run_here("task=sync", "from=outputs/whole") == 0
    assert run_here("task=sync", "from=outputs/whole", "tracking.uri=sqlite:///other.db") == 0
    assert shown(home / "other.db") == shown(home / "mlflow.db")


def test_one_run_that_cannot_be_shown_does_not_stop_the_others(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "outputs" / "broken").mkdir()
    (home / "outputs" / "broken" / "journal.sqlite").write_text("not a journal " * 100)
    assert run_here("task=sync", BOTH) == 2
    captured = capsys.readouterr()
    assert "broken: failed: " in captured.out
    assert captured.err.startswith("1 of 3 runs could not be delivered")
    assert {key.split("/")[0] for key in shown(home / "mlflow.db")} == {"whole", "killed"}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["from=outputs/whole", "tracking=none"],
            "tracking: must be an MLflow store for task=sync",
        ),
        ([], "from: must name a run directory or an MLflow run id for task=sync"),
        (["task.files=[nothing/*]"], "task.files: must name runs that exist"),
        (["task.files=[mlflow.db]"], "task.files: .* is not a run directory"),
        (
            ["from=outputs/whole", "tracking.uri=http://127.0.0.1:1"],
            "1 of 1 run could not be delivered",
        ),
    ],
)
def test_mistakes(
    overrides: list[str], message: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here("task=sync", *overrides) == 2
    assert re.match(message, capsys.readouterr().err)


def test_only_the_store_changes(home: Path) -> None:
    before = (home / "outputs" / "whole" / "journal.sqlite").read_bytes()
    assert run_here("task=sync", "from=outputs/whole") == 0
    assert (home / "outputs" / "whole" / "journal.sqlite").read_bytes() == before


def test_a_copied_run_is_shown_beside_its_original(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    original = home / "outputs" / "whole"
    with Journal(original / "journal.sqlite", create=True) as journal:
        settle_identity(journal, original)
    shutil.copytree(original, home / "outputs" / "copy")
    assert run_here("task=sync", "task.files=[outputs/whole/journal.sqlite]") == 0
    assert "is a copy of" not in capsys.readouterr().out

    for _ in range(2):
        assert run_here("task=sync", "task.files=[outputs/copy/journal.sqlite]") == 0
    assert capsys.readouterr().out.count("is a copy of") == 1
    searches = [key for key in shown(home / "mlflow.db") if key.endswith("/search")]
    assert len(searches) == 2
    assert "whole/search" in searches
