"""A cell as a graph to draw: which source each operator reads, and how deep each block lies.

The two kinds of cells are told apart by their form: blocks of (input, operator, input, operator),
and the node-by-node cells of NAS-Bench-201, whose block b has b operators, one on the edge from
each earlier node.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pnas.errors import InvalidValue, require, require_choice
from pnas.state_space import Block, Cell

# The operator of NAS-Bench-201 that stands for the absence of an edge.
_ABSENT_EDGE = "none"


@dataclass(frozen=True)
class Operand:
    """One operator and what it reads.

    Attributes:
        source: A previous cell's output (-1, -2, ...) or a block's output (0, 1, ...).
        operator: Name of the operator.
    """

    source: int
    operator: str


@dataclass(frozen=True)
class CellGraph:
    """What a drawing shows.

    Attributes:
        blocks: Operands of each block, whose outputs are added.
        outputs: Blocks that make up the cell's output, ascending.
        concat: Whether the output is their concatenation. Of one block it is that block's output.
    """

    blocks: tuple[tuple[Operand, ...], ...]
    outputs: tuple[int, ...]
    concat: bool

    @cached_property
    def inputs(self) -> tuple[int, ...]:
        """The previous cells that are read: -1 first, then -2, ..."""
        sources = {operand.source for block in self.blocks for operand in block}
        previous = [source for source in sources if source < 0]
        return tuple(sorted(previous, reverse=True))

    @cached_property
    def depths(self) -> tuple[int, ...]:
        """Depth of each block: 1 more than that of the deepest block it reads, or 1."""
        depths: list[int] = []
        for block in self.blocks:
            deepest = 0
            for operand in block:
                if operand.source >= 0:
                    deepest = max(deepest, depths[operand.source])
            depths.append(deepest + 1)
        return tuple(depths)


def cell_graph(cell: Cell, concat: str = "all") -> CellGraph:
    """Return the graph of ``cell``.

    Args:
        cell: A PNAS or NAS-Bench-201 cell.
        concat: Output of a PNAS cell: "all" blocks are concatenated, or the "unused" ones (those
            that no block reads).

    Raises:
        InvalidValue: A cell of another form, a block that reads itself or a later one, or another
            ``concat``.
    """
    require_choice("child.concat", concat, ("all", "unused"))
    require(len(cell) > 0, "cell", "must have at least one block", "")
    if all(isinstance(block, Block) for block in cell.blocks):
        return _block_graph(cell, concat)
    if all(_is_node(block, index) for index, block in enumerate(cell.blocks)):
        return _node_graph(cell)
    rule = "must be made of PNAS blocks or of NAS-Bench-201 nodes to be drawn"
    raise InvalidValue("cell", rule, str(cell))


def _block_graph(cell: Cell, concat: str) -> CellGraph:
    blocks = []
    for index, block in enumerate(cell.blocks):
        assert isinstance(block, Block)
        blocks.append(_operands(cell, index, block))

    outputs: Sequence[int] = range(len(blocks))
    if concat == "unused":
        outputs = _unused(blocks)
    return CellGraph(tuple(blocks), tuple(outputs), concat=True)


def _unused(blocks: Sequence[Sequence[Operand]]) -> list[int]:
    """Return the blocks whose output no block reads."""
    read = set()
    for operands in blocks:
        for operand in operands:
            read.add(operand.source)
    return [index for index in range(len(blocks)) if index not in read]


def _operands(cell: Cell, index: int, block: Block) -> tuple[Operand, ...]:
    if max(block.input1, block.input2) >= index:
        rule = f"block {index} must read previous cells or earlier blocks"
        raise InvalidValue("cell", rule, str(cell))
    first = Operand(block.input1, block.operator1)
    second = Operand(block.input2, block.operator2)
    return first, second


def _is_node(block: Sequence[object], index: int) -> bool:
    has_its_size = len(block) == index + 1
    return has_its_size and all(isinstance(operator, str) for operator in block)


def _node_graph(cell: Cell) -> CellGraph:
    """Node 0 is the cell's input, node n + 1 is block n; the last node is the output."""
    blocks = []
    for block in cell.blocks:
        operands = []
        for node, operator in enumerate(block):
            if operator != _ABSENT_EDGE:
                operands.append(Operand(node - 1, str(operator)))
        blocks.append(tuple(operands))
    return CellGraph(tuple(blocks), outputs=(len(blocks) - 1,), concat=False)
