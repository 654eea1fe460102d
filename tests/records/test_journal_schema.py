"""Journals of other versions, damaged ones, and disks without room."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from pnas.errors import NotWritable, RunDirectoryError
from pnas.records import ChildResult, Choice, Journal, Status
from pnas.records.journal_errors import JournalDamaged
from pnas.records.journal_recovery import save_what_can_be_read
from pnas.state_space import Cell

V1 = Path(__file__).parent / "fixtures" / "journal_v1.sql"
"""A search of B=3, K=4, killed after 2 of the 4 children of stage 2; written by the first version."""


def cells(count: int) -> list[Cell]:
    return [Cell([(-1, f"{2 * k + 1}x{2 * k + 1} conv", -1, "identity")]) for k in range(count)]


def filled(path: Path, count: int = 400) -> Journal:
    """A journal of one stage, closed, with a page or more of metrics for every few children."""
    journal = Journal(path, create=True)
    journal.set_meta(config={"seed": 1}, search_id="abc", status="finished")
    journal.open_stage(
        1, [Choice(cell, cell.text_hash, 1, None) for cell in cells(count)], 0, count, 0.0
    )
    end_all(journal, 0.5)
    journal.close_stage(1, {"kind": "lstm"})
    return journal


def end_all(journal: Journal, reward: float) -> None:
    for child in journal.children():
        journal.end_child(
            child.key, ChildResult(child.cell, 1, Status.OK, reward, {"loss": [0.125] * 60})
        )


@pytest.fixture
def version_1(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    with sqlite3.connect(path) as db:
        db.executescript(V1.read_text())
    db.close()
    return path


def test_a_reader_reads_version_1_and_leaves_it_as_it_is(version_1: Path) -> None:
    before = version_1.read_bytes()
    with Journal(version_1) as journal:
        assert [child.status for child in journal.children(2)] == [Status.OK] * 2 + [
            Status.CHOSEN
        ] * 2
        assert journal.superseded() == []
    assert version_1.read_bytes() == before


def test_a_writer_brings_version_1_up_to_date(version_1: Path) -> None:
    with Journal(version_1) as journal:
        children = journal.children()
        stages = journal.stages()
        config = journal.meta("config")
    for _ in range(2):
        with Journal(version_1, create=True) as journal:
            assert journal.stages() == stages
            assert journal.meta("config") == config
            assert journal.meta("schema_version") == 2
            assert journal.events() == []
            assert [child.starts for child in journal.children()] == [1] * 5 + [0] * 2
            assert [
                (c.id, c.key, c.reward, c.predicted, c.metrics) for c in journal.children()
            ] == [(c.id, c.key, c.reward, c.predicted, c.metrics) for c in children]


def test_a_kill_leaves_no_journal_without_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        Journal(tmp_path / "journal.sqlite", create=True)
    assert not (tmp_path / "journal.sqlite").exists()
    monkeypatch.undo()
    Journal(tmp_path / "journal.sqlite", create=True).close()
    assert [path.name for path in tmp_path.iterdir()] == ["journal.sqlite"]


def test_a_damaged_journal_is_named_and_what_can_be_read_is_saved_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    filled(path).close()
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 2 * 4096] = os.urandom(2 * 4096)
    path.write_bytes(content)
    with pytest.raises(JournalDamaged, match="cannot be read as a journal") as damage:
        Journal(path, create=True)
    assert "\n" not in str(damage.value)
    said = save_what_can_be_read(path)
    assert path.read_bytes() == content
    copy = tmp_path / "journal.recovered.sqlite"
    assert str(copy) in said
    with Journal(copy, create=True) as journal:
        saved = journal.superseded()
        assert f"{len(saved)} ended children, 1 stages" in said
        assert 350 < len(saved) < 400
        assert journal.stages() == journal.children() == []
        assert (journal.meta("config"), journal.meta("search_id"), journal.meta("status")) == (
            {"seed": 1}, "abc", "running",
        )  # fmt: skip
        assert {child.reward for child in saved} == {0.5}
    save_what_can_be_read(path)
    assert (tmp_path / "journal.recovered-2.sqlite").exists()


def test_a_search_on_the_saved_copy_finds_its_results_again(tmp_path: Path) -> None:
    filled(tmp_path / "journal.sqlite", 5).close()
    save_what_can_be_read(tmp_path / "journal.sqlite")
    with Journal(tmp_path / "journal.recovered.sqlite", create=True) as journal:
        journal.open_stage(
            1, [Choice(cell, cell.text_hash, 1, None) for cell in cells(6)], 0, 6, 0.0
        )
        assert [child.reward for child in journal.children(1)] == [0.5] * 5 + [None]
        assert journal.superseded() == []


@pytest.mark.parametrize("size", [0, 50, 3000, 5000, 20000])
def test_a_truncated_journal_is_refused_in_one_line_and_not_touched(
    size: int, tmp_path: Path
) -> None:
    path = tmp_path / "journal.sqlite"
    filled(path).close()
    content = path.read_bytes()[:size]
    path.write_bytes(content)
    for create in (False, True):
        with pytest.raises(RunDirectoryError) as refused, Journal(path, create=create) as journal:
            journal.children()
        assert str(path) in str(refused.value)
        assert "\n" not in str(refused.value)
    assert "\n" not in save_what_can_be_read(path)
    assert path.read_bytes() == content


def test_a_full_disk_stops_with_one_line_and_keeps_what_was_stored(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite", create=True)
    journal.open_stage(
        1, [Choice(cell, cell.text_hash, 1, None) for cell in cells(400)], 0, 400, 0.0
    )
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count = {pages + 5}")
    with pytest.raises(NotWritable, match="no room left") as full:
        end_all(journal, 0.5)
    stored = sum(child.ended_at is not None for child in journal.children())
    assert (full.value.exit_code, "\n" in str(full.value)) == (1, False)
    assert 0 < stored < 400
    journal._db.execute("PRAGMA max_page_count = 100000")
    end_all(journal, 0.25)
    assert [child.reward for child in journal.children()] == [0.5] * stored + [0.25] * (
        400 - stored
    )


def test_two_writers_do_not_lose_each_others_facts(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", create=True) as one, Journal(tmp_path / "j", create=True) as two:
        for i in range(20):
            (one, two)[i % 2].note("turn", number=i)
        assert [event.detail["number"] for event in one.events()] == list(range(20))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_journal_in_a_read_only_directory_is_read(tmp_path: Path) -> None:
    filled(tmp_path / "journal.sqlite", 3).close()
    copy = shutil.copytree(tmp_path, tmp_path / "copy")
    (copy / "journal.sqlite").chmod(0o400)
    copy.chmod(0o500)
    with Journal(copy / "journal.sqlite") as journal:
        assert len(journal.children()) == 3
