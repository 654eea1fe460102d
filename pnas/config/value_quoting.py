"""Quotes around paths, names and cells, which people type as they are.

Hydra's grammar wants values with ``= # ( ) [ ] { } ,`` and others in quotes, and reads
``2026_11_26`` and ``1e5`` as numbers. A value that is a path, a name or a cell is text always.
"""

import re
from collections.abc import Sequence

TEXT_KEYS = (
    "name",
    "from",
    "cell",
    "data.path",
    "cache.path",
    "task.output",
    "task.register",
    "tracking.experiment",
    "trainer.table",
)
"""Keys whose values are paths, names or cells."""

_OVERRIDE = re.compile(r"(\+{0,2})([\w.]+)=(.*)", re.DOTALL)
_QUOTED = re.compile(r"\s*(['\"]).*\1\s*", re.DOTALL)
_SWEEP = re.compile(r"\s*(choice|range|interval|glob|shuffle|sort|tag)\(", re.DOTALL)
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


def _quote(argument: str, is_multirun: bool) -> str:
    override = _OVERRIDE.fullmatch(argument)
    if override is None or override[2] not in TEXT_KEYS:
        return argument
    prefix, key, value = override.groups()
    if not value.strip() or _is_left_alone(value):
        return argument
    # A cell that is written out has commas of its own.
    is_written_cell = key == "cell" and value.lstrip().startswith("(")
    values = [value]
    if is_multirun and not is_written_cell:
        if _SWEEP.match(value):
            return argument
        values = value.split(",")
    return f"{prefix}{key}={','.join(_in_quotes(each) for each in values)}"


def _is_left_alone(value: str) -> bool:
    """Whether a value is null, is in quotes already, refers to another one, or is plain text."""
    if value == "null" or "${" in value or _QUOTED.fullmatch(value):
        return True
    return _PLAIN.fullmatch(value) is not None and value.lower() not in _WORDS


def _in_quotes(value: str) -> str:
    """The value as Hydra's grammar writes text: a backslash counts only before a quote."""
    if _is_left_alone(value):
        return value
    text = re.sub(r"(\\*)'", lambda found: found[1] * 2 + r"\'", value.strip())
    text = re.sub(r"(\\+)$", lambda found: found[1] * 2, text)
    return f"'{text}'"
