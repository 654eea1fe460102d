"""Columns of text or numbers into rows, with a word on what is wrong where something is."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from pnas.errors import InvalidValue, require
from pnas.tables.reward_table import KEY, Row

Columns = Mapping[str, Sequence[Any]]


def column(columns: Columns, name: str, path: Path) -> Sequence[Any]:
    """The column ``name``.

    Raises:
        InvalidValue: there is none.
    """
    require(
        name in columns, KEY, f"must have a column {name}; {path} has {', '.join(columns)}", name
    )
    return columns[name]


def accuracy(value: Any, name: str, cell: str) -> float:
    """``value`` as an accuracy.

    Raises:
        InvalidValue: no number, or one outside [0, 1].
    """
    number = as_number(value)
    rule = f"must hold numbers in [0, 1]; {name} of {cell} is none"
    if number is None or not 0 <= number <= 1:
        raise InvalidValue(KEY, rule, value if number is None else number)
    return number


def as_number(value: Any) -> float | None:
    """``value`` as a finite number; None for what is none."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def add_row(rows: dict[str, Row], key: str, row: Row, cell: str) -> None:
    """Keep ``row``, unless an equal one is there already.

    Raises:
        InvalidValue: one is there that says something else.
    """
    known = rows.setdefault(key, row)
    if known != row:
        before, now = (_differing(one, other) for one, other in ((known, row), (row, known)))
        raise InvalidValue(
            KEY, f"must not have rows of one cell that disagree; {cell} has {before} and", now
        )


def _differing(row: Row, other: Row) -> str:
    """What ``row`` says that ``other`` does not."""
    pairs = (
        (field.name, getattr(row, field.name), getattr(other, field.name)) for field in fields(row)
    )
    return ", ".join(f"{name}={value}" for name, value, elsewhere in pairs if value != elsewhere)
