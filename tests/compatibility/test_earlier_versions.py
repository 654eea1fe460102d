"""Run directories of an earlier version (commit 49b9fd5) open, continue, report and sync.

The training that was killed (``train_part``) is from commit b558d06, the last one before trainings
had a journal.

``tests/records/fixtures/earlier`` holds one of each kind, made by the commands below with that
version. Pictures and reports are left out, and the journal is a gzipped SQL dump.
"""

import csv
import gzip
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.command import ROOT, run_here

from pnas.records import JournalReader
from pnas.tracking import MlflowSpec, open_store

EARLIER = Path(__file__).parents[1] / "records" / "fixtures" / "earlier"

TABLE = (
    "trainer=tabular",
    "trainer.table=experiments/tables/digits.yaml",
    "state_space.B=2",
    "tracking=none",
)
SMALL_LSTM = (
    "controller=lstm",
    "controller.steps=20",
    "controller.embedding=8",
    "controller.hidden=8",
)
SEARCHES = {
    "random": ("search=random", "search.max_children=10", *TABLE),
    "evolution": ("search=evolution", "search.max_children=20", *TABLE),
    "lstm": (*SMALL_LSTM, "controller.K=4", *TABLE),
    "part": ("controller.K=6", "search.max_children=38", *TABLE),
    "raised": (
        *SMALL_LSTM,
        "controller.K=9",
        "state_space.operators=[identity,3x3 maxpool,3x3 dconv]",
        "state_space.B=3",
        "state_space.input_lookback_depth=-1",
        "trainer.epochs=1",
        "child.filters=2",
        "executor=serial",
        "tracking=none",
    ),
}
TABULATE = (
    "task=tabulate",
    "task.cells=3",
    "state_space.B=2",
    "state_space.operators=[identity,3x3 maxpool]",
    "trainer.epochs=1",
    "child.filters=2",
    "executor=serial",
    "tracking=none",
)
TRAIN = (
    "task=train",
    "cell=(-1, 3x3 maxpool, -2, identity)",
    "trainer.epochs=2",
    "trainer.batchsize=64",
    "child.filters=2",
    "task.seeds=2",
    "tracking=none",
)

TRAIN_PART = (
    "task=train",
    "cell=(-1, 3x3 maxpool, -2, identity)",
    "trainer.epochs=4",
    "trainer.batchsize=64",
    "child.filters=2",
    "task.seeds=2",
    "tracking=none",
)

Unpack = Callable[[str], Path]


