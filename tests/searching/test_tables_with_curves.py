"""Learning curves from `task=tabulate` into a table, and from there into an early stop."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from support.command import run_here
from support.learning_curves import EPOCHS, LearningChildren

from pnas.searching import trained_search
from pnas.tables import load_table

SPACE = (
    "state_space.operators=[3x3 maxpool,identity]",
    "state_space.input_lookback_depth=-1",
    "state_space.B=2",
    "tracking=none",
    "executor=serial",
)
BY_TABLE = (*SPACE, "trainer=tabular", "trainer.table=outputs/table/table.yaml")
STOPPING = ("search=random", "search.batch=5", "search.max_children=12", "search.early_stop=0.3")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a table of 30 cells, each trained twice; to be read only."""
    home = tmp_path_factory.mktemp("home")
    (home / "trained").mkdir()
    children = LearningChildren(home / "trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        patch.setattr(trained_search, "runner_factory", lambda *_: children)
        command = ("task=tabulate", "name=table", *SPACE, "task.repeats=2", "trainer.epochs=10")
        assert run_here(*command, "search.early_stop=0.9") == 0
    return home


@pytest.fixture
def summary(home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The summary of a search that stops early."""
    monkeypatch.chdir(home)
    assert run_here("name=stopping", *BY_TABLE, *STOPPING) == 0
    return json.loads((home / "outputs" / "stopping" / "summary.json").read_text())


def test_a_tabulation_keeps_every_curve_and_stops_none(home: Path) -> None:
    table = load_table(home / "outputs" / "table" / "table.yaml")
    assert table.has_curves
    assert len(table.rows) == 30
    for row in table.rows.values():
        for reward, curve in zip(row.rewards, row.curves, strict=True):
            assert len(curve.losses) == EPOCHS
            assert float(curve.accuracies[-1]) == pytest.approx(reward)


def test_a_search_by_table_stops_early_and_trains_more_cells(
    home: Path, summary: dict[str, Any]
) -> None:
    with (home / "outputs" / "stopping" / "children.csv").open() as file:
        rows = list(csv.DictReader(file))
    stopped = [row for row in rows if row["status"] == "stopped"]
    assert len(stopped) == summary["children_stopped"] > 0
    assert {row["epochs"] for row in stopped} <= {"2", "5"}
    whole = [row for row in rows if row["status"] == "ok"]
    epochs = EPOCHS * len(whole) + sum(int(row["epochs"]) for row in stopped)
    assert 11 * EPOCHS < epochs <= 12 * EPOCHS
    assert len(whole) + len(stopped) > 12


def test_it_finds_the_best_cell_that_a_whole_search_of_the_same_cells_finds(
    home: Path, summary: dict[str, Any]
) -> None:
    assert run_here("name=whole", *BY_TABLE, "search=random", "search.max_children=30") == 0
    whole = json.loads((home / "outputs" / "whole" / "summary.json").read_text())
    assert whole["children_stopped"] == 0
    assert summary["best"]["reward"] >= 0.9 * whole["best"]["reward"]


@pytest.mark.parametrize(
    ("override", "rule"),
    [
        ("trainer.table_shown=mean", "must be 0 with trainer.table_shown=mean"),
        ("trainer.table=outputs/bare.yaml", "must be 0 with trainer.table="),
    ],
)
def test_tables_that_cannot_stop_early_are_refused(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    override: str,
    rule: str,
) -> None:
    monkeypatch.chdir(home)
    text = (home / "outputs" / "table" / "table.yaml").read_text()
    bare = text.replace("curves: table.curves.npz\n", "").replace("table.csv", "table/table.csv")
    (home / "outputs" / "bare.yaml").write_text(bare)
    assert run_here("name=refused", *BY_TABLE, *STOPPING, override) == 2
    message = capsys.readouterr().err.strip()
    assert message.startswith(f"search.early_stop: {rule}")
    assert "\n" not in message
