"""Output that any terminal can take: one line of untrusted text, characters it can encode."""

import codecs
import json
import os
import select
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from pnas.system.redaction import scrub

if TYPE_CHECKING:
    from rich.console import Console

_LONGEST_ERROR = 1000
"""Characters of a printed error; what is longer repeats a value that somebody pasted."""

_ERRORS = "pnas_substitute"

_SUBSTITUTES = {
    "ρ": "rho",
    "τ": "tau",
    "±": "+-",
    "×": "x",
    "…": "...",
    "–": "-",
    "—": "-",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "✕": "x",
    "━": "=",
    "─": "-",
    "╸": "=",
    "╺": "-",
    "│": "|",
    "•": "*",
}
"""What to print for a character that the encoding of the terminal does not have."""


def open_closed_streams() -> None:
    """Give standard streams that the command was started without (``2>&-``) to the null device.

    Python has no stream there, and the next file that is opened would take its descriptor, and
    with it what libraries print.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 (for the whole process)
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115 (for the whole process)


def is_output_closed() -> bool:
    """Whether nobody reads the standard output any more, as of ``| head``; it is then discarded."""
    output = sys.stdout.fileno()
    poll = select.poll()
    poll.register(output, select.POLLOUT)
    is_closed = any(event & select.POLLERR for _, event in poll.poll(0))
    if is_closed:
        # Python writes what is left when it ends.
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, output)
        os.close(null)
    return is_closed


def tolerate_any_encoding(*streams: TextIO) -> None:
    """Let ``streams`` (default: standard output and error) substitute what they cannot encode.

    Where the encoding of the terminal is Latin-1 or ASCII, a ρ would end the command otherwise,
    after hours of search, with a UnicodeEncodeError.
    """
    codecs.register_error(_ERRORS, _substitute)
    for stream in streams or (sys.stdout, sys.stderr):
        # Streams that tests and notebooks put in their place may not have an encoding.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=_ERRORS)


def _substitute(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unencodable = error.object[error.start : error.end]
    substitutes = [_SUBSTITUTES.get(character, "?") for character in unencodable]
    return "".join(substitutes), error.end


def printable_line(text: str) -> str:
    """Return ``text`` as one line that moves no cursor, changes no colour and keeps its direction.

    Control characters, escape sequences and bidirectional controls become U+FFFD; any white space
    becomes one space. Every string that was read from a file passes through here before it is
    printed.

    >>> printable_line("red: " + chr(27) + "[31m" + chr(10) + "next line")
    'red: \ufffd[31m next line'
    """
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return "".join(_printable(character) for character in line)


def error_line(error: BaseException | str) -> str:
    """Return what is printed of an error: one line of bounded length, without credentials."""
    line = scrub(printable_line(str(error)))
    if len(line) > _LONGEST_ERROR:
        return line[: _LONGEST_ERROR - 3] + "..."
    return line


def _printable(character: str) -> str:
    return character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"


def command_name() -> str:
    """Return how the running command was typed: ``pnas``, ``python -m pnas``, ``python run.py``."""
    started = Path(sys.argv[0])
    if started.stem == "pnas":
        return "pnas"
    is_package = started.parts[-2:] == ("pnas", "__main__.py")
    return "python -m pnas" if is_package else "python run.py"


def shell_command(overrides: Iterable[str], *options: str) -> str:
    """Return a whole command to paste into a shell.

    Args:
        overrides: Overrides as one types them, without the quotes of a shell.
        options: Options before them, such as ``-m``.
    """
    return " ".join([command_name(), *options, *map(shlex.quote, overrides)])


def show_status(text: str) -> None:
    """Show what is going on in the last line of a terminal, until `clear_status`.

    It goes to the standard error, and only where that is a terminal: what a command prints for
    other programs stays as it is.
    """
    if sys.stderr.isatty():
        _Status.shown = True
        print(f"{text} ...", end="", file=sys.stderr, flush=True)


def clear_status() -> None:
    """Remove what `show_status` has shown."""
    if _Status.shown:
        _Status.shown = False
        print(_CLEAR_LINE, end="", file=sys.stderr, flush=True)


class _Status:
    """Whether a status is on the terminal."""

    shown = False


_CLEAR_LINE = "\r\x1b[K"
"""Carriage return; erase to the end of the line (ECMA-48)."""


def print_line(console: "Console", text: str) -> None:
    """Print ``text`` as one line as it is: no markup, no highlighting, no wrapping.

    Args:
        console: Console to print to.
        text: Any text, also from a file (see `printable_line`).
    """
    line = printable_line(text)
    console.print(line, markup=False, emoji=False, highlight=False, soft_wrap=True)


def print_json(console: "Console", value: Any) -> None:
    """Print ``value`` as indented JSON for other programs: ASCII only, no colour, no wrapping."""
    text = json.dumps(value, indent=2)
    console.print(text, markup=False, emoji=False, highlight=False, soft_wrap=True)
