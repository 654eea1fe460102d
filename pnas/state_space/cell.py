"""Block and Cell: what is searched for, as plain immutable values with a text form that parses back."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pnas.errors import InvalidValue

Value = int | str
_BLOCK_TEXT = re.compile(r"\(([^()]*)\)")
_INTEGER = re.compile(r"[+-]?\d+")


class Block(NamedTuple):
    """Two operators, each applied to one input; their results are combined.

    An input is -1 (output of the previous cell), -2 (of the one before it), ..., or the 0-based index of an
    earlier block of the same cell.
    """

    input1: int
    operator1: str
    input2: int
    operator2: str


@dataclass(frozen=True)
class Cell:
    """A tuple of blocks, each a tuple of decisions (`Block` in the PNAS space).

    Equality and ``hash()`` are those of the written form; ``space.canonical(cell)`` and ``space.key(cell)``
    identify cells that are the same up to operand and block order.
    """

    blocks: tuple[tuple[Value, ...], ...]

    def __init__(self, blocks: Iterable[Sequence[Value]]) -> None:
        object.__setattr__(self, "blocks", tuple(_as_block(block) for block in blocks))

    def __len__(self) -> int:
        return len(self.blocks)

    def __str__(self) -> str:
        """``(-2, 5x5 dconv, -1, identity), (0, 3x3 maxpool, -1, 3x3 dconv)``"""
        return ", ".join(f"({', '.join(map(str, block))})" for block in self.blocks)

    @property
    def text_hash(self) -> str:
        """16 hexadecimal digits that identify the written form (stable across processes and machines)."""
        return hashlib.sha256(str(self).encode()).hexdigest()[:16]

    def extended(self, block: Sequence[Value]) -> "Cell":
        """This cell with one more block at its end."""
        return Cell((*self.blocks, block))

    @classmethod
    def parse(cls, text: str) -> "Cell":
        """Read the text form. Blocks may be separated by commas, semicolons or spaces.

        Raises:
            InvalidValue: text that is not a sequence of parenthesised, comma-separated decisions.
        """
        groups = _BLOCK_TEXT.findall(text)
        leftover = _BLOCK_TEXT.sub("", text).strip(" ,;\t\n[]")
        blocks = [tuple(_as_value(part) for part in group.split(",")) for group in groups]
        if leftover or not blocks or any("" in block for block in blocks):
            rule = "must look like (-1, 3x3 dconv, -2, identity), (0, 3x3 maxpool, -1, identity)"
            raise InvalidValue("cell", rule, text)
        return cls(blocks)


def _as_value(text: str) -> Value:
    text = " ".join(text.split())
    return int(text) if _INTEGER.fullmatch(text) else text


def _as_block(block: Sequence[Value]) -> tuple[Value, ...]:
    is_pnas = len(block) == 4 and [isinstance(value, int) for value in block] == [
        True,
        False,
        True,
        False,
    ]
    return Block(*block) if is_pnas else tuple(block)  # type: ignore[arg-type]
