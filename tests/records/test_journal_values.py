"""Journals that SQLite can read but that hold what no search has stored."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pnas.errors import RunDirectoryError
from pnas.records import ChildResult, Choice, Journal, JournalReader, Status
from pnas.records.journal_errors import JournalDamaged
from pnas.records.journal_recovery import save_what_can_be_read
from pnas.state_space import Cell

CELLS = [Cell([(-1, f"{k}x{k} conv", -1, "identity")]) for k in (1, 3, 5)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of one closed stage with three trained children."""
    path = tmp_path / "journal.sqlite"
    with Journal(path, create=True) as journal:
        journal.set_meta(config={"seed": 1}, search_id="abc", status="finished", name="demo")
        choices = [Choice(cell, f"key-{i}", i, None) for i, cell in enumerate(CELLS)]
        journal.open_stage(1, choices, 0, 3, 0.5)
        for choice in choices:
            result = ChildResult(choice.cell, choice.seed, Status.OK, 0.5, {"loss": [1.0]}, 1, 2, 3)
            journal.end_child(choice.key, result)
        journal.close_stage(1, {"kind": "gp", "loss": 0.1, "spearman_fit": 0.9})
        journal.note("raised", limits=[1, 2])
    return path


def update(path: Path, statement: str, *values: Any) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA writable_schema=ON")
        db.execute(statement, values)
    db.close()


def read_everything(path: Path) -> None:
    with JournalReader(path) as journal:
        journal.children()
        journal.stages()
        journal.events()
        for key in ("config", "name", "status", "search_seconds", "test_accuracy"):
            journal.meta(key)


DEEP = "[" * 200_000
BAD_VALUES = {
    "metrics no JSON": ("UPDATE children SET metrics = ?", "{not JSON"),
    "metrics no mapping": ("UPDATE children SET metrics = ?", "[1, 2]"),
    "metrics of text": ("UPDATE children SET metrics = ?", '{"loss": ["a"]}'),
    "metrics of numbers": ("UPDATE children SET metrics = ?", '{"loss": 1}'),
    "metrics too deep": ("UPDATE children SET metrics = ?", DEEP),
    "unknown status": ("UPDATE children SET status = ?", "asleep"),
    "status of children.csv": ("UPDATE children SET status = ?", "superseded"),
    "infinite reward": ("UPDATE children SET reward = ?", float("inf")),
    "infinite seconds": ("UPDATE children SET seconds = ?", float("-inf")),
    "negative params": ("UPDATE children SET params = ?", -1),
    "no cell": ("UPDATE children SET cell = ?", "no cell"),
    "cell too long": ("UPDATE children SET cell = ?", "(-1, identity, -1, identity), " * 2000),
    "predictor no JSON": ("UPDATE stages SET predictor = ?", "{"),
    "predictor of text": ("UPDATE stages SET predictor = ?", '{"loss": "low"}'),
    "losses no list": ("UPDATE stages SET predictor = ?", '{"losses": 3}'),
    "correlation of text": ("UPDATE stages SET predictor = ?", '{"spearman_next": "high"}'),
    "predictor too deep": ("UPDATE stages SET predictor = ?", DEEP),
    "infinite time": ("UPDATE stages SET opened_at = ?", float("inf")),
    "config no JSON": ("UPDATE meta SET value = ? WHERE key = 'config'", "{"),
    "config no mapping": ("UPDATE meta SET value = ? WHERE key = 'config'", "[]"),
    "config too deep": ("UPDATE meta SET value = ? WHERE key = 'config'", DEEP),
    "name no text": ("UPDATE meta SET value = ? WHERE key = 'name'", "[1]"),
    "event no JSON": ("UPDATE events SET detail = ?", "x"),
    "event no mapping": ("UPDATE events SET detail = ?", "3"),
}


