"""A cell as a graph to draw: which source each operator reads, and how deep each block lies.

The two kinds of cells are told apart by their form: blocks of (input, operator, input, operator), and the
node-by-node cells of NAS-Bench-201, whose block b is b operators, one on the edge from each earlier node.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pnas.errors import InvalidValue, require, require_choice
from pnas.state_space import Block, Cell

CELL_INPUT = -1
NO_EDGE = "none"
"""The operator of NAS-Bench-201 that stands for the absence of an edge."""


@dataclass(frozen=True)
class Operand:
    """One operator and what it reads: a previous cell's output (-1, -2, ...) or a block's (0, 1, ...)."""

    source: int
    operator: str


@dataclass(frozen=True)
class CellGraph:
    """What a drawing shows.

    Attributes:
        blocks: the operands of each block, whose outputs are added.
        outputs: the blocks that make up the cell's output, ascending.
        concat: whether the output is their concatenation (one block alone is the output itself).
    """

    blocks: tuple[tuple[Operand, ...], ...]
    outputs: tuple[int, ...]
    concat: bool

    @cached_property
    def inputs(self) -> tuple[int, ...]:
        """The previous cells that are read: -1 first, then -2, ..."""
        sources = {operand.source for block in self.blocks for operand in block}
        return tuple(sorted((source for source in sources if source < 0), reverse=True))

    @cached_property
    def depths(self) -> tuple[int, ...]:
        """Of each block: 1 if it reads previous cells only, else one more than the deepest block it reads."""
        depths: list[int] = []
        for block in self.blocks:
            depths.append(1 + max((depths[o.source] for o in block if o.source >= 0), default=0))
        return tuple(depths)


def cell_graph(cell: Cell, concat: str = "all") -> CellGraph:
    """The graph of ``cell``.

    Args:
        cell: a PNAS or NAS-Bench-201 cell.
        concat: of a PNAS cell: "all" blocks are concatenated, or the "unused" ones (those no block reads).

    Raises:
        InvalidValue: a cell of another form, a block that reads itself or a later one, or another ``concat``.
    """
    require_choice("child.concat", concat, ("all", "unused"))
    require(len(cell) > 0, "cell", "must have at least one block", str(cell))
    if all(isinstance(block, Block) for block in cell.blocks):
        return _pnas_graph(cell, concat)
    if all(_is_node(block, index) for index, block in enumerate(cell.blocks)):
        return _node_graph(cell)
    raise InvalidValue(
        "cell", "must be made of PNAS blocks or of NAS-Bench-201 nodes to be drawn", str(cell)
    )


def _pnas_graph(cell: Cell, concat: str) -> CellGraph:
    blocks = tuple(
        _operands(cell, i, block) for i, block in enumerate(cell.blocks) if isinstance(block, Block)
    )
    read = {operand.source for block in blocks for operand in block}
    outputs = [index for index in range(len(blocks)) if concat == "all" or index not in read]
    return CellGraph(blocks, tuple(outputs), concat=True)


def _operands(cell: Cell, index: int, block: Block) -> tuple[Operand, ...]:
    for source in (block.input1, block.input2):
        require(
            source < index,
            "cell",
            f"block {index} must read previous cells or earlier blocks",
            str(cell),
        )
    return Operand(block.input1, block.operator1), Operand(block.input2, block.operator2)


def _is_node(block: Sequence[object], index: int) -> bool:
    return len(block) == index + 1 and all(isinstance(operator, str) for operator in block)


def _node_graph(cell: Cell) -> CellGraph:
    # Node 0 is the cell's input, node n + 1 is block n; the last node is the output.
    blocks = tuple(
        tuple(
            Operand(node - 1, str(operator))
            for node, operator in enumerate(block)
            if operator != NO_EDGE
        )
        for block in cell.blocks
    )
    return CellGraph(blocks, (len(blocks) - 1,), concat=False)
