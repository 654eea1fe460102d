"""Quotes around paths, names, options and cells, which people type as they are.

Hydra's grammar wants values with ``= # ( ) [ ] { } ,`` and others in quotes, and reads
``2026_11_26`` and ``1e5`` as numbers. A value that is a path, a name, an option or a cell is text
always, and so is each entry of a list of paths.
"""

import os
import re
from collections.abc import Sequence

from pnas.config.groups import GROUPS

TEXT_KEYS = (
    "name",
    "from",
    "cell",
    "data.path",
    "data.background",
    "cache.path",
    "task.output",
    "task.register",
    "tracking.uri",
    "tracking.experiment",
    "trainer.table",
    "trainer.table_reward",
    "trainer.table_test",
    "executor.address",
    "executor.measure_on",
    "hydra.run.dir",
    "hydra.sweep.dir",
)
"""Keys whose values are paths, addresses, names, colours or cells."""

LIST_KEYS = ("task.files",)
"""Keys whose values are lists of paths."""

_OVERRIDE = re.compile(r"(\+{0,2})([\w.]+)=(.*)", re.DOTALL)
_QUOTED = re.compile(r"\s*(['\"]).*\1\s*", re.DOTALL)
_OF_TEXT = re.compile(r"([^=]+)='(.*)'", re.DOTALL)
_SWEEP = re.compile(r"\s*(choice|range|interval|glob|shuffle|sort|tag)\(", re.DOTALL)
_QUOTES = "'\""
_CLOSING = {"(": ")", "[": "]", "{": "}", "'": "'", '"': '"'}
_MULTIRUN = ("-m", "--multirun")
# Hydra reads these as the text that they are, unless they are a word for true, false or a number.
_PLAIN = re.compile(r"(\.{0,2}/)?[A-Za-z_][\w./:-]*", re.ASCII)
_WORDS = frozenset(("true", "false", "yes", "no", "on", "off", "null", "inf", "nan"))


def quote_values(arguments: Sequence[str]) -> list[str]:
    """Return the arguments of a command with values of text in quotes.

    In a multirun, commas separate values, each of which is put in quotes.
    """
    is_multirun = any(argument in _MULTIRUN for argument in arguments)
    return [_quote(argument, is_multirun) for argument in arguments]


def as_typed(override: str) -> str:
    """Return an override that `quote_values` has put in quotes without them, to be read by people.

    >>> as_typed("data.path='my photos'"), as_typed("state_space.operators=['3x3 conv']")
    ('data.path=my photos', "state_space.operators=['3x3 conv']")
    """
    quoted = _OF_TEXT.fullmatch(override)
    if quoted is None:
        return override
    key, value = quoted.groups()
    value = re.sub(r"(\\*)\\'", lambda found: found[1][: len(found[1]) // 2] + "'", value)
    value = re.sub(r"(\\+)$", lambda found: found[1][: len(found[1]) // 2], value)
    typed = f"{key}={value}"
    return typed if _quote(typed, is_multirun=False) == override else override


def _quote(argument: str, is_multirun: bool) -> str:
    override = _OVERRIDE.fullmatch(argument)
    if override is None:
        return argument
    prefix, key, value = override.groups()
    if key in LIST_KEYS:
        return f"{prefix}{key}={_quote_entries(value)}"
    is_option = key in GROUPS or key == "experiment"
    if is_option and value == "null":
        return f"{prefix}{key}='null'"
    # Of experiments, Hydra takes a list, each merged over the one before.
    if key == "experiment" and value.lstrip().startswith("["):
        return argument
    is_text = key in TEXT_KEYS or is_option
    if not is_text or not value.strip() or _is_left_alone(value):
        return argument
    # A cell that is written out has commas of its own; a list in the place of an option is refused.
    is_written_cell = key == "cell" and value.lstrip().startswith("(")
    is_list = is_option and value.lstrip().startswith("[")
    values = [value]
    if is_multirun and not is_written_cell and not is_list:
        if _SWEEP.match(value):
            return argument
        values = value.split(",")
    return f"{prefix}{key}={','.join(_in_quotes(each) for each in values)}"


def _quote_entries(value: str) -> str:
    """The list ``value`` with its entries in quotes; anything else as it is."""
    text = value.strip()
    if not text.startswith("[") or not text.endswith("]"):
        return value
    entries = _split_entries(text[1:-1])
    return f"[{','.join(_in_quotes(entry.strip()) if entry.strip() else '' for entry in entries)}]"


def _split_entries(text: str) -> list[str]:
    """Split at the commas that are in no quotes and no brackets, unless these do not match."""
    entries = [""]
    closing: list[str] = []
    for character in text:
        if closing and character == closing[-1]:
            closing.pop()
        elif not closing or closing[-1] not in _QUOTES:
            closing += _CLOSING.get(character, "")
        if character == "," and not closing:
            entries.append("")
        else:
            entries[-1] += character
    return _join_existing(text.split(",") if closing else entries)


def _join_existing(entries: Sequence[str]) -> list[str]:
    """Join what a comma in the name of an existing path has split."""
    joined: list[str] = []
    for entry in entries:
        before = joined[-1] if joined else ""
        is_name = bool(before) and not _exists(before) and _exists(f"{before},{entry}")
        if is_name:
            joined[-1] = f"{before},{entry}"
        else:
            joined.append(entry)
    return joined


def _exists(path: str) -> bool:
    return os.path.exists(os.path.expanduser(path.strip()))


def _is_left_alone(value: str) -> bool:
    """Whether a value is null, is in quotes already, refers to another one, or is plain text."""
    return value == "null" or "${" in value or bool(_QUOTED.fullmatch(value)) or is_plain(value)


def is_plain(value: str) -> bool:
    """Return whether Hydra reads ``value`` as the text that it is, without quotes."""
    return _PLAIN.fullmatch(value) is not None and value.lower() not in _WORDS


def _in_quotes(value: str) -> str:
    """The value as Hydra's grammar writes text: a backslash counts only before a quote."""
    if _is_left_alone(value):
        return value
    text = re.sub(r"(\\*)'", lambda found: found[1] * 2 + r"\'", value.strip())
    text = re.sub(r"(\\+)$", lambda found: found[1] * 2, text)
    return f"'{text}'"
