"""A CSV file as lines that know where they stand, so that a bad value is named with its line."""

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
    """One line of a file. Every ``parse_*`` raises `InvalidValue` with the file and the line.

    Attributes:
        path: The file.
        number: Number of the line, counted from 1.
        fields: Its fields without surrounding space.
    """

    path: Path
    number: int
    fields: tuple[str, ...]

    def error(self, rule: str, received: object) -> InvalidValue:
        """Return the error that ``rule`` is broken on this line."""
        return InvalidValue(KEY, f"{self.path}, line {self.number}: {rule}", received)

    def parse_number(self, name: str, text: str) -> float:
        """Return a finite number."""
        value = number_or_none(text)
        if value is None or not math.isfinite(value):
            raise self.error(f"{name} must be a number", text)
        return value

    def parse_accuracy(self, name: str, text: str) -> float:
        """Return a number in [0, 1]."""
        value = self.parse_number(name, text)
        if not 0 <= value <= 1:
            raise self.error(f"{name} must be between 0 and 1", text)
        return value

    def parse_count(self, name: str, text: str, minimum: int = 0) -> int:
        """Return an integer of at least ``minimum``."""
        if not text.isdecimal() or int(text) < minimum:
            raise self.error(f"{name} must be an integer of at least {minimum}", text)
        return int(text)

    def parse_cell(self, text: str) -> Cell:
        """Return the cell that ``text`` describes."""
        try:
            return Cell.parse(text)
        except InvalidValue as error:
            raise self.error(f"cell {error.rule}", text) from None


def number_or_none(text: str) -> float | None:
    """Return the number that ``text`` describes, or None."""
    try:
        return float(text)
    except ValueError:
        return None


def read_lines(path: Path) -> list[Line]:
    """Return the lines of a CSV file that are not blank.

    Raises:
        InvalidValue: The file is missing, unreadable, binary, not UTF-8, not CSV, or has no such
            line.
    """
    lines = list(_split(path, _read_text(path)))
    if not lines:
        raise InvalidValue(KEY, "must not be empty", str(path))
    return lines


def _read_text(path: Path) -> str:
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
            stripped = tuple(field.strip() for field in fields)
            if any(stripped):
                yield Line(path, reader.line_num, stripped)
    except csv.Error as error:
        where = f"{path}, line {reader.line_num}"
        raise InvalidValue(KEY, f"{where}: must be CSV", str(error)) from None
