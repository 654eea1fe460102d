"""Run directories that were copied, moved, or whose journal was deleted."""

import shutil
from pathlib import Path

import pytest
from support.command import ROOT, run_here

from pnas.records import JournalReader

SEARCH = (
    "search=random",
    "search.max_children=4",
    "trainer=tabular",
    "trainer.table=experiments/tables/digits.yaml",
    "state_space.B=2",
    "tracking=none",
)


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The outputs of a finished search called ``first``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "experiments").symlink_to(ROOT / "experiments")
    assert run_here("name=first", *SEARCH) == 0
    return tmp_path / "outputs"


def search_id(run_dir: Path) -> str:
    with JournalReader(run_dir / "journal.sqlite") as journal:
        return str(journal.meta("search_id"))


def test_a_copy_goes_on_as_a_search_of_its_own(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(outputs / "first", outputs / "second")
    capsys.readouterr()
    command = [word.replace("children=4", "children=8") for word in SEARCH]
    assert run_here("name=second", *command) == 0
    assert "is a copy of" in capsys.readouterr().out
    assert search_id(outputs / "second") != search_id(outputs / "first")


def test_a_run_that_was_moved_is_the_same_search(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = search_id(outputs / "first")
    (outputs / "first").rename(outputs / "second")
    capsys.readouterr()
    assert run_here("name=second", *SEARCH) == 0
    assert "is a copy of" not in capsys.readouterr().out
    assert search_id(outputs / "second") == before


def test_a_run_without_its_journal_says_how_to_go_on(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (outputs / "first").glob("journal.sqlite*"):
        path.unlink()
    before = sorted(path.name for path in (outputs / "first").iterdir())
    assert run_here("name=first", *SEARCH) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "has lost its journal" in message
    assert "from a backup, or choose another name" in message
    assert sorted(path.name for path in (outputs / "first").iterdir()) == before
