import pytest

from pnas.children import Limits, PNASNetworkSpec, SearchTrainerSpec
from pnas.search.search_plan import Workload, plan_search, sample_cells, search_seconds
from pnas.state_space import StateSpace

CIFAR = Workload((32, 32, 3), 10, 45_000, 5_000, epochs=20, batchsize=128)


def test_the_papers_search_has_1160_children() -> None:
    stages = plan_search(
        StateSpace(B=5), 256, PNASNetworkSpec(filters=24, repeats=2), CIFAR, seed=0
    )
    assert [stage.children for stage in stages] == [136, 256, 256, 256, 256]
    # Operands at block b: (b + 1) inputs times 8 operators, in unordered pairs; times the children
    # of the stage before.
    assert [stage.candidates for stage in stages] == [
        0,
        136 * 300,
        256 * 528,
        256 * 820,
        256 * 1176,
    ]
    assert all(low <= middle <= high for stage in stages for low, middle, high in [stage.params])


@pytest.mark.parametrize(("K", "children"), [(5, [3, 5]), (1000, [3, 27]), (None, [3, 27])])
def test_no_more_children_than_there_are_cells(K: int | None, children: list[int]) -> None:
    space = StateSpace(B=2, operators=["3x3 conv", "identity"], input_lookback_depth=-1)
    stages = plan_search(space, K, PNASNetworkSpec(), CIFAR, seed=0)
    assert [stage.children for stage in stages] == children
    assert space.num_cells(2) == 27


def test_a_first_stage_that_is_a_sample() -> None:
    space = StateSpace(B=2, operators=["3x3 conv", "identity"])
    stages = plan_search(space, None, PNASNetworkSpec(), CIFAR, seed=0, first=4)
    assert [stage.children for stage in stages] == [4, space.num_candidates(4, 2)]


def test_sampled_cells_belong_to_the_space_and_depend_on_the_seed_alone() -> None:
    space = StateSpace(B=4)
    cells = sample_cells(space, 4, 20, seed=3)
    assert all(len(space.check(cell)) == 4 for cell in cells)
    assert cells == sample_cells(space, 4, 20, seed=3)
    assert cells != sample_cells(space, 4, 20, seed=4)


def test_more_workers_take_less_time_up_to_the_children_of_a_stage() -> None:
    stages = plan_search(StateSpace(B=2), 8, PNASNetworkSpec(), CIFAR, seed=0)
    seconds = [search_seconds(stages, workers) for workers in (1, 2, 136, 500)]
    assert seconds[0] > seconds[1] > seconds[2] == seconds[3]


def test_children_over_the_limits_are_not_planned_for() -> None:
    space = StateSpace(B=2, operators=["5x5 conv", "identity"])
    network = PNASNetworkSpec(filters=8)
    free = plan_search(space, 8, network, CIFAR, seed=0)
    limits = Limits(
        SearchTrainerSpec(max_params=free[0].params[1]),
        network,
        CIFAR.image_shape,
        CIFAR.num_classes,
    )
    planned = plan_search(space, 8, network, CIFAR, seed=0, limits=limits)
    assert (
        planned[0].children
        == sum(map(limits.is_feasible, space.initial_children()))
        < free[0].children
    )
    assert all(stage.params[2] <= free[0].params[1] for stage in planned[:1])
