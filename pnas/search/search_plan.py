"""What a search would do, before it does it: the size of its children, and their time."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pnas.children import Counts, Limits, NetworkSpec, count_network
from pnas.children.training_time import (
    NetworkWork,
    TimeModel,
    Workload,
    network_work,
    prior_model,
)
from pnas.search.pacing.forecast import sample_cells
from pnas.search.strategies import PlannedPhase
from pnas.state_space import SlotSpace

_SAMPLE_SIZE = 32
"""Number of cells of a phase that are counted; more change the range of parameters little."""


@dataclass(frozen=True)
class PhaseEstimate:
    """One part of a planned search, with the size of its children.

    Attributes:
        phase: The part: its name, its number of children and of blocks.
        params: Smallest, median and largest number of trainable parameters of sampled cells.
        madds: Median number of multiply-adds of one example.
        seconds: Mean time of training one child with one worker.
    """

    phase: PlannedPhase
    params: tuple[int, int, int]
    madds: int
    seconds: float


def plan_search(
    phases: Sequence[PlannedPhase],
    space: SlotSpace,
    network: NetworkSpec,
    work: Workload,
    seed: int,
    limits: Limits | None = None,
    model: TimeModel | None = None,
) -> list[PhaseEstimate]:
    """Return the parts of a search of ``space`` with the size and time of their children.

    Args:
        phases: The parts (`SearchSpec.phases`).
        space: State space that is searched.
        network: Network around a cell.
        work: What a child is trained on.
        seed: Seed of the sampled cells.
        limits: Limits on the size of children; what exceeds them is not planned for.
        model: Model of training time; None for the one before anything was measured.
    """
    model = model or prior_model(work)
    planned = []
    for phase in phases:
        sampled = _sampled(space, phase.b, network, work, seed, limits)
        planned.append(_plan_phase(phase, sampled, model))
    return planned


def count_small_cells(space: SlotSpace, limits: Limits | None) -> int:
    """Return the number of cells of one block that ``limits`` allows."""
    if not limits:
        return space.num_cells(1)
    return sum(limits.is_feasible(cell) for cell in space.initial_children())


class _Sampled(NamedTuple):
    """Size and work of the child of a sampled cell."""

    counts: Counts
    work: NetworkWork


def _sampled(
    space: SlotSpace,
    b: int,
    network: NetworkSpec,
    work: Workload,
    seed: int,
    limits: Limits | None,
) -> list[_Sampled]:
    """Return sampled cells that ``limits`` allows; the smallest if there are none."""
    sampled = []
    for cell in sample_cells(space, b, _SAMPLE_SIZE, seed):
        counts = count_network(cell, network, work.image_shape, work.num_classes)
        of_network = network_work(cell, network, work.image_shape, work.num_classes)
        sampled.append(_Sampled(counts, of_network))
    if not limits:
        return sampled
    allowed = [each for each in sampled if limits.excess(each.counts) is None]
    return allowed or [min(sampled)]


def _plan_phase(
    phase: PlannedPhase, sampled: Sequence[_Sampled], model: TimeModel
) -> PhaseEstimate:
    epochs = max(1, round(phase.share * model.workload.epochs))
    params = sorted(each.counts.params for each in sampled)
    by_flops = sorted(sampled, key=lambda each: each.counts.flops)
    median = by_flops[len(sampled) // 2]
    return PhaseEstimate(
        phase=phase,
        params=(params[0], int(statistics.median(params)), params[-1]),
        madds=median.counts.flops,
        seconds=statistics.fmean(model.seconds(each.work, epochs) for each in sampled),
    )


def search_seconds(plans: Sequence[PhaseEstimate], workers: int) -> float | None:
    """Return a rough time of the whole search with ``workers`` workers.

    It is None if only a budget of time or epochs ends a part of it.
    """
    total = 0.0
    for plan in plans:
        if plan.phase.children is None:
            return None
        total += plan.seconds * math.ceil(plan.phase.children / workers)
    return total
