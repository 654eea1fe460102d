"""Directories that cannot be made are one line; an archive that cannot be written can be read."""

import os
from pathlib import Path

import pytest
from support.command import run_here
from support.small import BY_TABLE, SMALL, write_small_table

from pnas.records import Journal

QUIET = ("tracking=none",)


@pytest.fixture(autouse=True)
def _folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def error_of(*overrides: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line that a refused command prints."""
    capsys.readouterr()
    assert run_here(*overrides, *QUIET) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_a_file_called_outputs(capsys: pytest.CaptureFixture[str]) -> None:
    Path("outputs").write_text("")
    assert "outputs/x: cannot be made" in error_of("name=x", capsys=capsys)
    assert run_here("name=x", "plan_only=true", *QUIET) == 0


def test_a_name_that_is_too_long(capsys: pytest.CaptureFixture[str]) -> None:
    name = "n" * 300
    assert error_of(f"name={name}", capsys=capsys).startswith("name: must be")
    assert not Path("outputs").exists()


def test_a_disk_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        # Hydra asks for the working directory, which is there.
        if path == Path():
            return
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert "outputs/x: cannot be made" in error_of("name=x", capsys=capsys)
    assert run_here("task=list", *QUIET) == 0
    multirun = error_of("-m", "name=x", "seed=1,2", "hydra.sweep.dir=m", capsys=capsys)
    assert "m: cannot be opened or written" in multirun


def test_commands_that_read_leave_no_folder() -> None:
    assert run_here("task=list", *QUIET) == 0
    assert run_here("name=x", "plan_only=true", *QUIET) == 0
    assert not Path("outputs").exists()


def test_a_finished_search_in_an_archive_returns_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    search = ("name=x", "executor=serial", *SMALL, *QUIET)
    assert run_here(*search) == 0
    Path("outputs/x/.lock").unlink()
    monkeypatch.setattr(os, "access", lambda *_: False)
    capsys.readouterr()
    assert run_here(*search) == 0
    assert "outputs/x cannot be written; the search is over" in capsys.readouterr().out
    assert not Path("outputs/x/.lock").exists()
    assert "task.output: must name" in error_of("task=report", "from=outputs/x", capsys=capsys)
    assert run_here("task=report", "from=outputs/x", "task.output=r.html") == 0
    for task in ("report", "rank", "score", "export"):
        error = error_of(f"task={task}", "from=outputs/x", capsys=capsys)
        assert error.startswith("task.output: must name ")
        assert error.endswith("outputs/x cannot be written. Received: None\n")


def test_a_search_in_an_archive_cannot_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_small_table(tmp_path)
    search = ("name=x", *BY_TABLE, "search=random")
    assert run_here(*search, "search.max_children=3") == 0
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert run_here(*search, "search.max_children=3") == 0
    error = error_of(*search, "search.max_children=4", capsys=capsys)
    assert error == (
        "search.max_children: must stay 3: outputs/x cannot be written, so that its search cannot "
        "go on. Received: 4\n"
    )
    with Journal(Path("outputs/x/journal.sqlite"), create=True) as journal:
        journal.set_meta(status="running")
    error = error_of(*search, "search.max_children=3", capsys=capsys)
    assert error == "outputs/x: cannot be written, and its search is not over\n"


TRAINING = (
    "task=train",
    "cell=(-1, 3x3 maxpool, -2, identity)",
    "name=t",
    "trainer.epochs=1",
    "child.filters=2",
)


def test_a_finished_training_in_an_archive_returns_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here(*TRAINING, *QUIET) == 0
    Path("outputs/t/.lock").unlink()
    monkeypatch.setattr(os, "access", lambda *_: False)
    capsys.readouterr()
    assert run_here(*TRAINING, *QUIET) == 0
    out = capsys.readouterr().out
    assert "outputs/t cannot be written; the training is over" in out
    assert "best by validation: members/" in out
    assert "reading data" not in out
    assert not Path("outputs/t/.lock").exists()

    error = error_of(*TRAINING, "trainer.epochs=2", capsys=capsys)
    assert error.startswith("trainer.epochs: ")
    assert error_of("name=t", capsys=capsys).startswith("name: ")
    with Journal(Path("outputs/t/journal.sqlite"), create=True) as journal:
        journal.set_meta(status="failed")
    error = error_of(*TRAINING, capsys=capsys)
    assert error == "outputs/t: cannot be written, and its training is not over\n"


def test_a_search_in_an_archive_is_no_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_small_table(tmp_path)
    assert run_here("name=t", *BY_TABLE, "search=random", "search.max_children=3") == 0
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "holds a search, not a training" in error_of(*TRAINING, capsys=capsys)
