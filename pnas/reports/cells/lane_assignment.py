"""Rows for the parts of a cell, chosen so that a left-to-right drawing has few crossing edges.

Every block has a lane of its own, one row an operand. Columns go by depth. An edge leaves its source, changes
rows in the gutter right after the source's column, and then runs along the row of the operand it ends at.
That row holds nothing else, so no edge ever meets a box; what remains is to order the lanes so that edges
seldom cross.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from pnas.reports.cells.cell_graph import CellGraph

LANE_GAP = 0.7
"""Rows of free space between two lanes."""

_CROSSING_COST = 4.0
"""Rows of vertical travel that are worth avoiding one crossing."""


class Run(NamedTuple):
    """An edge as crossings see it: after ``column`` from row ``start`` to ``end``, then on to ``until``."""

    column: int
    start: float
    end: float
    until: int


@dataclass(frozen=True)
class Lanes:
    """Where things stand, in rows from the top (0 = the centre of the first row).

    Attributes:
        operands: row of each operand, by block.
        blocks: row of each block's output, the middle of its lane.
        inputs: row of each previous cell.
        height: number of rows, gaps included.
    """

    operands: tuple[tuple[float, ...], ...]
    blocks: tuple[float, ...]
    inputs: dict[int, float]
    height: float


def arrange(graph: CellGraph) -> Lanes:
    """The best order of lanes that moving one block at a time finds, starting from the order as written."""
    order = tuple(range(len(graph.blocks)))
    best = _place(graph, order)
    cost = float("inf")
    improved = True
    while improved:
        improved = False
        for candidate in (order, *_moves(order)):
            lanes = _place(graph, candidate)
            if (candidate_cost := _cost(graph, lanes)) < cost - 1e-9:
                order = candidate
                best = lanes
                cost = candidate_cost
                improved = True
    return best


def _moves(order: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Every order that differs by one block put elsewhere."""
    for block in order:
        rest = tuple(other for other in order if other != block)
        for place in range(len(order)):
            moved = (*rest[:place], block, *rest[place:])
            if moved != order:
                yield moved


def _place(graph: CellGraph, order: Sequence[int]) -> Lanes:
    tops = {}
    top = 0.0
    for block in order:
        tops[block] = top
        top += max(len(graph.blocks[block]), 1) + LANE_GAP
    middles = [tops[i] + (max(len(block), 1) - 1) / 2 for i, block in enumerate(graph.blocks)]
    inputs = _place_inputs(graph, middles, top - LANE_GAP)
    height = max([top - LANE_GAP, *(row + 1 for row in inputs.values())])
    rows = tuple(_operand_rows(graph, i, tops[i], middles, inputs) for i in range(len(middles)))
    return Lanes(rows, tuple(middles), inputs, height)


def _place_inputs(graph: CellGraph, middles: Sequence[float], height: float) -> dict[int, float]:
    """Each input level with the mean of its readers, apart from the next and, if it fits, in the drawing."""
    apart = 2.0 if height > 2 * len(graph.inputs) else 1.0
    wanted = {source: _mean_reader(graph, source, middles) for source in graph.inputs}
    rows: dict[int, float] = {}
    for source in sorted(wanted, key=lambda source: (wanted[source], -source)):
        rows[source] = max([wanted[source], *(row + apart for row in rows.values())])
    overhang = max([0.0, *(row - (height - 1) for row in rows.values())])
    shift = min(overhang, min(rows.values(), default=0.0))
    return {source: row - shift for source, row in rows.items()}


def _mean_reader(graph: CellGraph, source: int, middles: Sequence[float]) -> float:
    rows = [
        middles[i]
        for i, block in enumerate(graph.blocks)
        for operand in block
        if operand.source == source
    ]
    return sum(rows) / len(rows)


def _operand_rows(
    graph: CellGraph, block: int, top: float, middles: Sequence[float], inputs: dict[int, float]
) -> tuple[float, ...]:
    """The rows of a block's operands, such that its own edges do not cross one another.

    What comes from above stands above what comes from below. Of several from above, the nearest column stands
    highest, since the edges from columns further left arrive along the rows under it; from below, mirrored.
    """

    def standing(i: int) -> tuple[bool, int, float, int]:
        source = graph.blocks[block][i].source
        row, column = (inputs[source], 0) if source < 0 else (middles[source], graph.depths[source])
        below = row > middles[block]
        return below, column if below else -column, row, i

    order = sorted(range(len(graph.blocks[block])), key=standing)
    return tuple(top + order.index(i) for i in range(len(order)))


def runs(graph: CellGraph, lanes: Lanes) -> list[Run]:
    """Every edge into an operand or into the output, operands first, in the order of `CellGraph.blocks`."""
    last = max(graph.depths) + 1
    found = []
    for block, depth, rows in zip(graph.blocks, graph.depths, lanes.operands, strict=True):
        for operand, row in zip(block, rows, strict=True):
            found.append(Run(*_origin(graph, lanes, operand.source), row, depth))
    for block_index in graph.outputs:
        column, row = _origin(graph, lanes, block_index)
        found.append(Run(column, row, row, last))
    return found


def _origin(graph: CellGraph, lanes: Lanes, source: int) -> tuple[int, float]:
    return (0, lanes.inputs[source]) if source < 0 else (graph.depths[source], lanes.blocks[source])


def crossings(graph: CellGraph, lanes: Lanes) -> int:
    """How often edges cross one another."""
    return sum(_cross(a, b) for a, b in combinations(runs(graph, lanes), 2))


def _cost(graph: CellGraph, lanes: Lanes) -> float:
    travel = sum(abs(run.end - run.start) for run in runs(graph, lanes))
    return _CROSSING_COST * crossings(graph, lanes) + travel


def _cross(a: Run, b: Run) -> bool:
    if a.column == b.column:
        return (a.start - b.start) * (a.end - b.end) < 0
    early, late = (a, b) if a.column < b.column else (b, a)
    low, high = sorted((late.start, late.end))
    return early.until > late.column and low < early.end < high
