"""Learning curves of tables: written, read, answered with, and refused where they do not fit."""

import math
from pathlib import Path

import numpy as np
import pytest
from support.learning_curves import stop_after

from pnas.errors import InvalidValue
from pnas.records import ChildJob, Status
from pnas.state_space import StateSpace
from pnas.tables import Row, TableRunnerFactory, load_table, write_table
from pnas.tables.learning_curves import Curve
from pnas.tables.reward_table import Table

SPACE = StateSpace(1, ["3x3 conv", "identity"], -1)
CELLS = SPACE.initial_children()
REWARDS = (0.75, 0.5)
METRICS = {"loss": [2.0, 1.5, 1.0], "val_accuracy": [math.nan, 0.5, 0.75]}


def curve(reward: float) -> Curve:
    found = Curve.of({"loss": METRICS["loss"], "val_accuracy": [math.nan, 0.5, reward]})
    assert found is not None
    return found


def rows(rewards: tuple[float, ...] = REWARDS) -> list[tuple[object, Row]]:
    curves = tuple(curve(reward) for reward in rewards)
    row = Row(rewards, epochs=3.0, seconds=6.0, params=5, curves=curves)
    return [(cell, row) for cell in CELLS]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    write_table(tmp_path / "table.yaml", SPACE, rows(), {})
    return load_table(tmp_path / "table.yaml")


def test_what_is_written_is_read(table: Table) -> None:
    assert table.has_curves
    for cell in CELLS:
        first, second = table.row(cell).curves
        np.testing.assert_equal(first.as_metrics(), METRICS)
        np.testing.assert_equal(second.accuracies[-1], 0.5)


def test_a_row_of_fewer_trainings_has_as_many_curves(tmp_path: Path) -> None:
    mixed = [*rows()[:1], *rows((0.25,))[1:]]
    write_table(tmp_path / "table.yaml", SPACE, mixed, {})
    table = load_table(tmp_path / "table.yaml")
    assert table.has_curves
    assert [len(table.row(cell).curves) for cell in CELLS[:2]] == [2, 1]


def test_equal_curves_make_equal_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_table(tmp_path / f"{name}.yaml", SPACE, rows(), {})
    assert (tmp_path / "a.curves.npz").read_bytes() == (tmp_path / "b.curves.npz").read_bytes()


def test_a_child_has_its_curve_where_it_is_asked_for(table: Table) -> None:
    job = ChildJob(CELLS[0], seed=1)
    bare = TableRunnerFactory(table)()(job)
    assert bare.metrics == {"epochs": [3.0]}
    shown = TableRunnerFactory(table, shows_curves=True)()(job)
    assert shown.reward == bare.reward
    assert shown.metrics["loss"] == METRICS["loss"]
    assert shown.metrics["val_accuracy"][-1] == shown.reward


def test_a_training_of_a_table_is_stopped_as_if_it_were_trained(table: Table) -> None:
    run = TableRunnerFactory(table, shows_curves=True)()
    stopped = run(ChildJob(CELLS[0], seed=1, stop_rule=stop_after(2)))
    assert (stopped.status, stopped.reward) == (Status.STOPPED, None)
    assert stopped.metrics["epochs"] == [2.0]
    assert stopped.metrics["loss"] == [2.0, 1.5]
    assert stopped.seconds == 4.0
    kept = run(ChildJob(CELLS[0], seed=1, stop_rule=stop_after(2, never=True)))
    assert (kept.status, kept.metrics["epochs"]) == (Status.OK, [3.0])


def test_a_table_without_curves_is_what_it_was(table: Table, tmp_path: Path) -> None:
    bare = [(cell, Row(REWARDS, epochs=3.0)) for cell in CELLS]
    write_table(tmp_path / "bare.yaml", SPACE, bare, {})
    read = load_table(tmp_path / "bare.yaml")
    assert not read.has_curves
    assert not (tmp_path / "bare.curves.npz").exists()
    assert read.fingerprint != table.fingerprint


def edited(tmp_path: Path, **arrays: object) -> Path:
    """Write a table some of whose arrays of curves are replaced, or removed by None."""
    path = tmp_path / "table.yaml"
    write_table(path, SPACE, rows(), {})
    file = tmp_path / "table.curves.npz"
    with np.load(file) as stored:
        contents = {**stored, **arrays}
    np.savez(file, **{name: array for name, array in contents.items() if array is not None})
    return path


@pytest.mark.parametrize(
    ("arrays", "rule"),
    [
        ({"loss": None}, "must have an array loss in table.curves.npz"),
        ({"validated": np.array([2])}, "must have curves in table.curves.npz whose arrays fit"),
        ({"validated": np.array([0, 9])}, "must have validated epochs in table.curves.npz"),
        ({"loss": np.zeros((3, 3))}, "must have curves in table.curves.npz whose arrays fit"),
        ({"validated": np.array(["a", "b"])}, "must have curves in table.curves.npz whose arrays"),
        ({"cell": np.array(["(-1, 9x9 conv, -1, identity)"] * 3)}, "must hold cells of its own"),
    ],
)
def test_curves_that_do_not_fit_are_refused(
    tmp_path: Path, arrays: dict[str, object], rule: str
) -> None:
    with pytest.raises(InvalidValue, match=rf"^trainer\.table: {rule}"):
        load_table(edited(tmp_path, **arrays))


def test_a_table_with_a_training_without_its_curve_has_none(tmp_path: Path) -> None:
    losses = np.full((len(CELLS), 2, 3), 1.0, np.float32)
    losses[0, 1] = math.nan
    table = load_table(edited(tmp_path, loss=losses))
    assert not table.has_curves
    assert len(table.rows) == len(CELLS)


@pytest.mark.parametrize("name", ["../table.curves.npz", "missing.npz", "table.csv.gz"])
def test_a_file_elsewhere_or_of_another_kind_is_refused(tmp_path: Path, name: str) -> None:
    path = edited(tmp_path)
    path.write_text(path.read_text().replace("table.curves.npz", name))
    with pytest.raises(InvalidValue, match=r"^trainer\.table: must have "):
        load_table(path)


def test_metrics_without_an_accuracy_of_each_epoch_have_no_curve() -> None:
    assert Curve.of({"loss": [1.0, 2.0]}) is None
    assert Curve.of({}) is None
