"""Cells, and the spaces that they belong to."""

from pnas.state_space.cell import Block, Cell
from pnas.state_space.nasbench201 import NASBench201Space
from pnas.state_space.operator_patterns import (
    PAPER_OPERATORS,
    Operator,
    OperatorKind,
    parse_operator,
)
from pnas.state_space.pnas_space import StateSpace
from pnas.state_space.registry import STATE_SPACES, build_space
from pnas.state_space.slot_space import Candidates, Slot, SlotSpace
from pnas.state_space.specs import (
    NASBench201Spec,
    PNASSpaceSpec,
    StateSpaceSpec,
    migrate_state_space,
)
from pnas.state_space.tokens import ABSENT, Tokens

__all__ = [
    "ABSENT",
    "PAPER_OPERATORS",
    "STATE_SPACES",
    "Block",
    "Candidates",
    "Cell",
    "NASBench201Space",
    "NASBench201Spec",
    "Operator",
    "OperatorKind",
    "PNASSpaceSpec",
    "Slot",
    "SlotSpace",
    "StateSpace",
    "StateSpaceSpec",
    "Tokens",
    "build_space",
    "migrate_state_space",
    "parse_operator",
]
