"""From columns of text or numbers to rows, with one line on what is wrong where something is."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from pnas.errors import InvalidValue, require
from pnas.tables.reward_table import Row
from pnas.tables.table_key import KEY

Columns = Mapping[str, Sequence[Any]]


def column(columns: Columns, name: str, path: Path) -> Sequence[Any]:
    """Return the column ``name`` of the file ``path``.

    Raises:
        InvalidValue: There is none.
    """
    rule = f"must have a column {name}; {path} has {', '.join(columns)}"
    require(name in columns, KEY, rule, name)
    return columns[name]


def accuracy(value: Any, name: str, cell: str) -> float:
    """Return ``value`` as an accuracy.

    Args:
        value: Entry of the column.
        name: Name of the column in an error message.
        cell: Cell of the row in an error message.

    Raises:
        InvalidValue: It is not a number in [0, 1].
    """
    number = as_number(value)
    rule = f"must hold numbers in [0, 1]; {name} of {cell} is not"
    if number is None:
        raise InvalidValue(KEY, rule, value)
    if not 0 <= number <= 1:
        raise InvalidValue(KEY, rule, number)
    return number


def as_number(value: Any) -> float | None:
    """Return ``value`` as a finite number; None if it is not one."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def add_row(rows: dict[str, Row], key: str, row: Row, cell: str) -> None:
    """Add ``row`` to ``rows`` under ``key``, unless an equal one is there already.

    Raises:
        InvalidValue: A row with other results is there.
    """
    known = rows.setdefault(key, row)
    if known == row:
        return

    before = _differences(known, row)
    rule = f"must not have rows of one cell that disagree; {cell} has {before} and"
    raise InvalidValue(KEY, rule, _differences(row, known))


def _differences(row: Row, other: Row) -> str:
    """Return the fields of ``row`` whose values differ from those of ``other``, as text."""
    differing = []
    for field in fields(row):
        value = getattr(row, field.name)
        if value != getattr(other, field.name):
            differing.append(f"{field.name}={value}")
    return ", ".join(differing)
