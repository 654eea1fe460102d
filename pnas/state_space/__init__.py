"""Cells, and the spaces they come from."""

from pnas.state_space.cell import Block, Cell
from pnas.state_space.nasbench201 import NASBench201Space
from pnas.state_space.operator_patterns import (
    PAPER_OPERATORS,
    Operator,
    OperatorKind,
    parse_operator,
)
from pnas.state_space.pnas_space import StateSpace
from pnas.state_space.registry import StateSpaceSpec, build_space
from pnas.state_space.slot_space import ABSENT, Candidates, Slot, SlotSpace, Tokens

__all__ = [
    "ABSENT",
    "PAPER_OPERATORS",
    "Block",
    "Candidates",
    "Cell",
    "NASBench201Space",
    "Operator",
    "OperatorKind",
    "Slot",
    "SlotSpace",
    "StateSpace",
    "StateSpaceSpec",
    "Tokens",
    "build_space",
    "parse_operator",
]
