"""Directories that are whole or not there, whatever a killed process has left beside them."""

from pathlib import Path

import pytest

from pnas.system.atomic_write import atomic_directory
from pnas.system.file_lock import LockIsHeld


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_draft_becomes_the_directory_and_nothing_else_stays(tmp_path: Path) -> None:
    with atomic_directory(tmp_path / "export") as draft:
        (draft / "model").touch()
        assert not (tmp_path / "export").exists()
    assert names(tmp_path) == ["export"]
    assert names(tmp_path / "export") == ["model"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    export = tmp_path / "export"
    with pytest.raises(ValueError, match="spoiled"), atomic_directory(export) as draft:  # noqa: PT012
        (draft / "model").touch()
        raise ValueError("spoiled")
    assert names(tmp_path) == []


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    stale = tmp_path / ".export.draft"
    stale.mkdir()
    (stale / "half a model").touch()
    (tmp_path / ".export.lock").touch()
    with atomic_directory(tmp_path / "export") as draft:
        assert names(draft) == []
    assert names(tmp_path) == ["export"]


def test_one_process_at_a_time_makes_it(tmp_path: Path) -> None:
    path = tmp_path / "export"
    with atomic_directory(path), pytest.raises(LockIsHeld), atomic_directory(path):
        pass
    assert names(tmp_path) == ["export"]
