"""What a search would do, before it does it: the size of its children, and their time."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pnas.children import Counts, Limits, NetworkSpec, count_network
from pnas.search.strategies import PlannedPhase
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace

_SAMPLE_SIZE = 32
"""Number of cells of a phase that are counted; more change the range of parameters little."""

# Fitted to children of 1 to 5 blocks on 8x8 and 32x32 pixels, one thread of a 2-core server:
# experiments/benchmarks/plan_accuracy.py shows how close `child_seconds` comes.
_BUILD_SECONDS_PER_OPERATOR = 0.1
_STEP_SECONDS_PER_OPERATOR = 6e-4
_MULTIPLY_ADDS_PER_SECOND = 1e10


@dataclass(frozen=True)
class PhaseEstimate:
    """One part of a planned search, with the size of its children.

    Attributes:
        phase: The part: its name, its number of children and of blocks.
        params: Smallest, median and largest number of trainable parameters of sampled cells.
        madds: Median number of multiply-adds of one example.
        seconds: Time of training one median child on one CPU thread.
    """

    phase: PlannedPhase
    params: tuple[int, int, int]
    madds: int
    seconds: float


@dataclass(frozen=True)
class Workload:
    """What a child is trained on, and for how long.

    Attributes:
        image_shape: Height, width and channels of an image.
        num_classes: Number of classes.
        train_examples: Number of training examples.
        val_examples: Number of validation examples.
        epochs: Number of epochs.
        batchsize: Number of examples of a batch.
    """

    image_shape: tuple[int, int, int]
    num_classes: int
    train_examples: int
    val_examples: int
    epochs: int
    batchsize: int


def plan_search(
    phases: Sequence[PlannedPhase],
    space: SlotSpace,
    network: NetworkSpec,
    work: Workload,
    seed: int,
    limits: Limits | None = None,
) -> list[PhaseEstimate]:
    """Return the parts of a search of ``space`` with the size and time of their children.

    Args:
        phases: The parts (`SearchSpec.phases`).
        space: State space that is searched.
        network: Network around a cell.
        work: What a child is trained on.
        seed: Seed of the sampled cells.
        limits: Limits on the size of children; what exceeds them is not planned for.
    """
    planned = []
    for phase in phases:
        counts = _sampled_counts(space, phase.b, network, work, seed, limits)
        planned.append(_plan_phase(phase, counts, network, work))
    return planned


def count_small_cells(space: SlotSpace, limits: Limits | None) -> int:
    """Return the number of cells of one block that ``limits`` allows."""
    if not limits:
        return space.num_cells(1)
    return sum(limits.is_feasible(cell) for cell in space.initial_children())


def _sampled_counts(
    space: SlotSpace,
    b: int,
    network: NetworkSpec,
    work: Workload,
    seed: int,
    limits: Limits | None,
) -> list[Counts]:
    """Return counts of sampled cells that ``limits`` allows; of the smallest if there are none."""
    cells = sample_cells(space, b, _SAMPLE_SIZE, seed)
    counts = [count_network(cell, network, work.image_shape, work.num_classes) for cell in cells]
    if not limits:
        return counts
    allowed = [count for count in counts if limits.excess(count) is None]
    return allowed or [min(counts)]


def _plan_phase(
    phase: PlannedPhase, counts: Sequence[Counts], network: NetworkSpec, work: Workload
) -> PhaseEstimate:
    params = sorted(count.params for count in counts)
    by_flops = sorted(counts, key=lambda count: count.flops)
    median = by_flops[len(counts) // 2]
    return PhaseEstimate(
        phase=phase,
        params=(params[0], int(statistics.median(params)), params[-1]),
        madds=median.flops,
        seconds=child_seconds(phase.b, median, network, work),
    )


def sample_cells(space: SlotSpace, b: int, count: int, seed: int) -> list[Cell]:
    """Return ``count`` random cells of ``b`` blocks, each block uniform over those at its place."""
    generator = np.random.default_rng(derive_seed(seed, "plan", b))
    columns = []
    for place in range(1, b + 1):
        blocks = space.block_tokens(place)
        columns.append(blocks[generator.integers(len(blocks), size=count)])
    return space.decode(np.stack(columns, axis=1))


def child_seconds(b: int, counts: Counts, network: NetworkSpec, work: Workload) -> float:
    """Return a rough time of one child on one CPU thread.

    It is the sum of building the network, a fixed cost of each operator and step, and arithmetic.
    """
    operators = network.stacked_cells * (2 * b + 2)
    steps = work.epochs * max(1, work.train_examples // work.batchsize)
    # A training step costs about three forward passes: one forward, and two backward (for inputs
    # and for weights).
    examples = 3 * work.train_examples + work.val_examples
    arithmetic = counts.flops * examples * work.epochs / _MULTIPLY_ADDS_PER_SECOND
    return (
        _BUILD_SECONDS_PER_OPERATOR * operators
        + steps * operators * _STEP_SECONDS_PER_OPERATOR
        + arithmetic
    )


def search_seconds(plans: Sequence[PhaseEstimate], workers: int) -> float | None:
    """Return a rough time of the whole search on ``workers`` CPU threads.

    It is None if only a budget of time or epochs ends a part of it.
    """
    total = 0.0
    for plan in plans:
        if plan.phase.children is None:
            return None
        total += plan.seconds * math.ceil(plan.phase.children / workers)
    return total


def children_within(plans: Sequence[PhaseEstimate], seconds: float, workers: int) -> int:
    """Return roughly how many children are trained in ``seconds`` on ``workers`` CPU threads."""
    left = seconds * workers
    trained = 0
    for plan in plans:
        fitting = int(left / plan.seconds)
        if plan.phase.children is not None:
            fitting = min(fitting, plan.phase.children)
        trained += fitting
        left -= fitting * plan.seconds
    return trained
