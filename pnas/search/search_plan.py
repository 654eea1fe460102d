"""What a search would do, before it does it: children, candidates, parameters and time."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pnas.children import Counts, Limits, NetworkSpec, count_network
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace

_SAMPLE = 32  # cells a stage; the spread of parameters changes little beyond it

# Fitted to children of 1 to 5 blocks on 8x8 and 32x32 pixels, one thread of a 2-core server:
# experiments/benchmarks/plan_accuracy.py shows how close `child_seconds` comes.
_BUILD_SECONDS_PER_OPERATOR = 0.1
_STEP_SECONDS_PER_OPERATOR = 6e-4
_MULTIPLY_ADDS_PER_SECOND = 1e10


@dataclass(frozen=True)
class StagePlan:
    """One stage of a planned search.

    Attributes:
        b: blocks of its cells.
        candidates: extensions that the predictor scores (0 at stage 1), duplicates included.
        children: how many are trained, at most.
        params: smallest, median and largest number of trainable parameters of sampled cells.
        madds: median multiply-adds of one example.
        seconds: of training one median child on one CPU thread.
    """

    b: int
    candidates: int
    children: int
    params: tuple[int, int, int]
    madds: int
    seconds: float


@dataclass(frozen=True)
class Workload:
    """What a child is trained on: image shape (H, W, C), classes, examples, epochs and batch size."""

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
    """The stages of a progressive search of ``space`` with ``K`` children after the first (None = all).

    Args:
        limits: of the size of children; what exceeds them is not planned for.
        first: children of stage 1; None = all cells of one block.
    """
    stages: list[StagePlan] = []
    for b in range(1, space.B + 1):
        candidates = space.num_candidates(stages[-1].children, b) if stages else 0
        unique = space.num_cells(b)
        if b == 1 and limits:
            unique = sum(map(limits.is_feasible, space.initial_children()))
        wanted = first if b == 1 else K
        children = min(
            unique, unique if wanted is None else wanted, candidates if b > 1 else unique
        )
        stages.append(_plan_stage(space, b, candidates, children, network, work, seed, limits))
    return stages


def _plan_stage(
    space: SlotSpace,
    b: int,
    candidates: int,
    children: int,
    network: NetworkSpec,
    work: Workload,
    seed: int,
    limits: Limits | None,
) -> StagePlan:
    cells = sample_cells(space, b, _SAMPLE, seed)
    counts = [count_network(cell, network, work.image_shape, work.num_classes) for cell in cells]
    counts = [count for count in counts if not limits or limits.excess(count) is None] or [
        min(counts)
    ]
    params = sorted(count.params for count in counts)
    middle = sorted(counts, key=lambda count: count.flops)[len(counts) // 2]
    spread = (params[0], int(statistics.median(params)), params[-1])
    seconds = child_seconds(b, middle, network, work)
    return StagePlan(b, candidates, children, spread, middle.flops, seconds)


def sample_cells(space: SlotSpace, b: int, count: int, seed: int) -> list[Cell]:
    """``count`` random cells of ``b`` blocks, each block uniform over the space's blocks at its place."""
    generator = np.random.default_rng(derive_seed(seed, "plan", b))
    blocks = [space.block_tokens(i) for i in range(1, b + 1)]
    rows = [options[generator.integers(len(options), size=count)] for options in blocks]
    return space.decode(np.stack(rows, axis=1))


def child_seconds(b: int, counts: Counts, network: NetworkSpec, work: Workload) -> float:
    """Rough time of one child on one CPU thread: building, a fixed cost per operation and step, arithmetic."""
    cells = 2 if network.kind == "flat" else 3 * network.repeats
    operators = cells * (2 * b + 2)
    steps = work.epochs * max(1, work.train_examples // work.batchsize)
    # A training step costs about three forward passes: one forward, two backward (inputs and weights).
    examples = 3 * work.train_examples + work.val_examples
    arithmetic = counts.flops * examples * work.epochs / _MULTIPLY_ADDS_PER_SECOND
    return (
        _BUILD_SECONDS_PER_OPERATOR * operators
        + steps * operators * _STEP_SECONDS_PER_OPERATOR
        + arithmetic
    )


def search_seconds(stages: Sequence[StagePlan], workers: int) -> float:
    """Rough time of the whole search on ``workers`` CPU threads."""
    return sum(stage.seconds * -(-stage.children // workers) for stage in stages)
