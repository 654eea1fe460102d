"""The NAS-Bench-201 space (Dong and Yang, ICLR 2020, arXiv 2001.00326), grown node by node.

A cell of the benchmark is a graph on the nodes 0 (the input) to 3 (the output) with one operator on
each of its six edges. Here block b is node b, and its decisions are the operators on the edges from
nodes 0 to b-1.
"""

from functools import cached_property
from typing import Any

from pnas.errors import require
from pnas.state_space.cell import Cell, Value
from pnas.state_space.slot_space import SlotSpace
from pnas.state_space.slots import Slot
from pnas.state_space.wiring import Operand, Outputs, Wiring

NODES = 3
OPERATORS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")


class NASBench201Space(SlotSpace):
    """Cells of 1 to 3 nodes, written ``(nor_conv_3x3), (none, skip_connect)``.

    There are 5, 125 and 15,625 of them.
    """

    def __init__(self, B: int = NODES) -> None:
        super().__init__(B)
        rule = f"must be at most {NODES}: a NAS-Bench-201 cell has {NODES} nodes"
        require(B <= NODES, "state_space.B", rule, B)

    def slots(self, b: int) -> tuple[Slot, ...]:
        return tuple(Slot(f"edge from {node}", "operator", OPERATORS) for node in range(b))

    @cached_property
    def vocabulary(self) -> dict[str, tuple[Value, ...]]:
        return {"operator": OPERATORS}

    @cached_property
    def wiring(self) -> Wiring:
        operands = tuple(Operand(operator=node, node=node) for node in range(self.B))
        return Wiring(operands, Outputs.LAST, pass_through=("skip_connect",), zero=("none",))

    def padded(self, cell: Cell) -> Cell:
        """Return the cell of 3 nodes; each node that ``cell`` lacks passes on the one before it."""
        blocks = list(cell.blocks)
        for node in range(len(cell) + 1, NODES + 1):
            blocks.append((*["none"] * (node - 1), "skip_connect"))
        return Cell(blocks)

    def spec(self) -> dict[str, Any]:
        return {"kind": "nasbench201", "B": self.B}


def full_cell(cell: Cell) -> tuple[str, ...]:
    """Return the operators on all six edges of the benchmark's cell that computes the same.

    A cell of fewer than 3 nodes outputs its last one. In the full cell each node that it lacks
    passes on the node before it (``skip_connect``) and reads nothing else (``none``).

    Returns:
        Operators in the table's order: (1<-0), (2<-0), (2<-1), (3<-0), (3<-1), (3<-2).
    """
    padded = NASBench201Space().padded(cell)
    return tuple(str(operator) for block in padded.blocks for operator in block)
