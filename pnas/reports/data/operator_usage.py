"""Which operators and inputs the cells of each group use, and the rewards of those cells."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import fmean

from pnas.errors import InvalidValue
from pnas.reports.cells.cell_graph import CellGraph, cell_graph
from pnas.reports.data.scored_cell import CellGroup, ScoredCell

_FEWEST_FOR_A_QUARTER = 4


@dataclass(frozen=True)
class Usage:
    """How one operator, or one input, is used by the cells of one group.

    Attributes:
        share: Share of all operators (inputs) of the group's cells, in [0, 1].
        top_share: Share of those of the better quarter of its cells; None if fewer than 4 have a
            reward.
        mean_reward: Mean reward of the cells in which it occurs; None if none has a reward.
    """

    share: float
    top_share: float | None
    mean_reward: float | None


UsageByGroup = Mapping[CellGroup, Usage]


@dataclass(frozen=True)
class _CellParts:
    """Reward of a cell, and how often each operator (or input) occurs in it."""

    reward: float | None
    counts: Counter[str]


def operator_usage(cells: Iterable[ScoredCell]) -> dict[str, UsageByGroup]:
    """Return the usage of each operator by group, the most used operator first."""
    return _usage(cells, _operators)


def input_usage(cells: Iterable[ScoredCell]) -> dict[str, UsageByGroup]:
    """Return the usage of each input by group: previous cells -1, -2, ..., then blocks 0, 1, ..."""
    usage = _usage(cells, _inputs)
    return dict(sorted(usage.items(), key=lambda item: _input_order(int(item[0]))))


def _operators(graph: CellGraph) -> list[str]:
    return [operand.operator for operand in chain.from_iterable(graph.blocks)]


def _inputs(graph: CellGraph) -> list[str]:
    return [str(operand.source) for operand in chain.from_iterable(graph.blocks)]


def _input_order(source: int) -> tuple[bool, int]:
    return source >= 0, abs(source)


def _usage(
    cells: Iterable[ScoredCell], parts_of: Callable[[CellGraph], list[str]]
) -> dict[str, UsageByGroup]:
    groups: dict[CellGroup, list[_CellParts]] = {}
    for cell in cells:
        try:
            parts = parts_of(cell_graph(cell.cell))
        except InvalidValue:
            continue  # a cell of a space of an extension, without operators that we know
        groups.setdefault(cell.group, []).append(_CellParts(cell.reward, Counter(parts)))

    total: Counter[str] = Counter()
    for members in groups.values():
        total += _sum_counts(members)
    names = sorted(total, key=lambda name: (-total[name], name))

    used: dict[str, dict[CellGroup, Usage]] = {name: {} for name in names}
    for group in sorted(groups):
        for name, usage in _group_usage(groups[group], names).items():
            used[name][group] = usage
    return dict(used)


def _group_usage(cells: Sequence[_CellParts], names: Iterable[str]) -> dict[str, Usage]:
    with_reward = [cell for cell in cells if cell.reward is not None]
    with_reward.sort(key=lambda cell: cell.reward or 0.0, reverse=True)
    quarter = len(with_reward) // _FEWEST_FOR_A_QUARTER
    counts = _sum_counts(cells)
    top_counts = _sum_counts(with_reward[:quarter])

    usage = {}
    for name in names:
        usage[name] = Usage(
            share=_share(counts, name) or 0.0,
            top_share=_share(top_counts, name),
            mean_reward=_mean_reward(with_reward, name),
        )
    return usage


def _mean_reward(cells: Sequence[_CellParts], name: str) -> float | None:
    """Return the mean reward of the cells with ``name``; None if none has it."""
    rewards = []
    for cell in cells:
        if name in cell.counts and cell.reward is not None:
            rewards.append(cell.reward)
    return fmean(rewards) if rewards else None


def _sum_counts(cells: Iterable[_CellParts]) -> Counter[str]:
    total: Counter[str] = Counter()
    for cell in cells:
        total.update(cell.counts)
    return total


def _share(counts: Counter[str], name: str) -> float | None:
    total = counts.total()
    return counts[name] / total if total else None
