"""Output on terminals of any encoding, and text from files on them."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from pnas.system.console import command_name, print_line, printable_line, tolerate_any_encoding


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_no_character_ends_a_command(encoding: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    tolerate_any_encoding(stream)
    stream.write("ρ = 0.5 … 北")
    stream.flush()
    written = raw.getvalue().decode(encoding)
    if encoding == "utf-8":
        assert written == "ρ = 0.5 … 北"
    else:
        assert written.startswith("rho = 0.5 ")
        assert written.endswith("?")


def test_a_stream_without_an_encoding_is_left_alone() -> None:
    tolerate_any_encoding(io.StringIO())


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_process_prints_through_rich_and_logging(encoding: str, tmp_path: Path) -> None:
    code = (
        "import logging\n"
        "from rich.console import Console\n"
        "from pnas.system.console import tolerate_any_encoding\n"
        "tolerate_any_encoding()\n"
        "Console().print('ρ = 0.5')\n"
        "logging.getLogger().warning('ρ = 0.5')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONIOENCODING": encoding, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"rho = 0.5\n"
    assert done.stderr == b"rho = 0.5\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        ("two\nlines\tand  spaces", "two lines and spaces"),
        ("\x1b[31mred", "\ufffd[31mred"),
        ("a\u202etxt.exe", "a\ufffdtxt.exe"),
        ("bell\x07 null\x00", "bell\ufffd null\ufffd"),
        ("\x9b31m", "\ufffd31m"),
        ("ρ = 0.5, größer", "ρ = 0.5, größer"),
    ],
)
def test_text_of_a_file_moves_no_cursor(text: str, line: str) -> None:
    assert printable_line(text) == line


def test_a_line_is_printed_as_it_is() -> None:
    file = io.StringIO()
    print_line(Console(file=file, width=10), "[red]a long line[/red] :smile:\x1b[0m")
    assert file.getvalue() == "[red]a long line[/red] :smile:\ufffd[0m\n"


@pytest.mark.parametrize(
    ("argument", "name"),
    [
        ("/usr/bin/pnas", "pnas"),
        ("run.py", "python run.py"),
        ("-c", "python run.py"),
        ("/x/pnas/__main__.py", "python -m pnas"),
        ("/x/pytest/__main__.py", "python run.py"),
    ],
)
def test_commands_are_named_as_they_were_typed(
    argument: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [argument])
    assert command_name() == name
