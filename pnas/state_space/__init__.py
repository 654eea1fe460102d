"""Cells, and the spaces they come from."""

from pnas.state_space.cell import Block, Cell
from pnas.state_space.nasbench201 import NASBench201Space
from pnas.state_space.slots import ABSENT, Candidates, Slot, SlotSpace, Tokens
from pnas.state_space.space import StateSpace

__all__ = [
    "ABSENT",
    "Block",
    "Candidates",
    "Cell",
    "NASBench201Space",
    "Slot",
    "SlotSpace",
    "StateSpace",
    "Tokens",
]