@pytest.mark.parametrize("name", BAD_VALUES)
def test_a_malformed_value_is_one_line_for_a_reader(name: str, path: Path) -> None:
    update(path, *BAD_VALUES[name])
    with pytest.raises(RunDirectoryError) as refused:
        read_everything(path)
    message = str(refused.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert len(message) < len(str(path)) + 400
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("name", BAD_VALUES)
def test_a_writer_finds_a_malformed_value_before_it_writes(name: str, path: Path) -> None:
    update(path, *BAD_VALUES[name])
    before = path.read_bytes()
    with pytest.raises(JournalDamaged):
        Journal(path, create=True)
    assert path.read_bytes() == before


def test_children_beside_a_malformed_one_are_saved(path: Path) -> None:
    update(path, "UPDATE children SET metrics = '{' WHERE key = 'key-1'")
    said = save_what_can_be_read(path)
    assert "2 ended children" in said
    with Journal(path.with_name("journal.recovered.sqlite"), create=True) as journal:
        assert [child.key for child in journal.superseded()] == ["key-0", "key-2"]


def flip_text(path: Path, old: bytes, new: bytes) -> None:
    """Change bytes in place, as a failing disk does; SQLite's checks do not see it in text."""
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))


def test_text_that_is_no_utf_8_is_one_line_and_the_rest_is_saved(path: Path) -> None:
    flip_text(path, b"(-1, 3x3 conv", b"(-1, 3\xff\xfe conv")
    for open_journal in (read_everything, lambda path: Journal(path, create=True)):
        with pytest.raises(JournalDamaged, match="UTF-8") as refused:
            open_journal(path)
        assert "\n" not in str(refused.value)
    assert "ended children" in save_what_can_be_read(path)


def test_a_column_too_many_is_no_matter(path: Path) -> None:
    update(path, "ALTER TABLE children ADD COLUMN note TEXT")
    update(path, "ALTER TABLE stages ADD COLUMN note TEXT")
    read_everything(path)


@pytest.mark.parametrize("table", ["children", "stages", "meta"])
def test_a_column_too_few_is_one_line(table: str, path: Path) -> None:
    column = {"children": "status", "stages": "opened_at", "meta": "value"}[table]
    update(path, f"ALTER TABLE {table} RENAME COLUMN {column} TO other")
    with pytest.raises(RunDirectoryError) as refused:
        read_everything(path)
    assert "\n" not in str(refused.value)


def test_metrics_may_hold_epochs_without_a_value_and_losses_that_diverged(path: Path) -> None:
    metrics = json.dumps({"loss": [float("nan"), float("inf")]})
    update(path, "UPDATE children SET metrics = ?", metrics)
    read_everything(path)


def test_the_name_of_earlier_versions_for_a_superseded_child_is_read() -> None:
    assert Status("spare") is Status.SUPERSEDED
    with pytest.raises(ValueError, match="is not a valid Status"):
        Status("other")


@pytest.fixture
def open_pair(path: Path) -> Callable[[], tuple[Journal, JournalReader]]:
    return lambda: (Journal(path, create=True), JournalReader(path))


def test_a_reader_sees_what_another_connection_stores(
    open_pair: Callable[[], tuple[Journal, JournalReader]],
) -> None:
    writer, reader = open_pair()
    with writer, reader:
        assert len(reader.children()) == 3
        cell = Cell([*CELLS[0].blocks, (0, "identity", -1, "identity")])
        writer.open_stage(2, [Choice(cell, "key-3", 3, 0.5)], 1, 1, 0.0)
        assert [child.key for child in reader.children(2)] == ["key-3"]
        writer.start_child("key-3", "a worker")
        assert reader.child("key-3").starts == writer.child("key-3").starts == 1
        writer.set_metrics("key-3", {"loss": [0.5]})
        writer.set_metrics("key-3", {"accuracy": [0.5], "loss": [0.5, 0.25]})
        assert reader.child("key-3").metrics == {"loss": [0.5, 0.25], "accuracy": [0.5]}
        assert reader.child("key-3").status is Status.CHOSEN
        writer.end_child("key-3", ChildResult(cell, 3, Status.OK, 0.75))
        assert [child.reward for child in reader.children()] == [0.5, 0.5, 0.5, 0.75]
        assert writer.children() == reader.children()


def test_children_in_memory_are_those_of_the_file(path: Path) -> None:
    with Journal(path, create=True) as journal:
        journal.children()
        journal.continue_with_raised_limits({}, {"controller.K": (1, 2)}, replan_from=1)
        assert journal.children() == []
        choices = [Choice(CELLS[2], "key-2", 2, 0.25), Choice(CELLS[0], "key-0", 0, 0.5)]
        journal.open_stage(1, choices, 0, 3, 0.0)
        kept = (journal.children(), journal.children(1), journal.superseded())
        with JournalReader(path) as fresh:
            assert kept == (fresh.children(), fresh.children(1), fresh.superseded())
        assert [child.key for child in kept[2]] == ["key-1"]
