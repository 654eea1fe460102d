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

# Rows of vertical travel that are worth avoiding one crossing.
_CROSSING_COST = 4.0

# Below this a lower cost is rounding.
_LEAST_GAIN = 1e-9


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
        rest = [other for other in order if other != block]
        for place in range(len(order)):
            moved = list(rest)
            moved.insert(place, block)
            if tuple(moved) != order:
                yield tuple(moved)


def _place(graph: CellGraph, order: Sequence[int]) -> Lanes:
    # A block of NAS-Bench-201 without any edge takes a row, too.
    rows_of = [max(len(operands), 1) for operands in graph.blocks]
    tops: dict[int, float] = {}
    top = 0.0
    for block in order:
        tops[block] = top
        top += rows_of[block] + LANE_GAP
    height = top - LANE_GAP

    middles = []
    for index, rows in enumerate(rows_of):
        middle = tops[index] + (rows - 1) / 2
        middles.append(middle)

    inputs = _place_inputs(graph, middles, height)
    operands = []
    for index in range(len(middles)):
        rows_of_block = _operand_rows(graph, index, tops[index], middles, inputs)
        operands.append(rows_of_block)

    lowest_input = max(inputs.values(), default=-1.0)
    return Lanes(
        operands=tuple(operands),
        blocks=tuple(middles),
        inputs=inputs,
        height=max(height, lowest_input + 1),
    )


def _place_inputs(graph: CellGraph, middles: Sequence[float], height: float) -> dict[int, float]:
    """Return a row for each input: level with the mean of its readers, apart from the next input.

    If they fit, all inputs lie within the ``height`` of the drawing.
    """
    if not graph.inputs:
        return {}
    has_room = height > 2 * len(graph.inputs)
    distance = 2.0 if has_room else 1.0
    wanted = []
    for source in graph.inputs:
        row = _mean_reader(graph, source, middles)
        wanted.append((row, -source))
    wanted.sort()

    rows: dict[int, float] = {}
    next_free = float("-inf")
    for row, negative_source in wanted:
        placed = max(row, next_free)
        rows[-negative_source] = placed
        next_free = placed + distance

    lowest = max(rows.values())
    highest = min(rows.values())
    overhang = max(0.0, lowest - (height - 1))
    shift = min(overhang, highest)
    return {source: row - shift for source, row in rows.items()}


def _mean_reader(graph: CellGraph, source: int, middles: Sequence[float]) -> float:
    rows = []
    for middle, operands in zip(middles, graph.blocks, strict=True):
        for operand in operands:
            if operand.source == source:
                rows.append(middle)
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

    keys = []
    for position, operand in enumerate(graph.blocks[block]):
        source = operand.source
        is_input = source < 0
        row = inputs[source] if is_input else middles[source]
        column = 0 if is_input else graph.depths[source]
        is_below = row > middles[block]
        nearness = column if is_below else -column
        keys.append((is_below, nearness, row, position))

    rows = [top] * len(keys)
    for place, (*_, position) in enumerate(sorted(keys)):
        rows[position] = top + place
    return tuple(rows)


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
        start_difference = a.start - b.start
        end_difference = a.end - b.end
        return start_difference * end_difference < 0

    early, late = (a, b) if a.column < b.column else (b, a)
    reaches_gutter = early.until > late.column
    low = min(late.start, late.end)
    high = max(late.start, late.end)
    return reaches_gutter and low < early.end < high
