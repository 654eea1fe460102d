"""A cell's drawing in inches: boxes, circles and edges, before any of it has a colour."""

import textwrap
from dataclasses import dataclass
from typing import NamedTuple

from pnas.reports.cells.cell_graph import CellGraph
from pnas.reports.cells.lane_assignment import Lanes, Run, arrange, runs

MARGIN = 0.2
ROW = 0.46
BOX_HEIGHT = 0.32
INPUT_WIDTH = 0.62
OUTPUT_WIDTH = 0.74
CONCAT_WIDTH = 0.3
ADD_RADIUS = 0.13
TITLE_LINE = 0.22
_TO_ADD = 0.38
"""From an operator's right side to the centre of its block's add."""
_GUTTER = 0.75
"""Between two columns, where edges change rows; the last ``_STRAIGHT`` of it shows their arrows."""
_STRAIGHT = 0.16
_CHARACTER = 0.078
"""Mean width of a character at the size of the labels."""
_TITLE_CHARACTER = 0.1
"""The same for the title, which is larger and bold."""
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


class Edge(NamedTuple):
    """From (x, y) by a curve to (bend, end_y), then straight to (end_x, end_y). ``source``: see `Operand`."""

    source: int
    x: float
    y: float
    bend: float
    end_x: float
    end_y: float


@dataclass(frozen=True)
class Layout:
    """Everything a drawing of a cell shows, in inches.

    Attributes:
        width: of the whole drawing.
        height: of the whole drawing.
        title: the lines of the title.
        inputs: a box for each previous cell that is read, by its number.
        operators: a box for each operand, by block.
        adds: a box around the add of each block.
        frames: a box around each block.
        concat: the bar of the concatenation; None if the output is one block's.
        output: the box of the cell's output.
        edges: into operators, then into adds, then into the output.
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


def label(operator: str) -> str:
    """The operator's name, cut where it would make a box absurdly wide."""
    return operator if len(operator) <= _LONGEST_LABEL else operator[: _LONGEST_LABEL - 1] + "…"


def lay_out(graph: CellGraph, title: str = "") -> Layout:
    """Place everything of ``graph``, under ``title`` broken into as many lines as it takes."""
    return _Places(graph, arrange(graph), title).layout()


class _Places:
    """Turns rows and columns into inches."""

    def __init__(self, graph: CellGraph, lanes: Lanes, title: str) -> None:
        self.graph = graph
        self.lanes = lanes
        self.top = MARGIN
        names = [label(operand.operator) for block in graph.blocks for operand in block]
        self.box_width = max(0.9, 0.24 + _CHARACTER * max(map(len, names), default=0))
        self.width = self._output().right + MARGIN
        self.title = tuple(textwrap.wrap(title, int((self.width - 2 * MARGIN) / _TITLE_CHARACTER)))
        self.top += TITLE_LINE * len(self.title) + (0.12 if self.title else 0)

    def layout(self) -> Layout:
        operators = self._operators()
        adds = self._adds()
        concat = self._concat()
        output = self._output()
        edges = (
            *self._outer_edges(concat or output),
            *_inner_edges(operators, adds),
            *_last_edge(concat, output),
        )
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
            edges=edges,
        )

    def _y(self, row: float) -> float:
        return self.top + BOX_HEIGHT / 2 + row * ROW

    def _gutter_start(self, column: int) -> float:
        """Right edge of what stands in ``column``: 0 = the inputs, d = the blocks of depth d."""
        width = self.box_width + _TO_ADD + ADD_RADIUS
        return MARGIN + INPUT_WIDTH + column * (_GUTTER + width)

    def _input(self, row: float) -> Box:
        return Box(MARGIN + INPUT_WIDTH / 2, self._y(row), INPUT_WIDTH, BOX_HEIGHT)

    def _operators(self) -> tuple[tuple[Box, ...], ...]:
        return tuple(
            tuple(self._operator(depth, row) for row in rows)
            for depth, rows in zip(self.graph.depths, self.lanes.operands, strict=True)
        )

    def _operator(self, depth: int, row: float) -> Box:
        left = self._gutter_start(depth - 1) + _GUTTER
        return Box(left + self.box_width / 2, self._y(row), self.box_width, BOX_HEIGHT)

    def _adds(self) -> tuple[Box, ...]:
        return tuple(
            Box(
                self._gutter_start(depth) - ADD_RADIUS, self._y(row), 2 * ADD_RADIUS, 2 * ADD_RADIUS
            )
            for depth, row in zip(self.graph.depths, self.lanes.blocks, strict=True)
        )

    def _concat(self) -> Box | None:
        if len(self.graph.outputs) < 2:
            return None
        rows = [self.lanes.blocks[block] for block in self.graph.outputs]
        top = self._y(min(rows)) - ROW
        bottom = self._y(max(rows)) + ROW
        x = self._gutter_start(max(self.graph.depths)) + 0.6 * _GUTTER + CONCAT_WIDTH / 2
        return Box(x, (top + bottom) / 2, CONCAT_WIDTH, bottom - top)

    def _output(self) -> Box:
        concat = self._concat()
        if concat is None:
            start = self._gutter_start(max(self.graph.depths))
            y = self._y(self.lanes.blocks[self.graph.outputs[0]])
        else:
            start = concat.right
            y = concat.y
        return Box(start + 0.5 * _GUTTER + OUTPUT_WIDTH / 2, y, OUTPUT_WIDTH, BOX_HEIGHT)

    def _outer_edges(self, end: Box) -> list[Edge]:
        """Edges between columns: from inputs and blocks into operators, and from blocks to ``end``."""
        sources = [operand.source for block in self.graph.blocks for operand in block]
        drawn = zip([*sources, *self.graph.outputs], runs(self.graph, self.lanes), strict=True)
        return [self._edge(source, run, end) for source, run in drawn]

    def _edge(self, source: int, run: Run, end: Box) -> Edge:
        start = self._gutter_start(run.column)
        past_blocks = run.until > max(self.graph.depths)
        end_x = end.left if past_blocks else self._gutter_start(run.until - 1) + _GUTTER
        bend = min(start + _GUTTER, end_x) - _STRAIGHT
        return Edge(source, start, self._y(run.start), bend, end_x, self._y(run.end))


def _inner_edges(operators: tuple[tuple[Box, ...], ...], adds: tuple[Box, ...]) -> list[Edge]:
    return [
        Edge(block, box.right, box.y, add.left, add.left, add.y)
        for block, (boxes, add) in enumerate(zip(operators, adds, strict=True))
        for box in boxes
    ]


def _last_edge(concat: Box | None, output: Box) -> list[Edge]:
    return (
        [Edge(0, concat.right, concat.y, output.left - _STRAIGHT, output.left, output.y)]
        if concat
        else []
    )


def _frame(operators: tuple[Box, ...], add: Box) -> Box:
    boxes = (*operators, add)
    left = min(box.left for box in boxes) - 0.09
    right = add.right + 0.09
    top = min(box.top for box in boxes) - 0.09
    bottom = max(box.bottom for box in boxes) + 0.09
    return Box((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
