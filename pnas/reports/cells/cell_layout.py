"""Positions of a cell's drawing in inches: boxes, circles and edges, not yet their colours."""

import textwrap
from dataclasses import dataclass
from typing import NamedTuple

from pnas.reports.cells.cell_graph import CellGraph
from pnas.reports.cells.lane_assignment import EdgeRun, Lanes, assign_lanes, edge_runs

MARGIN = 0.2
BOX_HEIGHT = 0.32
TITLE_LINE = 0.22

_ROW = 0.46
_INPUT_WIDTH = 0.62
_OUTPUT_WIDTH = 0.74
_CONCAT_WIDTH = 0.3
_ADD_RADIUS = 0.13
_TITLE_GAP = 0.12
_FRAME_MARGIN = 0.09
_NARROWEST_BOX = 0.9
_BOX_PADDING = 0.24

# From an operator's right side to the centre of its block's add.
_TO_ADD = 0.38

# Between two columns, where edges change rows.
_GUTTER = 0.75

# Last part of a gutter, which shows the arrows of edges.
_STRAIGHT = 0.16

# Mean width of a character at the size of the labels.
_CHARACTER = 0.078

# The same for the title, which is larger and bold.
_TITLE_CHARACTER = 0.1

_LONGEST_LABEL = 26


class Box(NamedTuple):
    """A rectangle by its centre and size; y grows downwards."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height / 2

    @classmethod
    def between(cls, left: float, top: float, right: float, bottom: float) -> "Box":
        """Return the box with these sides."""
        x = (left + right) / 2
        y = (top + bottom) / 2
        return cls(x, y, width=right - left, height=bottom - top)

    def scaled(self, factor: float) -> "Box":
        """Return the box in another unit."""
        scaled = [side * factor for side in self]
        return Box(*scaled)


class Edge(NamedTuple):
    """From (x, y) by a curve to (bend, end_y), then straight to (end_x, end_y).

    ``source`` is what the edge carries (see `Operand`).
    """

    source: int
    x: float
    y: float
    bend: float
    end_x: float
    end_y: float


@dataclass(frozen=True)
class Layout:
    """Everything that the drawing of a cell shows, in inches.

    Attributes:
        width: Width of the whole drawing.
        height: Height of the whole drawing.
        title: Lines of the title.
        inputs: Box of each previous cell that is read, by its number.
        operators: Box of each operand, by block.
        adds: Box around the add of each block.
        frames: Box around each block.
        concat: Bar of the concatenation; None if the output is one block's.
        output: Box of the cell's output.
        edges: Edges into operators, then into adds, then into the output.
    """

    width: float
    height: float
    title: tuple[str, ...]
    inputs: dict[int, Box]
    operators: tuple[tuple[Box, ...], ...]
    adds: tuple[Box, ...]
    frames: tuple[Box, ...]
    concat: Box | None
    output: Box
    edges: tuple[Edge, ...]


def box_label(operator: str) -> str:
    """Return the operator's name, cut where it would make a box absurdly wide."""
    if len(operator) <= _LONGEST_LABEL:
        return operator
    return operator[: _LONGEST_LABEL - 1] + "…"


def lay_out_cell(graph: CellGraph, title: str = "") -> Layout:
    """Return the positions of everything in ``graph``, below ``title`` in lines that fit."""
    return _CellLayout(graph, assign_lanes(graph), title).layout()


