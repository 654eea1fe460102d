import errno
import os
from pathlib import Path

import pytest

from pnas.errors import NotWritable, RunDirectoryError
from pnas.system.os_errors import as_user_error


def error_of(number: int, path: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), path)


@pytest.mark.parametrize(
    ("path", "place", "named"),
    [
        ("outputs/x/summary.json", Path("outputs/x"), "outputs/x/summary.json: cannot be opened"),
        (None, Path("outputs/x"), "outputs/x: cannot be opened"),
        (None, None, "the output or a file: cannot be opened"),
    ],
)
def test_a_full_disk_names_the_file_or_else_the_run_directory(
    path: str | None, place: Path | None, named: str
) -> None:
    told = as_user_error(error_of(errno.ENOSPC, path), place)
    assert isinstance(told, NotWritable)
    assert str(told).startswith(named)
    assert "No space left on device" in str(told)


def test_what_cannot_be_made_is_named_too() -> None:
    told = as_user_error(error_of(errno.EEXIST), Path("outputs/x"))
    assert isinstance(told, RunDirectoryError)
    assert str(told).startswith("outputs/x: cannot be made")


def test_what_no_user_can_put_right_stays_what_it_is() -> None:
    error = error_of(errno.EIO)
    with pytest.raises(OSError, match="Input/output") as caught:
        as_user_error(error)
    assert caught.value is error
