"""The parts of a search before it begins, as plans list them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pnas.search.rung_ladder import FEWEST_FIRST


@dataclass(frozen=True)
class PlannedPhase:
    """A part of a search that has not begun: children of one size.

    Attributes:
        name: What it is, such as ``stage 2`` or ``rounds of 5``.
        b: Number of blocks of its cells.
        children: Number of children, at most; None if only a budget of time or epochs ends it.
        candidates: Number of cells that a predictor scores for it, duplicates included.
        share: Share of a whole training that each child is trained for; of a child that continues
            a short training, the difference.
        rungs: Number of phases that share the trainings which are left, this one among them.
        is_short: Whether its children are trained for a part of the epochs only.
    """

    name: str
    b: int
    children: int | None
    candidates: int = 0
    share: float = 1.0
    rungs: int = 1
    is_short: bool = False

    @property
    def trainings(self) -> float:
        """Cost of its children, in whole trainings."""
        return (self.children or 0) * self.share


def phases_with_rungs(
    phases: Sequence[PlannedPhase], rungs: Sequence[float], kept: Sequence[float] = ()
) -> list[PlannedPhase]:
    """Return ``phases`` with a phase for each rung in the place of each.

    Args:
        phases: Phases of cells that are trained on the lowest rung.
        rungs: See `SearchSpec.rungs`.
        kept: What a longer training need not repeat of one on each rung but the last, as a share
            of a whole training; none for trainings from scratch.
    """
    planned: list[PlannedPhase] = []
    for place, phase in enumerate(phases):
        fewest = FEWEST_FIRST if place == 0 else 1
        children = phase.children
        candidates = phase.candidates
        continued = 0.0
        for rung, (share, next_share) in enumerate(pairwise([*rungs, None])):
            assert share is not None
            whole = share == 1
            name = phase.name if whole else f"{phase.name}, {share:.3g} of the epochs"
            cost = share - continued
            planned.append(
                PlannedPhase(
                    name, phase.b, children, candidates, cost, rungs=len(rungs), is_short=not whole
                )
            )
            candidates = 0
            continued = kept[rung] if kept and not whole else 0.0
            if children is not None and next_share is not None:
                promoted = max(fewest, round(children * share / next_share))
                children = min(children, promoted)
    return planned


def phases_within(phases: Sequence[PlannedPhase], most: float) -> list[PlannedPhase]:
    """Return ``phases`` cut off after ``most`` whole trainings; an open one takes all that is left.

    An open phase of several rungs takes its part of what is left. ``most`` may be infinite.
    """
    if math.isinf(most):
        return list(phases)
    kept = []
    left = most
    shared = 0.0
    for phase in phases:
        if phase.children is None:
            shared = shared or left / phase.rungs
            children = int(shared / phase.share + 1e-9)
        else:
            children = min(phase.children, int(left / phase.share + 1e-9))
        left -= children * phase.share
        if children:
            kept.append(replace(phase, children=children))
    return kept
