import os
from pathlib import Path

import pytest

from pnas.errors import NotWritable
from pnas.system.atomic_write import atomic_write, write_text


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    for text in ("first\n", "second ρ\n"):
        write_text(path, text)
        assert path.read_text(encoding="utf-8") == text
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    path.write_text("before")
    with pytest.raises(KeyboardInterrupt), atomic_write(path) as draft:  # noqa: PT012
        draft.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_in_the_place_of_the_draft_is_not_followed(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("untouched")
    (tmp_path / f".summary.json.{os.getpid()}").symlink_to(theirs)
    write_text(tmp_path / "summary.json", "{}")
    assert theirs.read_text() == "untouched"


def test_a_directory_that_is_gone_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "summary.json"
    with pytest.raises(NotWritable, match="cannot be written") as refused:
        write_text(path, "{}")
    assert str(path) in str(refused.value)
    assert refused.value.exit_code == 1
