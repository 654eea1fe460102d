"""Commands whose output nobody reads, or that were started without some of the standard streams."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import RUN


def in_shell(arguments: str, tmp_path: Path) -> "subprocess.CompletedProcess[str]":
    """Run the command in bash, which redirects its streams."""
    command = f"{shlex.join([sys.executable, str(RUN)])} {arguments}"
    script = f"{command}; exit ${{PIPESTATUS[0]}}"
    return subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True)


@pytest.mark.parametrize("arguments", ["--help", "plan_only=true"])
def test_output_that_nobody_reads_ends_a_command_without_a_word(
    arguments: str, tmp_path: Path
) -> None:
    done = in_shell(f"{arguments} | true", tmp_path)
    assert done.stderr == ""
    # 0 where the last line was written before the reader ended.
    assert done.returncode in (0, 1)


def test_a_command_without_standard_error_works_and_is_refused_as_ever(tmp_path: Path) -> None:
    listed = in_shell("task=list 2>&-", tmp_path)
    assert listed.returncode == 0
    assert listed.stdout == "no runs in outputs yet\n"
    assert in_shell("task=lst 2>&-", tmp_path).returncode == 2


def test_a_command_without_any_stream_works(tmp_path: Path) -> None:
    assert in_shell("task=list <&- >&- 2>&-", tmp_path).returncode == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_an_output_that_is_full_is_called_that(tmp_path: Path) -> None:
    done = in_shell("task=list > /dev/full", tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("the output or a file: cannot be opened or written (No space")


def test_what_hydra_prints_into_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    done = in_shell("--info defaults | true", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
