"""Upper bounds of what a state space may be made of, and the rules of its settings.

A space is built before anything else is done, from values that may come from a stored
configuration or a table's file. Beyond these bounds its counts, vocabularies and tokens would take
minutes or gigabytes. Published spaces are far within them: 5 blocks, 2 previous cells and 13
operators (NASNet, Zoph et al. 2018).
"""

from pnas.validation import Rule, integer, optional

MAX_BLOCKS = 16
"""Blocks of the largest cell: counting the unique cells of 20 blocks takes seconds."""

MAX_LOOKBACK = 16
"""Previous cells that may be read."""

MAX_OPERATORS = 64
"""Operators to choose from: with all of them and 16 inputs there are 524,800 cells of one block."""

MAX_KERNEL = 99
"""Side of an operator's window in pixels."""

BLOCKS = Rule(
    f"must be an integer of at least 1 and at most {MAX_BLOCKS}", integer(1, MAX_BLOCKS).holds
)
LOOKBACK = Rule(
    f"must be a negative integer of at least -{MAX_LOOKBACK}, or 0 for the cell's own input",
    integer(-MAX_LOOKBACK, 0).holds,
)
LOOKFORWARD = Rule(
    "must be null (all earlier blocks) or an integer of at least 0",
    optional(integer(minimum=0)).holds,
)
