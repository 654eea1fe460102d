"""Rows for the parts of a cell, chosen so that a left-to-right drawing has few crossing edges.

Every block has a lane of its own with one row an operand; columns go by depth. An edge leaves its
source, changes rows in the gutter right after the column of the source, and then runs along the row
of the operand it ends at. Nothing else is in that row, so no edge ever meets a box. What remains is
to order the lanes such that edges seldom cross.

===============  =================================================================================
symbol           meaning
===============  =================================================================================
row              vertical position in rows from the top; 0 is the centre of the first row
lane             rows of one block: one an operand, at least one
column           0 = the inputs, d = the blocks of depth d
===============  =================================================================================

Example: blocks 0 (reads -1, -2), 1 (reads -1, 0) and 2 (reads 1, 1) have depths 1, 2, 3. In the
order 0, 1, 2 their lanes start at rows 0, 2.7 and 5.4 (two operands and a gap of 0.7 each), and
their outputs leave at rows 0.5, 3.2 and 5.9.
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

_LEAST_GAIN = 1e-9
"""Below this a lower cost is rounding."""


class EdgeRun(NamedTuple):
    """Course of an edge: after ``column`` from row ``start`` to ``end``, then on to ``until``."""

    column: int
    start: float
    end: float
    until: int


@dataclass(frozen=True)
class Lanes:
    """Positions in rows from the top.

    Attributes:
        operands: Row of each operand, by block.
        blocks: Row of each block's output, the middle of its lane.
        inputs: Row of each previous cell.
        height: Number of rows, gaps included.
    """

    operands: tuple[tuple[float, ...], ...]
    blocks: tuple[float, ...]
    inputs: dict[int, float]
    height: float


def assign_lanes(graph: CellGraph) -> Lanes:
    """Return the best order of lanes that moving one block at a time finds.

    The search starts from the blocks in their own order, and ends where no move improves.
    """
    order = tuple(range(len(graph.blocks)))
    best = _place(graph, order)
    cost = _cost(graph, best)
    improved = True
    while improved:
        improved = False
        for candidate in _moves(order):
            lanes = _place(graph, candidate)
            candidate_cost = _cost(graph, lanes)
            if candidate_cost < cost - _LEAST_GAIN:
                order = candidate
                best = lanes
                cost = candidate_cost
                improved = True
    return best


def _moves(order: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Yield every order that differs by one block put elsewhere."""
    for block in order:
        rest = tuple(other for other in order if other != block)
        for place in range(len(order)):
            moved = (*rest[:place], block, *rest[place:])
            if moved != order:
                yield moved


def _place(graph: CellGraph, order: Sequence[int]) -> Lanes:
    tops: dict[int, float] = {}
    top = 0.0
    for block in order:
        tops[block] = top
        top += max(len(graph.blocks[block]), 1) + LANE_GAP
    height = top - LANE_GAP

    middles = []
    for index, block_operands in enumerate(graph.blocks):
        rows = max(len(block_operands), 1)
        middles.append(tops[index] + (rows - 1) / 2)

    inputs = _place_inputs(graph, middles, height)
    operands = []
    for index in range(len(middles)):
        operands.append(_operand_rows(graph, index, tops[index], middles, inputs))
    lowest_input = max((row + 1 for row in inputs.values()), default=0.0)
    return Lanes(tuple(operands), tuple(middles), inputs, max(height, lowest_input))


def _place_inputs(graph: CellGraph, middles: Sequence[float], height: float) -> dict[int, float]:
    """Return a row for each input: level with the mean of its readers, apart from the next input.

    If they fit, all inputs lie within the ``height`` of the drawing.
    """
    distance = 2.0 if height > 2 * len(graph.inputs) else 1.0
    wanted = {source: _mean_reader(graph, source, middles) for source in graph.inputs}
    rows: dict[int, float] = {}
    for source in sorted(wanted, key=lambda source: (wanted[source], -source)):
        below_others = max((row + distance for row in rows.values()), default=wanted[source])
        rows[source] = max(wanted[source], below_others)

    lowest = max(rows.values(), default=0.0)
    overhang = max(0.0, lowest - (height - 1))
    shift = min(overhang, min(rows.values(), default=0.0))
    return {source: row - shift for source, row in rows.items()}


def _mean_reader(graph: CellGraph, source: int, middles: Sequence[float]) -> float:
    rows = []
    for block, operands in enumerate(graph.blocks):
        readers = [operand for operand in operands if operand.source == source]
        rows += [middles[block]] * len(readers)
    return sum(rows) / len(rows)


def _operand_rows(
    graph: CellGraph,
    block: int,
    top: float,
    middles: Sequence[float],
    inputs: dict[int, float],
) -> tuple[float, ...]:
    """Return the rows of a block's operands, such that its own edges do not cross one another.

    What comes from above goes above what comes from below. Of several from above, the nearest
    column is highest, since edges from columns further left arrive along the rows under it; from
    below it is the other way round.
    """

    def sort_key(operand: int) -> tuple[bool, int, float, int]:
        source = graph.blocks[block][operand].source
        row = inputs[source] if source < 0 else middles[source]
        column = 0 if source < 0 else graph.depths[source]
        is_below = row > middles[block]
        return is_below, column if is_below else -column, row, operand

    order = sorted(range(len(graph.blocks[block])), key=sort_key)
    return tuple(top + order.index(operand) for operand in range(len(order)))


def edge_runs(graph: CellGraph, lanes: Lanes) -> list[EdgeRun]:
    """Return every edge into an operand, in the order of blocks, then those into the output."""
    found = []
    for block, depth, rows in zip(graph.blocks, graph.depths, lanes.operands, strict=True):
        for operand, row in zip(block, rows, strict=True):
            column, start = _origin(graph, lanes, operand.source)
            found.append(EdgeRun(column, start, row, until=depth))

    after_last = max(graph.depths) + 1
    for block_index in graph.outputs:
        column, row = _origin(graph, lanes, block_index)
        found.append(EdgeRun(column, row, row, until=after_last))
    return found


def _origin(graph: CellGraph, lanes: Lanes, source: int) -> tuple[int, float]:
    """Return the column and the row that an edge from ``source`` leaves."""
    if source < 0:
        return 0, lanes.inputs[source]
    return graph.depths[source], lanes.blocks[source]


def count_crossings(graph: CellGraph, lanes: Lanes) -> int:
    """Return how often edges cross one another."""
    return sum(_cross(a, b) for a, b in combinations(edge_runs(graph, lanes), 2))


def _cost(graph: CellGraph, lanes: Lanes) -> float:
    travel = sum(abs(run.end - run.start) for run in edge_runs(graph, lanes))
    return _CROSSING_COST * count_crossings(graph, lanes) + travel


def _cross(a: EdgeRun, b: EdgeRun) -> bool:
    if a.column == b.column:
        return (a.start - b.start) * (a.end - b.end) < 0
    early, late = sorted((a, b), key=lambda run: run.column)
    low, high = sorted((late.start, late.end))
    reaches_gutter = early.until > late.column
    return reaches_gutter and low < early.end < high
