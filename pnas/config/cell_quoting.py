"""``cell=(-1, 3x3 conv, -2, identity)`` as people type it: Hydra wants text with parentheses and commas in quotes."""

import re
from collections.abc import Sequence

_CELL = re.compile(r"(\+{0,2}cell)=\s*(\([^'\"]*)", re.DOTALL)


def quote_cells(arguments: Sequence[str]) -> list[str]:
    """``arguments`` with the cell that one of them writes out put in quotes."""
    return [
        _CELL.sub(r"\1='\2'", argument) if _CELL.fullmatch(argument) else argument
        for argument in arguments
    ]
