"""Limits on the size of children: what they leave, and what they say when it is too little."""

import pytest

from pnas.children import Limits, NetworkManager, PNASNetworkSpec, SearchTrainerSpec
from pnas.data import Dataset
from pnas.errors import InvalidValue
from pnas.records import Status
from pnas.state_space import Cell, StateSpace

SMALL = Cell.parse("(-1, identity, -1, identity)")
LARGE = Cell.parse("(-1, 5x5 conv, -1, identity)")
SPACE = StateSpace(B=1, operators=["5x5 conv", "identity"])


def limits(**largest: int) -> Limits:
    trainer = SearchTrainerSpec(**largest)  # type: ignore[arg-type]
    return Limits(trainer, PNASNetworkSpec(filters=2), image_shape=(8, 8, 1), num_classes=10)


def test_without_limits_every_cell_is_feasible() -> None:
    assert not limits()
    assert limits().is_feasible(LARGE)


def test_limits_are_inclusive_and_each_counts_by_itself() -> None:
    params, flops = limits().count(LARGE)
    assert limits(max_params=params, max_madds=flops).is_feasible(LARGE)
    assert not limits(max_params=params - 1).is_feasible(LARGE)
    assert not limits(max_madds=flops - 1).is_feasible(LARGE)
    assert limits(max_madds=flops - 1).is_feasible(SMALL)


def test_limits_that_leave_too_little_say_what_is_needed() -> None:
    sizes = sorted(limits().count(cell).params for cell in SPACE.initial_children())
    limits(max_params=sizes[1]).check(SPACE.initial_children(), at_least=2)

    message = rf"trainer.max_params: must be at least {sizes[1]}.*Received: {sizes[0]}"
    with pytest.raises(InvalidValue, match=message):
        limits(max_params=sizes[0]).check(SPACE.initial_children(), at_least=2)


def test_a_child_over_the_limit_is_recorded_and_never_trained(dataset: Dataset) -> None:
    trainer = SearchTrainerSpec(epochs=1, batchsize=16, max_params=100)
    manager = NetworkManager(dataset, network=PNASNetworkSpec(filters=2), trainer=trainer)
    result = manager.evaluate(LARGE)
    assert result.status is Status.FAILED
    assert result.reward is None
    assert "trainer.max_params=100" in str(result.error)
