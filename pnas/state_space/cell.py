"""Cells and their blocks: immutable values whose text form can be parsed back."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import NamedTuple

from pnas.errors import InvalidValue

Value = int | str
"""One decision of a block: the number of an input, or the name of an operator."""

_BLOCK_TEXT = re.compile(r"\(([^()]*)\)")
_INTEGER = re.compile(r"[+-]?\d+")
_PNAS_BLOCK_TYPES = [int, str, int, str]

_TEXT = "_text"
"""Name under which a cell keeps its written form, which is asked for often."""

_MOST_KNOWN_BLOCKS = 2**14
"""Texts of blocks that are parsed once: tables and journals repeat few in many cells."""


class Block(NamedTuple):
    """A block of the PNAS space: two operators, each applied to one input; their results are added.

    An input is -1 (the output of the previous cell), -2 (of the cell before that), and so on, or
    the 0-based index of an earlier block of the same cell.

    Attributes:
        input1: Input of the first operator.
        operator1: First operator.
        input2: Input of the second operator.
        operator2: Second operator.
    """

    input1: int
    operator1: str
    input2: int
    operator2: str


@dataclass(frozen=True)
class Cell:
    """A sequence of blocks, each a tuple of decisions (a `Block` in the PNAS space).

    Equality and ``hash()`` compare the written form. ``space.canonical(cell)`` and
    ``space.key(cell)`` identify cells that are equivalent in a space.

    Attributes:
        blocks: The blocks, first to last.
    """

    blocks: tuple[tuple[Value, ...], ...]

    def __init__(self, blocks: Iterable[Sequence[Value]]) -> None:
        # The dataclass is frozen: plain assignment would raise.
        object.__setattr__(self, "blocks", tuple(_as_block(block) for block in blocks))

    def __len__(self) -> int:
        return len(self.blocks)

    def __repr__(self) -> str:
        """``Cell.parse('(-2, 5x5 dconv, -1, identity)')``"""
        return f"Cell.parse({str(self)!r})"

    def _repr_svg_(self) -> str | None:
        """Draw the cell in a notebook; None if it is of a space that has no drawing."""
        # Drawing is in a layer above this one, so it is looked up by name.
        drawing = import_module("pnas.reports.cells.cell_drawing")
        try:
            return str(drawing.cell_svg(self))
        except InvalidValue:
            return None

    def __str__(self) -> str:
        """``(-2, 5x5 dconv, -1, identity), (0, 3x3 maxpool, -1, 3x3 dconv)``"""
        text: str | None = self.__dict__.get(_TEXT)
        if text is None:
            blocks = [f"({', '.join(map(str, block))})" for block in self.blocks]
            text = self.__dict__[_TEXT] = ", ".join(blocks)
        return text

    @property
    def text_hash(self) -> str:
        """16 hexadecimal digits of the written form, stable across processes and machines."""
        digest = hashlib.sha256(str(self).encode())
        return digest.hexdigest()[:16]

    def extended(self, block: Sequence[Value]) -> "Cell":
        """Return this cell with ``block`` appended."""
        return Cell((*self.blocks, block))

    @classmethod
    def parse(cls, text: str) -> "Cell":
        """Parse the text form. Blocks may be separated by commas, semicolons or blanks.

        Raises:
            InvalidValue: The text is not a sequence of parenthesised, comma-separated decisions.
        """
        groups = _BLOCK_TEXT.findall(text)
        leftover = _BLOCK_TEXT.sub("", text).strip(" ,;\t\n[]")

        blocks = [_parse_block(group) for group in groups]
        has_empty_decision = any("" in block for block in blocks)
        if leftover or not blocks or has_empty_decision:
            rule = "must look like (-1, 3x3 dconv, -2, identity), (0, 3x3 maxpool, -1, identity)"
            raise InvalidValue("cell", rule, text)
        return cls(blocks)


@lru_cache(maxsize=_MOST_KNOWN_BLOCKS)
def _parse_block(text: str) -> tuple[Value, ...]:
    return _as_block([_as_value(part) for part in text.split(",")])


def _as_value(text: str) -> Value:
    text = " ".join(text.split())
    if _INTEGER.fullmatch(text):
        return int(text)
    return text


def _as_block(block: Sequence[Value]) -> tuple[Value, ...]:
    if type(block) is Block:
        return block
    types = [int if isinstance(value, int) else str for value in block]
    if types == _PNAS_BLOCK_TYPES:
        return Block(*block)  # type: ignore[arg-type]
    return tuple(block)
