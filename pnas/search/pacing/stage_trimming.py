"""Which cells of a stage are kept where there is no time for all of them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from pnas.search.strategies.base import Proposal
from pnas.state_space import Cell


def trimmed(
    proposal: Proposal, fits: Callable[[Proposal], bool], fewest: int, is_ranked: bool = False
) -> Proposal:
    """Return as much of ``proposal`` as fits.

    Of predicted cells the best ones are kept. Of others, cells spread over all that were proposed,
    in the same shares of small and of large ones, in an order of which every beginning has these
    shares: a stage that is cut short has cells of each size.

    Args:
        proposal: The stage.
        fits: Whether a smaller stage fits.
        fewest: Number of cells that are kept in any case.
        is_ranked: Whether cells without predictions have an order too, which they keep.
    """
    lower = fewest
    upper = len(proposal.cells)
    if fits(_first(proposal, upper, is_ranked)):
        return _first(proposal, upper, is_ranked)
    while lower < upper - 1:
        middle = (lower + upper) // 2
        if fits(_first(proposal, middle, is_ranked)):
            lower = middle
        else:
            upper = middle
    return _first(proposal, lower, is_ranked)


def _first(proposal: Proposal, count: int, is_ranked: bool) -> Proposal:
    if proposal.predictions is None and is_ranked:
        return replace(proposal, cells=_evenly_spaced(proposal.cells, count))
    if proposal.predictions is not None:
        return replace(
            proposal,
            cells=list(proposal.cells[:count]),
            predictions=list(proposal.predictions[:count]),
        )
    return replace(proposal, cells=_balanced(proposal.cells, count))


def _balanced(cells: Sequence[Cell], count: int) -> list[Cell]:
    """Return ``count`` of ``cells``, in the same shares of sizes and evenly spaced among each."""
    by_size: dict[int, list[Cell]] = {}
    for cell in cells:
        by_size.setdefault(len(cell), []).append(cell)
    if len(by_size) == 1:
        return _evenly_spaced(cells, count)

    placed: list[tuple[float, int, Cell]] = []
    kept = _shares(by_size, count)
    for size, group in by_size.items():
        for place, cell in enumerate(_evenly_spaced(group, kept[size])):
            # Larger cells first where places are equal.
            placed.append(((place + 0.5) / kept[size], -size, cell))
    placed.sort(key=lambda each: each[:2])
    ordered = [cell for _, _, cell in placed]

    # The child that ends first says how fast this machine is, so it is a small one.
    smallest = min(ordered, key=len)
    ordered.remove(smallest)
    return [smallest, *ordered]


def _shares(by_size: dict[int, list[Cell]], count: int) -> dict[int, int]:
    """Return how many cells of each size are kept; what rounding leaves goes to the largest."""
    total = sum(len(group) for group in by_size.values())
    kept = {size: count * len(group) // total for size, group in by_size.items()}
    left = count - sum(kept.values())
    for size in sorted(by_size, reverse=True):
        added = min(left, len(by_size[size]) - kept[size])
        kept[size] += added
        left -= added
    return kept


def _evenly_spaced(cells: Sequence[Cell], count: int) -> list[Cell]:
    if count == 0:
        return []
    places = np.linspace(0, len(cells) - 1, count).round().astype(int)
    return [cells[place] for place in places]
