"""Overrides of absurd values: accepted, or refused in one line before any work starts."""

import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from fuzzing.override_commands import SECRET, Command, commands, keys, make_files
from support.command import run_here
from support.small import BY_TABLE

LONGEST_LINE = 1100
ESCAPES = "\x1b\x7f\u202e"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working directory with data, a table, and ``run``, a finished search by that table."""
    folder = tmp_path_factory.mktemp("fuzzed")
    make_files(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run_here(*BY_TABLE, "name=run") == 0
        shutil.move("outputs/run", "run")
        yield folder


def check(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    code = run_here(*command)
    out, err = capsys.readouterr()
    assert code in (0, 2), (command, err)
    assert "Traceback" not in err, (command, err)
    assert err.count("\n") <= 1, (command, err)
    assert len(err) <= LONGEST_LINE, (command, err)
    assert not any(escape in out + err for escape in ESCAPES), (command, err)
    assert SECRET not in out + err, command
    if code == 2:
        assert err.strip(), command
    assert not Path("outputs/fuzzed").exists(), command


def check_all(seed: int, count: int, capsys: pytest.CaptureFixture[str]) -> None:
    for command in islice(commands(seed), count):
        check(command, capsys)


@pytest.mark.usefixtures("folder")
def test_absurd_overrides_are_accepted_or_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    check_all(seed=0, count=40, capsys=capsys)


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_every_key_of_the_schema_meets_an_absurd_value(capsys: pytest.CaptureFixture[str]) -> None:
    check_all(seed=1, count=len(keys()), capsys=capsys)


# These have no plan to print in place of their work.
LIST = ("task=list", "plan_only=false")
REPORT = ("task=report", "plan_only=false")

FOUND = [
    ("a group that is no word", ("controller=1e308",), "controller: must be an option"),
    ("a list in place of an option", ("search=[[1]]",), "search: must be an option"),
    ("null in place of an option", ("data=null",), "data: must be an option"),
    ("a group that is removed", ("~task",), "task: must be an option of task"),
    ("an integer of 5,000 digits", ("seed=1" + "0" * 5000,), "seed: must be a value that Hydra"),
    ("brackets of 300 levels", ("+x=" + "[" * 300 + "]" * 300,), "must be a value that Hydra"),
    ("a reference to nothing", ("data.test_size=${nope}",), "data.test_size: must refer to"),
    ("a reference to no variable", ("seed=${oc.env:NOPE}",), "seed: must refer to"),
    ("a reference that does not fit", ("child.filters=${name}",), "child.filters: must refer to"),
    ("a reference to all of a group", ("seed=${task}",), "seed: "),
    ("an option that is a reference upwards", ("task=${..}",), "task: must be"),
    ("a list of mappings", ("controller=rank_ensemble", "controller.parts=[{a: 1}]"), "must"),
    ("a list of lists of files", (*LIST, "+task.files=[[1]]"), "task.files: must"),
    ("an item of no list", ("search.objectives.x=1",), "search.objectives.x: must be a value"),
    ("a colour", ("trainer.reward='\x1b[31mred'",), "trainer.reward: must be one of"),
    ("a password", ("child.filters=http://u:pw@h",), "child.filters: must refer to"),
    ("a device to write to", (*REPORT, "from=run", "task.output=/dev/null"), "task.output: "),
]  # fmt: skip
"""What the fuzzer found, in its shortest form."""


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("command", "line"), [row[1:] for row in FOUND], ids=[r[0] for r in FOUND])
def test_what_was_found(command: Command, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    whole = ("name=fuzzed", "plan_only=true", "tracking=none", *command)
    check(whole, capsys)
    assert run_here(*whole) == 2
    assert line in capsys.readouterr().err
    assert Path("/dev/null").is_char_device()
