import os
import subprocess
import sys
from pathlib import Path

import pytest

from pnas.errors import RunDirectoryError
from pnas.records.run_directory import LOCK, hold

HOLD = """
import sys
from pathlib import Path
from pnas.records.run_directory import hold
with hold(Path(sys.argv[1])):
    print("held")
"""


def hold_apart(run_dir: Path) -> "subprocess.CompletedProcess[str]":
    """Hold ``run_dir`` in a process of its own."""
    command = [sys.executable, "-c", HOLD, str(run_dir)]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_second_process_is_refused_and_told_who_holds_the_run(tmp_path: Path) -> None:
    with hold(tmp_path):
        other = hold_apart(tmp_path)
    assert other.returncode == 1
    assert f"is in use by process {os.getpid()} on " in other.stderr
    assert hold_apart(tmp_path).stdout == "held\n"


def test_a_run_is_held_once_in_one_process_too(tmp_path: Path) -> None:
    rule = r"is in use by process \d+ on "
    with hold(tmp_path), pytest.raises(RunDirectoryError, match=rule), hold(tmp_path):
        pass
    with hold(tmp_path):
        pass


def test_nobody_is_named_where_nobody_holds_the_run(tmp_path: Path) -> None:
    with hold(tmp_path):
        assert (tmp_path / LOCK).read_text() != ""
    assert (tmp_path / LOCK).read_text() == ""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(RunDirectoryError, match="cannot be written"), hold(tmp_path):
        pass
