"""A CSV file as lines that know where they stand, so that every bad value is named with its file and line."""

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pnas.errors import InvalidValue
from pnas.state_space import Cell

KEY = "task.files"
"""The key under which people name such files."""


@dataclass(frozen=True)
class Line:
    """One line of a file: its 1-based number and its fields, stripped. Every reader raises `InvalidValue`."""

    path: Path
    number: int
    fields: tuple[str, ...]

    def refusal(self, rule: str, received: object) -> InvalidValue:
        return InvalidValue(KEY, f"{self.path}, line {self.number}: {rule}", received)

    def decimal(self, name: str, text: str) -> float:
        value = as_number(text)
        if value is None or not math.isfinite(value):
            raise self.refusal(f"{name} must be a number", text)
        return value

    def accuracy(self, name: str, text: str) -> float:
        value = self.decimal(name, text)
        if not 0 <= value <= 1:
            raise self.refusal(f"{name} must be between 0 and 1", text)
        return value

    def count(self, name: str, text: str, minimum: int = 0) -> int:
        if not text.isdecimal() or int(text) < minimum:
            raise self.refusal(f"{name} must be an integer of at least {minimum}", text)
        return int(text)

    def cell(self, text: str) -> Cell:
        try:
            return Cell.parse(text)
        except InvalidValue as error:
            raise self.refusal(f"cell {error.rule}", text) from None


def as_number(text: str) -> float | None:
    """The number that ``text`` writes, or None."""
    try:
        return float(text)
    except ValueError:
        return None


def read_lines(path: Path) -> list[Line]:
    """The lines of a CSV file that are not blank.

    Raises:
        InvalidValue: the file is missing, unreadable, binary, not UTF-8, not CSV, or has no such line.
    """
    lines = list(_split(path, _text(path)))
    if not lines:
        raise InvalidValue(KEY, "must not be empty", str(path))
    return lines


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidValue(KEY, f"must be readable ({error.strerror})", str(path)) from None
    try:
        text = content.decode("utf-8-sig")  # spreadsheets put a byte-order mark first
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise InvalidValue(KEY, "must be text (UTF-8)", str(path))
    return text


def _split(path: Path, text: str) -> Iterator[Line]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                yield Line(path, reader.line_num, tuple(field.strip() for field in fields))
    except csv.Error as error:
        raise InvalidValue(
            KEY, f"{path}, line {reader.line_num}: must be CSV", str(error)
        ) from None
