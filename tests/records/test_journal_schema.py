"""Journals of other versions, damaged ones, and disks without room."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from support.made_journals import choices_of, new_journal, one_block_cells, open_stage

from pnas.errors import NotWritable, RunDirectoryError
from pnas.records import ChildRecord, ChildResult, Journal, Status
from pnas.records.journal_errors import JournalDamaged
from pnas.records.journal_recovery import save_what_can_be_read
from pnas.records.plan_facts import FACTS_OF_PLAN

V1 = Path(__file__).parent / "fixtures" / "journal_v1.sql"
"""A search of B=3, K=4, killed after 2 of the 4 children of stage 2, by the first version."""

PAGE = 4096
CONFIG = {"seed": 1}


def filled(run_dir: Path, count: int = 400) -> Journal:
    """Return a journal of one closed stage, with a page or more of metrics for a few children."""
    journal = new_journal(run_dir)
    journal.set_meta(config=CONFIG, search_id="abc", status="finished")
    open_stage(journal, 1, choices_of(one_block_cells(count)))
    end_all(journal, 0.5)
    journal.close_stage(1, {"kind": "lstm"})
    return journal


def end_all(journal: Journal, reward: float) -> None:
    metrics = {"loss": [0.125] * 60}
    for child in journal.children():
        result = ChildResult(child.cell, 1, Status.OK, reward, metrics)
        journal.end_child(child.key, result)


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
        statuses = [child.status for child in journal.children(2)]
        assert journal.superseded() == []
    assert statuses == [Status.OK, Status.OK, Status.CHOSEN, Status.CHOSEN]
    assert version_1.read_bytes() == before


def known_to_version_1(child: ChildRecord) -> tuple[object, ...]:
    return child.id, child.key, child.reward, child.predicted, child.metrics


def test_a_writer_brings_version_1_up_to_date(version_1: Path) -> None:
    with Journal(version_1) as journal:
        children = [known_to_version_1(child) for child in journal.children()]
        stages = journal.stages()
        config = journal.meta("config")

    # Twice: the second time there is nothing to do.
    for _ in range(2):
        with Journal(version_1, create=True) as journal:
            assert journal.stages() == stages
            assert journal.meta("config") == config
            assert journal.meta("schema_version") == 2
            assert journal.events() == []
            migrated = journal.children()
        assert [child.starts for child in migrated] == [1] * 5 + [0] * 2
        assert [known_to_version_1(child) for child in migrated] == children


def test_a_kill_leaves_no_journal_without_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        new_journal(tmp_path)
    assert not (tmp_path / "journal.sqlite").exists()

    monkeypatch.undo()
    new_journal(tmp_path).close()
    assert [path.name for path in tmp_path.iterdir()] == ["journal.sqlite"]


def overwrite_middle(path: Path, pages: int) -> bytes:
    """Replace pages in the middle of a file by noise, and return its content."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // PAGE * PAGE
    content[middle : middle + pages * PAGE] = os.urandom(pages * PAGE)
    path.write_bytes(content)
    return bytes(content)


def test_a_damaged_journal_is_named_and_what_can_be_read_is_saved_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    filled(tmp_path).close()
    content = overwrite_middle(path, pages=2)

    with pytest.raises(JournalDamaged, match="cannot be read as a journal") as damage:
        Journal(path, create=True)
    assert "\n" not in str(damage.value)
    said = save_what_can_be_read(path)
    assert path.read_bytes() == content

    copy = tmp_path / "journal.recovered.sqlite"
    assert str(copy) in said
    with Journal(copy, create=True) as journal:
        saved = journal.superseded()
        assert journal.stages() == journal.children() == []
        assert journal.meta("config") == CONFIG
        assert journal.meta("search_id") == "abc"
        assert journal.meta("status") == "running"
    assert f"{len(saved)} ended children, 1 stages" in said
    assert 350 < len(saved) < 400
    assert {child.reward for child in saved} == {0.5}

    save_what_can_be_read(path)
    assert (tmp_path / "journal.recovered-2.sqlite").exists()


def test_a_search_on_the_saved_copy_finds_its_results_again(tmp_path: Path) -> None:
    with filled(tmp_path, 5) as filled_journal:
        filled_journal.set_meta(finalists={"after": 1}, winner={"key": "a"}, search_ended_by="time")
    save_what_can_be_read(tmp_path / "journal.sqlite")
    with Journal(tmp_path / "journal.recovered.sqlite", create=True) as journal:
        assert [journal.meta(name) for name in FACTS_OF_PLAN] == [None] * len(FACTS_OF_PLAN)
        open_stage(journal, 1, choices_of(one_block_cells(6)))
        rewards = [child.reward for child in journal.children(1)]
        assert rewards == [0.5] * 5 + [None]
        assert journal.superseded() == []


@pytest.mark.parametrize("create", [False, True], ids=["reader", "writer"])
@pytest.mark.parametrize("size", [0, 50, 3000, 5000, 20000])
def test_a_truncated_journal_is_refused_in_one_line_and_not_touched(
    size: int, create: bool, tmp_path: Path
) -> None:
    path = tmp_path / "journal.sqlite"
    filled(tmp_path).close()
    content = path.read_bytes()[:size]
    path.write_bytes(content)

    with pytest.raises(RunDirectoryError) as refused, Journal(path, create=create) as journal:
        journal.children()
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "\n" not in save_what_can_be_read(path)
    assert path.read_bytes() == content


def test_a_full_disk_stops_with_one_line_and_keeps_what_was_stored(tmp_path: Path) -> None:
    journal = new_journal(tmp_path)
    open_stage(journal, 1, choices_of(one_block_cells(400)))
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count = {pages + 5}")

    with pytest.raises(NotWritable, match="no room left") as full:
        end_all(journal, 0.5)
    assert full.value.exit_code == 1
    assert "\n" not in str(full.value)
    stored = sum(child.ended_at is not None for child in journal.children())
    assert 0 < stored < 400

    journal._db.execute("PRAGMA max_page_count = 100000")
    end_all(journal, 0.25)
    rewards = [child.reward for child in journal.children()]
    assert rewards == [0.5] * stored + [0.25] * (400 - stored)


def test_two_writers_do_not_lose_each_others_facts(tmp_path: Path) -> None:
    with new_journal(tmp_path) as one, new_journal(tmp_path) as two:
        for number in range(20):
            writer = one if number % 2 == 0 else two
            writer.note("turn", number=number)
        numbers = [event.detail["number"] for event in one.events()]
    assert numbers == list(range(20))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_journal_in_a_read_only_directory_is_read(tmp_path: Path) -> None:
    filled(tmp_path, 3).close()
    copy = shutil.copytree(tmp_path, tmp_path / "copy")
    (copy / "journal.sqlite").chmod(0o400)
    copy.chmod(0o500)
    with Journal(copy / "journal.sqlite") as journal:
        assert len(journal.children()) == 3
