import shutil
from pathlib import Path

import pytest

from pnas.records import Journal
from pnas.records.run_identity import settle_identity


def identity(run_dir: Path) -> tuple[str | None, str, str]:
    """What a command that writes in ``run_dir`` says and finds: (line, search_id, name)."""
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        line = settle_identity(journal, run_dir)
        return line, journal.meta("search_id"), journal.meta("name")


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    run_dir = tmp_path / "first"
    run_dir.mkdir()
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        journal.set_meta(search_id="abc", name="first", tracked=True, tracking={"run_id": "1"})
    assert identity(run_dir) == (None, "abc", "first")
    return run_dir


def test_a_copy_says_so_once_and_is_another_search(run_dir: Path) -> None:
    copy = Path(shutil.copytree(run_dir, run_dir.with_name("second")))
    line, search_id, name = identity(copy)
    assert line is not None
    assert str(copy) in line
    assert str(run_dir) in line
    assert search_id != "abc"
    assert name == "second"
    assert identity(copy) == (None, search_id, "second")
    assert identity(run_dir) == (None, "abc", "first")
    with Journal(copy / "journal.sqlite") as journal:
        assert (journal.meta("tracked"), journal.meta("tracking")) == (False, None)
        assert [event.kind for event in journal.events()] == ["copied"]


def test_a_directory_that_was_moved_stays_the_same_search(run_dir: Path) -> None:
    moved = run_dir.rename(run_dir.with_name("moved"))
    assert identity(moved) == (None, "abc", "first")
    assert identity(moved) == (None, "abc", "first")


def test_a_directory_whose_place_another_search_took_stays_the_same(run_dir: Path) -> None:
    moved = run_dir.rename(run_dir.with_name("moved"))
    run_dir.mkdir()
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        journal.set_meta(search_id="other")
    assert identity(moved) == (None, "abc", "first")


def test_a_link_to_a_run_directory_is_no_copy(run_dir: Path) -> None:
    link = run_dir.with_name("link")
    link.symlink_to(run_dir)
    assert identity(link) == (None, "abc", "first")
