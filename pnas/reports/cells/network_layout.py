"""The row of boxes that is the drawing of a network: image, stem, cells and head."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from pnas.children.network_specs import CellPlan, NetworkSpec
from pnas.reports.cells.cell_layout import BOX_HEIGHT, MARGIN, Box
from pnas.reports.palette import PAPER
from pnas.state_space import Cell

ARC_HEIGHT = 0.34

_WIDTH = 0.86
_GAP = 0.3
_BELOW = 0.24
_NORMAL_CELL = "#cfe3f5"
_REDUCTION_CELL = "#fbdcc3"

# A network of more cells shows each run of equal cells as one box.
_MOST_BOXES = 12


@dataclass(frozen=True)
class NetworkPart:
    """What one box shows.

    Attributes:
        text: Text in the box.
        below: Text below it.
        fill: Colour of the box.
        is_cell: Whether it is one cell, or several equal ones.
    """

    text: str
    below: str = ""
    fill: str = PAPER
    is_cell: bool = False


@dataclass(frozen=True)
class Arc:
    """What a cell reads besides the previous cell: from ``start`` to ``end``, above the boxes."""

    source: int
    start: float
    end: float

    @property
    def height(self) -> float:
        """Height of the control points above the boxes, in inches."""
        return ARC_HEIGHT * (-self.source - 1) * 1.3


@dataclass(frozen=True)
class NetworkRow:
    """Everything that the drawing shows, in inches.

    Attributes:
        width: Width of the drawing.
        height: Height of the drawing.
        parts: Parts of the network from left to right.
        boxes: Box of each part.
        arcs: Connections that skip a cell.
    """

    width: float
    height: float
    parts: tuple[NetworkPart, ...]
    boxes: tuple[Box, ...]
    arcs: tuple[Arc, ...]


def lay_out_network(network: NetworkSpec, cell: Cell | None = None) -> NetworkRow:
    """Return the positions of the parts of ``network``.

    Args:
        network: The network.
        cell: Cell that it stacks: arcs show which earlier outputs it reads. None for no arcs.
    """
    plans = network.cell_plans()
    cells = _cell_parts(plans)
    parts = [*_first_parts(network), *cells]
    parts += [NetworkPart("pool", "global"), NetworkPart("dense", "classes")]

    # Where boxes stand for several cells, arcs between single cells have no place.
    is_complete = len(cells) == len(plans)
    sources = _skipping_sources(cell) if is_complete else []
    highest = max((-source - 1 for source in sources), default=0)
    middle = MARGIN + ARC_HEIGHT * highest + BOX_HEIGHT / 2

    boxes = []
    for index in range(len(parts)):
        x = MARGIN + _WIDTH / 2 + index * (_WIDTH + _GAP)
        boxes.append(Box(x, middle, _WIDTH, BOX_HEIGHT))
    return NetworkRow(
        width=boxes[-1].right + MARGIN,
        height=middle + BOX_HEIGHT / 2 + _BELOW + MARGIN,
        parts=tuple(parts),
        boxes=tuple(boxes),
        arcs=tuple(_arcs(parts, boxes, sources)),
    )


def _first_parts(network: NetworkSpec) -> list[NetworkPart]:
    image = NetworkPart("image")
    if not network.has_stem:
        return [image]
    kernel = "3x3 /2" if network.has_imagenet_stem else "3x3"
    return [image, NetworkPart("stem", f"{kernel}, {network.stem_filters()}")]


def _cell_parts(plans: Sequence[CellPlan]) -> list[NetworkPart]:
    """Return one part a cell; in a long network one part for each run of equal cells."""
    if len(plans) <= _MOST_BOXES:
        return [_cell_part(plan, count=1) for plan in plans]
    parts = []
    for plan, equal in groupby(plans):
        parts.append(_cell_part(plan, count=len(list(equal))))
    return parts


def _cell_part(plan: CellPlan, count: int) -> NetworkPart:
    is_reduction = plan.stride == 2
    name = "cell /2" if is_reduction else "cell"
    times = f" x {count}" if count > 1 else ""
    return NetworkPart(
        text=f"{name}{times}",
        below=f"{plan.filters} filters",
        fill=_REDUCTION_CELL if is_reduction else _NORMAL_CELL,
        is_cell=True,
    )


def _skipping_sources(cell: Cell | None) -> list[int]:
    """Return the earlier cells that ``cell`` reads besides the previous one: -2, -3, ..."""
    if cell is None:
        return []
    sources = set()
    for block in cell.blocks:
        for value in block:
            if isinstance(value, int) and value < -1:
                sources.add(value)
    return sorted(sources, reverse=True)


def _arcs(parts: Sequence[NetworkPart], boxes: Sequence[Box], sources: Sequence[int]) -> list[Arc]:
    first_cell = next(index for index, part in enumerate(parts) if part.is_cell)
    # Before the first cell there is the stem, again: the arrow between neighbours shows it already.
    earliest = max(first_cell - 1, 0)
    arcs = []
    for source in sources:
        for index, part in enumerate(parts):
            read = index + source
            if part.is_cell and read >= earliest:
                arc = Arc(source, start=boxes[read].x, end=boxes[index].x)
                arcs.append(arc)
    return arcs
