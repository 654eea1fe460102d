from typing import Any

import pytest

from pnas.children import Limits, NetworkSpec, PNASNetworkSpec, SearchTrainerSpec
from pnas.children.training_time import MeasuredTraining, Workload, network_work, prior_model
from pnas.search import ProgressiveSpec, RandomSpec
from pnas.search.pacing.forecast import sample_cells
from pnas.search.search_plan import (
    PhaseEstimate,
    count_small_cells,
    plan_search,
    search_seconds,
)
from pnas.state_space import StateSpace

CIFAR = Workload((32, 32, 3), 10, 45_000, 5_000, epochs=20, batchsize=128)
NETWORK = PNASNetworkSpec()


def plan(
    space: StateSpace,
    K: int | None,
    network: NetworkSpec = NETWORK,
    limits: Limits | None = None,
    **settings: Any,
) -> list[PhaseEstimate]:
    """The plan of a progressive search."""
    first = count_small_cells(space, limits)
    phases = ProgressiveSpec(**settings).phases(space, K, first)
    return plan_search(phases, space, network, CIFAR, seed=0, limits=limits)


def children(plans: list[PhaseEstimate]) -> list[int | None]:
    return [each.phase.children for each in plans]


def test_the_papers_search_has_1160_children() -> None:
    plans = plan(StateSpace(B=5), 256, PNASNetworkSpec(filters=24, repeats=2))
    assert children(plans) == [136, 256, 256, 256, 256]
    # Operands at block b: (b + 1) inputs times 8 operators, in unordered pairs; times the children
    # of the stage before.
    assert [each.phase.candidates for each in plans] == [
        0,
        136 * 300,
        256 * 528,
        256 * 820,
        256 * 1176,
    ]
    for each in plans:
        low, middle, high = each.params
        assert low <= middle <= high


@pytest.mark.parametrize(("K", "planned"), [(5, [3, 5]), (1000, [3, 27]), (None, [3, 27])])
def test_no_more_children_than_there_are_cells(K: int | None, planned: list[int]) -> None:
    space = StateSpace(B=2, operators=["3x3 conv", "identity"], input_lookback_depth=-1)
    assert children(plan(space, K)) == planned
    assert space.num_cells(2) == 27


def test_a_first_stage_that_is_a_sample() -> None:
    space = StateSpace(B=2, operators=["3x3 conv", "identity"])
    assert children(plan(space, None, first=4)) == [4, space.num_candidates(4, 2)]


def test_sampled_cells_belong_to_the_space_and_depend_on_the_seed_alone() -> None:
    space = StateSpace(B=4)
    cells = sample_cells(space, 4, 20, seed=3)
    assert all(len(space.check(cell)) == 4 for cell in cells)
    assert cells == sample_cells(space, 4, 20, seed=3)
    assert cells != sample_cells(space, 4, 20, seed=4)


def test_more_workers_take_less_time_up_to_the_children_of_a_stage() -> None:
    plans = plan(StateSpace(B=2), 8)
    seconds = [search_seconds(plans, workers) or 0.0 for workers in (1, 2, 136, 500)]
    assert seconds[0] > seconds[1] > seconds[2] == seconds[3]


def test_the_time_of_a_search_that_ends_with_its_budget_is_not_known() -> None:
    space = StateSpace(B=2)
    phases = RandomSpec(max_seconds=60).phases(space, None)
    assert search_seconds(plan_search(phases, space, NETWORK, CIFAR, seed=0), 1) is None


def test_children_over_the_limits_are_not_planned_for() -> None:
    space = StateSpace(B=2, operators=["5x5 conv", "identity"])
    network = PNASNetworkSpec(filters=8)
    free = plan(space, 8, network)
    median = free[0].params[1]
    trainer = SearchTrainerSpec(max_params=median)
    limits = Limits(trainer, network, CIFAR.image_shape, CIFAR.num_classes)
    planned = plan(space, 8, network, limits)
    allowed = sum(map(limits.is_feasible, space.initial_children()))
    assert planned[0].phase.children == allowed
    assert allowed < space.num_cells(1)
    assert planned[0].params[2] <= median


def test_a_model_that_has_learned_plans_by_what_it_learned() -> None:
    space = StateSpace(B=2)
    phases = ProgressiveSpec().phases(space, 8)
    prior = plan_search(phases, space, NETWORK, CIFAR, seed=0)
    measured = []
    for cell in sample_cells(space, 2, 10, seed=0):
        work = network_work(cell, NETWORK, CIFAR.image_shape, CIFAR.num_classes)
        measured.append(MeasuredTraining(work, CIFAR.epochs, 7 * prior_model(CIFAR).seconds(work)))
    model = prior_model(CIFAR).fit(measured)
    fitted = plan_search(phases, space, NETWORK, CIFAR, seed=0, model=model)
    for before, after in zip(prior, fitted, strict=True):
        assert after.seconds == pytest.approx(7 * before.seconds, rel=0.01)
