import pytest

from pnas.children import Limits, NetworkManager, NetworkSpec, TrainerSpec
from pnas.data import Dataset
from pnas.errors import InvalidValue
from pnas.records import Status
from pnas.state_space import Cell, StateSpace

SMALL = Cell.parse("(-1, identity, -1, identity)")
LARGE = Cell.parse("(-1, 5x5 conv, -1, identity)")
SPACE = StateSpace(B=1, operators=["5x5 conv", "identity"])


def limits(**most: int) -> Limits:
    return Limits(TrainerSpec(**most), NetworkSpec(filters=2), (8, 8, 1), 10)  # type: ignore[arg-type]


def test_limits_are_inclusive_and_each_counts_by_itself() -> None:
    params, flops = limits().count(LARGE)
    assert not limits()
    assert limits().is_feasible(LARGE)
    assert limits(max_params=params, max_madds=flops).is_feasible(LARGE)
    assert not limits(max_params=params - 1).is_feasible(LARGE)
    assert not limits(max_madds=flops - 1).is_feasible(LARGE)
    assert limits(max_madds=flops - 1).is_feasible(SMALL)


def test_limits_that_leave_nothing_say_what_is_needed() -> None:
    sizes = sorted(limits().count(cell).params for cell in SPACE.initial_children())
    limits(max_params=sizes[1]).check(SPACE.initial_children(), at_least=2)
    with pytest.raises(
        InvalidValue,
        match=rf"trainer.max_params: must be at least {sizes[1]}.*Received: {sizes[0]}",
    ):
        limits(max_params=sizes[0]).check(SPACE.initial_children(), at_least=2)


def test_a_child_over_the_limit_is_recorded_and_never_trained(dataset: Dataset) -> None:
    trainer = TrainerSpec(epochs=1, batchsize=16, max_params=100)
    result = NetworkManager(dataset, network=NetworkSpec(filters=2), trainer=trainer).evaluate(
        LARGE
    )
    assert (result.status, result.reward) == (Status.FAILED, None)
    assert "trainer.max_params=100" in str(result.error)


@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_bad_limits(value: object) -> None:
    with pytest.raises(InvalidValue, match=r"trainer.max_params: must be an integer"):
        TrainerSpec(max_params=value)  # type: ignore[arg-type]
