"""What a search would do, before it does it: children, candidates, parameters and time."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pnas.children import Counts, Limits, NetworkSpec, count_network
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace

_SAMPLE_SIZE = 32
"""Number of cells of a stage that are counted; more change the range of parameters little."""

# Fitted to children of 1 to 5 blocks on 8x8 and 32x32 pixels, one thread of a 2-core server:
# experiments/benchmarks/plan_accuracy.py shows how close `child_seconds` comes.
_BUILD_SECONDS_PER_OPERATOR = 0.1
_STEP_SECONDS_PER_OPERATOR = 6e-4
_MULTIPLY_ADDS_PER_SECOND = 1e10


@dataclass(frozen=True)
class StagePlan:
    """One stage of a planned search.

    Attributes:
        b: Number of blocks of its cells.
        candidates: Number of extensions that the predictor scores (0 at stage 1), duplicates
            included.
        children: Number of children that are trained, at most.
        params: Smallest, median and largest number of trainable parameters of sampled cells.
        madds: Median number of multiply-adds of one example.
        seconds: Time of training one median child on one CPU thread.
    """

    b: int
    candidates: int
    children: int
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
    space: SlotSpace,
    K: int | None,
    network: NetworkSpec,
    work: Workload,
    seed: int,
    limits: Limits | None = None,
    first: int | None = None,
) -> list[StagePlan]:
    """Return the stages of a progressive search of ``space``.

    Args:
        space: State space that is searched.
        K: Number of children of each stage after the first; None for all candidates.
        network: Network around a cell.
        work: What a child is trained on.
        seed: Seed of the sampled cells.
        limits: Limits on the size of children; what exceeds them is not planned for.
        first: Number of children of stage 1; None for all cells of one block.
    """
    stages: list[StagePlan] = []
    for b in range(1, space.B + 1):
        if b == 1:
            candidates = 0
            children = _first_children(space, limits, first)
        else:
            candidates = space.num_candidates(stages[-1].children, b)
            children = min(candidates, space.num_cells(b))
            if K is not None:
                children = min(children, K)
        counts = _sampled_counts(space, b, network, work, seed, limits)
        stages.append(_plan_stage(b, candidates, children, counts, network, work))
    return stages


def _first_children(space: SlotSpace, limits: Limits | None, first: int | None) -> int:
    children = space.num_cells(1)
    if limits:
        children = sum(limits.is_feasible(cell) for cell in space.initial_children())
    return children if first is None else min(children, first)


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


def _plan_stage(
    b: int,
    candidates: int,
    children: int,
    counts: Sequence[Counts],
    network: NetworkSpec,
    work: Workload,
) -> StagePlan:
    params = sorted(count.params for count in counts)
    by_flops = sorted(counts, key=lambda count: count.flops)
    median = by_flops[len(counts) // 2]
    return StagePlan(
        b=b,
        candidates=candidates,
        children=children,
        params=(params[0], int(statistics.median(params)), params[-1]),
        madds=median.flops,
        seconds=child_seconds(b, median, network, work),
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


def search_seconds(stages: Sequence[StagePlan], workers: int) -> float:
    """Return a rough time of the whole search on ``workers`` CPU threads."""
    return sum(stage.seconds * math.ceil(stage.children / workers) for stage in stages)
