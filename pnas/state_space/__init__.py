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
from pnas.state_space.slot_space import Candidates, SlotSpace
from pnas.state_space.slots import Slot
from pnas.state_space.specs import (
    NASBench201Spec,
    PNASSpaceSpec,
    StateSpaceSpec,
    migrate_state_space,
)
from pnas.state_space.tokens import ABSENT, Tokens
from pnas.state_space.wiring import Operand, Outputs, Wiring, infer_wiring, paired_operands

__all__ = [
    "ABSENT",
    "PAPER_OPERATORS",
    "STATE_SPACES",
    "Block",
    "Candidates",
    "Cell",
    "NASBench201Space",
    "NASBench201Spec",
    "Operand",
    "Operator",
    "OperatorKind",
    "Outputs",
    "PNASSpaceSpec",
    "Slot",
    "SlotSpace",
    "StateSpace",
    "StateSpaceSpec",
    "Tokens",
    "Wiring",
    "build_space",
    "infer_wiring",
    "migrate_state_space",
    "paired_operands",
    "parse_operator",
]
