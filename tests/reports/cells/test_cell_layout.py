from collections.abc import Iterator

import pytest
from support.drawn_cells import CHAIN, DEAD, FLAT, NODES, PNASNET_5, RANDOM

from pnas.reports.cells.cell_graph import cell_graph
from pnas.reports.cells.cell_layout import Box, Edge, Layout, lay_out_cell
from pnas.reports.cells.lane_assignment import assign_lanes, count_crossings
from pnas.state_space import Cell

_STEPS = 100
_TOLERANCE = 0.01


def points_along(edge: Edge) -> Iterator[tuple[float, float]]:
    """Yield points of an edge: a cubic curve with level ends, then a straight line."""
    width = edge.bend - edge.x
    height = edge.end_y - edge.y
    straight = edge.end_x - edge.bend
    for step in range(_STEPS + 1):
        t = step / _STEPS
        rest = 1 - t
        # Bernstein polynomials of control points at 0, 1/2, 1/2 and 1 of the way.
        first_half = 1.5 * rest * rest * t
        second_half = 1.5 * rest * t * t
        share_x = first_half + second_half + t**3
        share_y = t * t * (3 - 2 * t)
        yield edge.x + width * share_x, edge.y + height * share_y
        yield edge.bend + straight * t, edge.end_y


def boxes_of(layout: Layout) -> list[Box]:
    boxes = [*layout.inputs.values(), *layout.adds, layout.output]
    for operators in layout.operators:
        boxes += operators
    if layout.concat is not None:
        boxes.append(layout.concat)
    return boxes


def overlap(a: Box, b: Box) -> bool:
    is_near_x = abs(a.x - b.x) < (a.width + b.width) / 2
    is_near_y = abs(a.y - b.y) < (a.height + b.height) / 2
    return is_near_x and is_near_y


def is_inside(box: Box, x: float, y: float) -> bool:
    is_between_x = box.left + _TOLERANCE < x < box.right - _TOLERANCE
    is_between_y = box.top + _TOLERANCE < y < box.bottom - _TOLERANCE
    return is_between_x and is_between_y


def meets(edge: Edge, box: Box) -> bool:
    return any(is_inside(box, x, y) for x, y in points_along(edge))


@pytest.mark.parametrize("cell", [PNASNET_5, FLAT, CHAIN, NODES, DEAD, *RANDOM], ids=str)
def test_no_box_meets_another_box_or_an_edge(cell: Cell) -> None:
    layout = lay_out_cell(cell_graph(cell), "title")
    boxes = boxes_of(layout)
    for box in boxes:
        assert min(box.left, box.top) > 0
        assert box.right < layout.width
        assert box.bottom < layout.height
        assert [other for other in boxes if overlap(box, other)] == [box]
        assert [edge for edge in layout.edges if meets(edge, box)] == []


@pytest.mark.parametrize("cell", [PNASNET_5, FLAT, CHAIN, NODES], ids=str)
def test_common_cells_have_no_crossing_edges(cell: Cell) -> None:
    graph = cell_graph(cell)
    assert count_crossings(graph, assign_lanes(graph)) == 0