class _CellLayout:
    """Turns rows and columns into inches."""

    def __init__(self, graph: CellGraph, lanes: Lanes, title: str) -> None:
        self.graph = graph
        self.lanes = lanes
        self.top = MARGIN
        longest = 0
        for block in graph.blocks:
            for operand in block:
                longest = max(longest, len(box_label(operand.operator)))
        self.box_width = max(_NARROWEST_BOX, _BOX_PADDING + _CHARACTER * longest)
        self.width = self._output().right + MARGIN

        characters = int((self.width - 2 * MARGIN) / _TITLE_CHARACTER)
        self.title = tuple(textwrap.wrap(title, characters))
        if self.title:
            self.top += TITLE_LINE * len(self.title) + _TITLE_GAP

    def layout(self) -> Layout:
        operators = self._operators()
        adds = self._adds()
        concat = self._concat()
        output = self._output()
        edges = [*self._outer_edges(concat or output), *_inner_edges(operators, adds)]
        if concat is not None:
            edges.append(_last_edge(concat, output))
        return Layout(
            width=self.width,
            height=self._y(self.lanes.height - 1) + BOX_HEIGHT / 2 + MARGIN,
            title=self.title,
            inputs={source: self._input(row) for source, row in self.lanes.inputs.items()},
            operators=operators,
            adds=adds,
            frames=tuple(map(_frame, operators, adds)),
            concat=concat,
            output=output,
            edges=tuple(edges),
        )

    def _y(self, row: float) -> float:
        return self.top + BOX_HEIGHT / 2 + row * _ROW

    def _gutter_start(self, column: int) -> float:
        """Right edge of what is in ``column``: 0 = the inputs, d = the blocks of depth d."""
        column_width = self.box_width + _TO_ADD + _ADD_RADIUS
        return MARGIN + _INPUT_WIDTH + column * (_GUTTER + column_width)

    def _input(self, row: float) -> Box:
        return Box(MARGIN + _INPUT_WIDTH / 2, self._y(row), _INPUT_WIDTH, BOX_HEIGHT)

    def _operators(self) -> tuple[tuple[Box, ...], ...]:
        blocks = []
        for depth, rows in zip(self.graph.depths, self.lanes.operands, strict=True):
            left = self._gutter_start(depth - 1) + _GUTTER
            x = left + self.box_width / 2
            boxes = []
            for row in rows:
                y = self._y(row)
                boxes.append(Box(x, y, self.box_width, BOX_HEIGHT))
            blocks.append(tuple(boxes))
        return tuple(blocks)

    def _adds(self) -> tuple[Box, ...]:
        diameter = 2 * _ADD_RADIUS
        adds = []
        for depth, row in zip(self.graph.depths, self.lanes.blocks, strict=True):
            x = self._gutter_start(depth) - _ADD_RADIUS
            y = self._y(row)
            adds.append(Box(x, y, diameter, diameter))
        return tuple(adds)

    def _concat(self) -> Box | None:
        if len(self.graph.outputs) < 2:
            return None
        rows = [self.lanes.blocks[block] for block in self.graph.outputs]
        top = self._y(min(rows)) - _ROW
        bottom = self._y(max(rows)) + _ROW
        last_column = max(self.graph.depths)
        left = self._gutter_start(last_column) + 0.6 * _GUTTER
        return Box.between(left, top, left + _CONCAT_WIDTH, bottom)

    def _output(self) -> Box:
        concat = self._concat()
        if concat is None:
            last_column = max(self.graph.depths)
            start = self._gutter_start(last_column)
            block = self.graph.outputs[0]
            y = self._y(self.lanes.blocks[block])
        else:
            start = concat.right
            y = concat.y
        left = start + 0.5 * _GUTTER
        x = left + _OUTPUT_WIDTH / 2
        return Box(x, y, _OUTPUT_WIDTH, BOX_HEIGHT)

    def _outer_edges(self, end: Box) -> list[Edge]:
        """Return the edges from inputs and blocks into operators, and from blocks to ``end``."""
        sources = [operand.source for block in self.graph.blocks for operand in block]
        sources += self.graph.outputs
        runs = edge_runs(self.graph, self.lanes)
        return [self._edge(source, run, end) for source, run in zip(sources, runs, strict=True)]

    def _edge(self, source: int, run: EdgeRun, end: Box) -> Edge:
        start = self._gutter_start(run.column)
        if run.until > max(self.graph.depths):
            end_x = end.left
        else:
            end_x = self._gutter_start(run.until - 1) + _GUTTER
        return Edge(
            source,
            x=start,
            y=self._y(run.start),
            bend=min(start + _GUTTER, end_x) - _STRAIGHT,
            end_x=end_x,
            end_y=self._y(run.end),
        )


def _inner_edges(operators: tuple[tuple[Box, ...], ...], adds: tuple[Box, ...]) -> list[Edge]:
    """Edges from operators to the add of their block, which have no straight part."""
    edges = []
    for block, add in enumerate(adds):
        for box in operators[block]:
            edge = Edge(
                source=block,
                x=box.right,
                y=box.y,
                bend=add.left,
                end_x=add.left,
                end_y=add.y,
            )
            edges.append(edge)
    return edges


def _last_edge(concat: Box, output: Box) -> Edge:
    return Edge(
        source=0,
        x=concat.right,
        y=concat.y,
        bend=output.left - _STRAIGHT,
        end_x=output.left,
        end_y=output.y,
    )


def _frame(operators: tuple[Box, ...], add: Box) -> Box:
    # Of a block without operators the frame is around its add.
    boxes = operators or (add,)
    first = boxes[0]
    left = min(first.left, add.left)
    top = min(box.top for box in boxes)
    bottom = max(box.bottom for box in boxes)
    return Box.between(
        left - _FRAME_MARGIN,
        top - _FRAME_MARGIN,
        add.right + _FRAME_MARGIN,
        bottom + _FRAME_MARGIN,
    )
