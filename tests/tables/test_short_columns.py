"""Short trainings in tables: written, read, looked up, and refused where they are missing."""

from pathlib import Path

import pytest

from pnas.errors import InvalidValue
from pnas.records import ChildJob, Status
from pnas.records.child_records import SHORT_REWARD
from pnas.state_space import StateSpace
from pnas.tables import Row, TableRunnerFactory, load_table, write_table
from pnas.tables.reward_table import ShortTraining, Table

SPACE = StateSpace(1, ["3x3 conv", "identity"], -1)
CELLS = SPACE.initial_children()
SHORT = {2: (ShortTraining(0.25, 1.5), ShortTraining(0.5, None)), 5: (ShortTraining(0.75, 0.5),)}


@pytest.fixture
def table(tmp_path: Path) -> Table:
    rows = [(CELLS[0], Row((0.9,), epochs=10, seconds=20.0, shorter=SHORT))]
    rows += [(cell, Row((0.8,), epochs=10, shorter={2: SHORT[2]})) for cell in CELLS[1:]]
    path = tmp_path / "table.yaml"
    write_table(path, SPACE, rows, {})
    return load_table(path)


def test_what_is_written_is_read(table: Table) -> None:
    assert table.row(CELLS[0]).shorter == SHORT
    assert table.row(CELLS[1]).shorter == {2: SHORT[2]}


def test_a_rung_is_known_where_every_cell_has_it(table: Table) -> None:
    assert table.short_epochs == [2]


def test_a_short_training_is_looked_up_by_its_epochs(table: Table) -> None:
    run = TableRunnerFactory(table)()
    result = run(ChildJob(CELLS[0], seed=1, epochs=5))
    assert result.status is Status.OK
    assert result.reward is None
    assert result.metrics == {SHORT_REWARD: [0.75], "epochs": [5.0], "loss": [0.5]}
    assert result.seconds == 10.0


def test_seeds_show_different_trainings(table: Table) -> None:
    run = TableRunnerFactory(table)()
    shown = {run(ChildJob(CELLS[0], seed, epochs=2)).metrics[SHORT_REWARD][0] for seed in range(20)}
    assert shown == {0.25, 0.5}


def test_a_training_that_the_table_lacks_is_refused(table: Table) -> None:
    run = TableRunnerFactory(table)()
    with pytest.raises(InvalidValue, match="must hold trainings of 5 epochs"):
        run(ChildJob(CELLS[1], seed=1, epochs=5))


def test_short_trainings_are_part_of_the_fingerprint(table: Table, tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    write_table(path, SPACE, [(cell, Row((0.8,), epochs=10)) for cell in CELLS], {})
    assert load_table(path).fingerprint != table.fingerprint
