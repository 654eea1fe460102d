"""Quotes around a cell as people type it: ``cell=(-1, 3x3 conv, -2, identity)``.

Hydra's grammar wants values with parentheses and commas in quotes.
"""

import re
from collections.abc import Sequence

_CELL = re.compile(r"(\+{0,2}cell)=\s*(\([^'\"]*)", re.DOTALL)


def quote_cells(arguments: Sequence[str]) -> list[str]:
    """Return the arguments of a command with the cell that one of them writes out in quotes."""
    quoted = []
    for argument in arguments:
        is_cell = _CELL.fullmatch(argument) is not None
        quoted.append(_CELL.sub(r"\1='\2'", argument) if is_cell else argument)
    return quoted
