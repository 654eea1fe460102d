"""Which operators and inputs the cells of each stage use, and what rewards the cells with them got."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean

from pnas.errors import InvalidValue
from pnas.records import ChildRecord
from pnas.reports.cells.cell_graph import CellGraph, cell_graph

_Parts = tuple[float | None, list[str]]
"""A cell's reward and the names of its parts."""

_PartsOf = Callable[[CellGraph], list[str]]


@dataclass(frozen=True)
class Use:
    """How one operator, or one input, is used at one stage.

    Attributes:
        share: of all operators (inputs) of the stage's cells, in [0, 1].
        top_share: of those of the better quarter of its cells that have a reward; None if fewer than 4 have one.
        mean_reward: of the cells in which it occurs; None if none has a reward.
    """

    share: float
    top_share: float | None
    mean_reward: float | None


def operator_use(children: Sequence[ChildRecord]) -> dict[str, dict[int, Use]]:
    """Use of each operator by stage, the most used one first."""
    return _use(
        children, lambda graph: [operand.operator for block in graph.blocks for operand in block]
    )


def input_use(children: Sequence[ChildRecord]) -> dict[str, dict[int, Use]]:
    """Use of each input (-1, -2, ..., 0, 1, ...) by stage."""
    use = _use(
        children, lambda graph: [str(operand.source) for block in graph.blocks for operand in block]
    )
    return dict(sorted(use.items(), key=lambda item: (int(item[0]) >= 0, abs(int(item[0])))))


def _use(children: Sequence[ChildRecord], parts_of: _PartsOf) -> dict[str, dict[int, Use]]:
    stages: dict[int, list[_Parts]] = {}
    for child in children:
        if (parts := _parts(child, parts_of)) is not None:
            stages.setdefault(child.b, []).append(parts)
    names = [name for cells in stages.values() for _, parts in cells for name in parts]
    ordered = sorted(set(names), key=lambda name: (-names.count(name), name))
    return {name: {b: _one(name, cells) for b, cells in sorted(stages.items())} for name in ordered}


def _parts(child: ChildRecord, parts_of: _PartsOf) -> _Parts | None:
    try:
        return child.reward, parts_of(cell_graph(child.cell))
    except InvalidValue:
        return None  # a cell of a kind that has no operators and inputs we know


def _one(name: str, cells: Sequence[_Parts]) -> Use:
    measured = sorted(
        ((r, parts) for r, parts in cells if r is not None), key=lambda cell: -cell[0]
    )
    top = measured[: len(measured) // 4]
    rewards = [reward for reward, parts in measured if name in parts]
    return Use(
        _share(name, [parts for _, parts in cells]) or 0.0,
        _share(name, [parts for _, parts in top]),
        mean(rewards) if rewards else None,
    )


def _share(name: str, cells: Sequence[list[str]]) -> float | None:
    total = sum(map(len, cells))
    return sum(parts.count(name) for parts in cells) / total if total else None