@pytest.fixture
def unpack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Unpack:
    """Give a copy of a fixture as ``outputs/<name>`` in a working directory of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "experiments").symlink_to(ROOT / "experiments")

    def make(name: str) -> Path:
        run_dir = tmp_path / "outputs" / name
        shutil.copytree(EARLIER / name, run_dir)
        dump = run_dir / "journal.sql.gz"
        if dump.exists():
            _restore(dump, run_dir / "journal.sqlite")
            dump.unlink()
        return run_dir

    return make


def _restore(dump: Path, journal: Path) -> None:
    with sqlite3.connect(journal) as db:
        db.executescript(gzip.decompress(dump.read_bytes()).decode())
    db.close()


def _rows(run_dir: Path) -> list[dict[str, str]]:
    with (run_dir / "children.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _times(run_dir: Path) -> list[float | None]:
    """When each child ended, which a second training would change."""
    with JournalReader(run_dir / "journal.sqlite") as journal:
        return [child.ended_at for child in journal.children()]


@pytest.mark.parametrize("name", SEARCHES)
def test_the_same_command_finds_a_search_finished(name: str, unpack: Unpack) -> None:
    run_dir = unpack(name)
    rows = _rows(run_dir)
    times = _times(run_dir)
    assert run_here(f"name={name}", *SEARCHES[name]) == 0
    assert _rows(run_dir) == rows
    assert _times(run_dir) == times


def test_a_search_that_a_budget_ended_goes_on_with_a_larger_one(unpack: Unpack) -> None:
    run_dir = unpack("part")
    before = {row["key"]: row for row in _rows(run_dir) if row["status"] == "ok"}
    command = [word for word in SEARCHES["part"] if not word.startswith("search.max_children")]
    assert run_here("name=part", *command) == 0
    after = {row["key"]: row for row in _rows(run_dir)}
    assert all(row["status"] == "ok" for row in after.values())
    assert len(after) == 36 + 6
    for key, row in before.items():
        assert after[key] == row


def test_a_search_goes_on_to_a_larger_limit(unpack: Unpack) -> None:
    run_dir = unpack("lstm")
    before = {row["key"]: row for row in _rows(run_dir)}
    command = [word.replace("controller.K=4", "controller.K=5") for word in SEARCHES["lstm"]]
    assert run_here("name=lstm", *command) == 0
    after = {row["key"]: row for row in _rows(run_dir) if row["status"] == "ok"}
    assert len(after) == len(before) + 1
    for key, row in before.items():
        assert after[key]["reward"] == row["reward"]


def test_another_meaning_is_still_refused(
    unpack: Unpack, capsys: pytest.CaptureFixture[str]
) -> None:
    unpack("evolution")
    assert run_here("name=evolution", *SEARCHES["evolution"], "seed=1") == 2
    assert "seed:" in capsys.readouterr().err


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_is_shown_reported_and_ranked(name: str, unpack: Unpack) -> None:
    run_dir = unpack(name)
    assert run_here("task=show", f"from={run_dir}") == 0
    assert run_here("task=report", f"from={run_dir}") == 0
    assert run_here("task=rank", f"task.files=[{run_dir / 'children.csv'}]") == 0
    assert (run_dir / "report.html").is_file()


@pytest.mark.parametrize("name", ["lstm", "part", "raised"])
def test_a_stored_predictor_scores_cells(name: str, unpack: Unpack) -> None:
    run_dir = unpack(name)
    output = run_dir / "scores.csv"
    assert run_here("task=score", f"from={run_dir}", f"task.output={output}") == 0
    assert output.is_file()


def test_a_table_is_found_complete(unpack: Unpack) -> None:
    run_dir = unpack("tab")
    rows = _rows(run_dir)
    table = gzip.decompress((run_dir / "table.csv.gz").read_bytes())
    assert run_here("name=tab", *TABULATE) == 0
    assert _rows(run_dir) == rows
    assert gzip.decompress((run_dir / "table.csv.gz").read_bytes()) == table


def test_trainings_are_found_complete(unpack: Unpack, capsys: pytest.CaptureFixture[str]) -> None:
    run_dir = unpack("train")
    weights = {path: path.read_bytes() for path in run_dir.rglob("weights.npz")}
    assert run_here("name=train", *TRAIN) == 0
    assert {path: path.read_bytes() for path in weights} == weights
    assert "epoch 1" not in capsys.readouterr().out


def _training(run_dir: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((run_dir / "training.json").read_text())
    return record


def test_a_training_that_is_found_complete_gets_a_journal(unpack: Unpack) -> None:
    run_dir = unpack("train")
    before = _training(run_dir)
    histories = {path: path.read_text() for path in run_dir.rglob("history.csv")}
    assert run_here("name=train", *TRAIN) == 0
    after = _training(run_dir)
    for member in after["members"]:
        assert member.pop("reward") == member["val_accuracy"]
    for cell in after["cells"]:
        assert cell.pop("reward") == cell["val_accuracy"]
    assert after == before
    assert {path: path.read_text() for path in histories} == histories
    with JournalReader(run_dir / "journal.sqlite") as journal:
        assert journal.meta("search_id") == before["training_id"]
        assert journal.meta("status") == "finished"
        assert len(journal.children()) == 2


def test_a_training_goes_on_where_it_was_killed(
    unpack: Unpack, capsys: pytest.CaptureFixture[str]
) -> None:
    run_dir = unpack("train_part")
    (first, second) = sorted(run_dir.glob("members/*"))
    weights = (first / "weights.npz").read_bytes()
    begun = (second / "history.csv").read_text().splitlines()
    assert run_here("name=train_part", *TRAIN_PART) == 0
    printed = capsys.readouterr().out
    assert "epoch 1" not in printed
    assert "epoch 2" not in printed
    assert f"{second.name} epoch 3" in printed
    assert (first / "weights.npz").read_bytes() == weights
    rows = (second / "history.csv").read_text().splitlines()
    assert len(begun) == 1 + 2
    assert len(rows) == 1 + 4
    # The header has val_accuracy now, which no epoch of the first command had.
    for row, earlier in zip(rows[1:3], begun[1:], strict=True):
        assert row.startswith(earlier)
    assert not (second / "checkpoint.npz").exists()
    members = _training(run_dir)["members"]
    assert [member["status"] for member in members] == ["finished", "finished"]
    assert all(0 <= member["test_accuracy"] <= 1 for member in members)


@pytest.mark.parametrize("name", ["train", "train_part"])
def test_a_training_is_shown_listed_and_reported(
    name: str, unpack: Unpack, capsys: pytest.CaptureFixture[str]
) -> None:
    run_dir = unpack(name)
    member = _training(run_dir)["members"][0]
    assert run_here("task=show", f"from={run_dir}") == 0
    assert f"{member['val_accuracy']:.4f}" in capsys.readouterr().out
    assert run_here("task=list") == 0
    listed = capsys.readouterr().out
    assert f"outputs/{name}" in listed
    assert "unreadable" not in listed
    assert run_here("task=report", f"from={run_dir}") == 0
    page = (run_dir / "report.html").read_text()
    assert page.count('class="plot"') == 2
    assert member["id"] in page
    assert not (run_dir / "journal.sqlite").exists()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> MlflowSpec:
    folder = tmp_path_factory.mktemp("store")
    return MlflowSpec(uri=f"sqlite:///{folder}/mlflow.db")


@pytest.mark.parametrize("name", [*SEARCHES, "tab"])
def test_a_run_is_delivered_to_mlflow(name: str, unpack: Unpack, store: MlflowSpec) -> None:
    run_dir = unpack(name)
    assert run_here("task=sync", f"from={run_dir}", f"tracking.uri={store.uri}") == 0
    with JournalReader(run_dir / "journal.sqlite") as journal:
        search_id = journal.meta("search_id")
        expected = (
            1 + len(journal.stages()) + sum(c.ended_at is not None for c in journal.children())
        )
    opened = open_store(store)
    query = f"tags.`pnas.search_id` = '{search_id}'"
    runs = opened.client.search_runs([opened.experiment_id], query, max_results=1000)
    assert len(runs) == expected


@pytest.mark.parametrize(("name", "shown"), [("train", 3), ("train_part", 3)])
def test_a_training_is_delivered_to_mlflow(
    name: str, shown: int, unpack: Unpack, store: MlflowSpec
) -> None:
    run_dir = unpack(name)
    for _ in range(2):
        assert run_here("task=sync", f"from={run_dir}", f"tracking.uri={store.uri}") == 0
    opened = open_store(store)
    query = f"tags.`pnas.training_id` = '{_training(run_dir)['training_id']}'"
    runs = opened.client.search_runs([opened.experiment_id], query)
    assert len(runs) == shown
    assert {run.data.tags["pnas.level"] for run in runs} == {"training"}
