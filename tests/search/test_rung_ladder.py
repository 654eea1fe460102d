"""The rungs of a search: how many cells each takes, and what is refused."""

import re

import pytest

from pnas.errors import InvalidValue
from pnas.search.rung_ladder import Ladder, make_ladder


def test_shares_become_whole_numbers_of_epochs() -> None:
    ladder = make_ladder([0.1, 0.3, 1.0], epochs=20)
    assert ladder == Ladder(short=(2, 6), full=20)
    assert ladder.lowest == 2
    assert ladder.above(2) == 6
    assert ladder.above(6) is None


def test_without_rungs_every_training_is_whole() -> None:
    ladder = make_ladder([], epochs=20)
    assert ladder.lowest is None
    assert ladder.width == 1
    assert ladder.trainings(7) == 7


def test_each_rung_takes_as_many_epochs_as_the_next() -> None:
    ladder = Ladder(short=(2, 6), full=18)
    assert ladder.width == 9
    assert ladder.promoted(90, 2) == 30
    assert ladder.promoted(30, 6) == 10
    assert ladder.trainings(90) == 10 + 10 + 10


def test_the_first_stage_trains_some_cells_whole_whatever_it_takes() -> None:
    assert Ladder(short=(1,), full=100).trainings(20) == pytest.approx(0.2 + 6)
    assert Ladder(short=(1,), full=100).trainings(4) == pytest.approx(0.04 + 4)


def test_a_rung_can_be_left_out() -> None:
    ladder = Ladder(short=(2, 6), full=20)
    assert ladder.without([2]) == Ladder((6,), 20)
    assert ladder.without([2, 6]).lowest is None


@pytest.mark.parametrize(
    ("rungs", "epochs", "rounded"),
    [([0.01, 1], 25, "0, 25"), ([0.1, 0.11, 1], 25, "2, 3, 25"), ([0.99, 1], 10, "10, 10")],
)
def test_rungs_that_round_to_the_same_epochs_are_refused(
    rungs: list[float], epochs: int, rounded: str
) -> None:
    if rounded == "2, 3, 25":
        assert make_ladder(rungs, epochs).short == (2, 3)
        return
    with pytest.raises(InvalidValue, match=re.escape(f"these round to {rounded}")):
        make_ladder(rungs, epochs)
