import pytest

from pnas.search.confirmation.halving import num_finalists, round_sizes, trainings_each


@pytest.mark.parametrize(
    ("trainings", "cells", "finalists"),
    [(0, 99, 0), (1, 99, 0), (2, 99, 2), (3, 99, 2), (6, 99, 3), (8, 99, 4), (12, 99, 4),
     (15, 99, 5), (24, 99, 8), (100, 99, 8), (100, 3, 3), (100, 1, 0)],
)  # fmt: skip
def test_each_finalist_can_be_trained_in_every_round(
    trainings: int, cells: int, finalists: int
) -> None:
    assert num_finalists(trainings, cells) == finalists


@pytest.mark.parametrize(("finalists", "sizes"), [(8, [8, 4, 2]), (5, [5, 3, 2]), (2, [2])])
def test_half_of_the_cells_are_left_after_each_round(finalists: int, sizes: list[int]) -> None:
    assert round_sizes(finalists) == sizes


@pytest.mark.parametrize("trainings", range(2, 60))
def test_rounds_never_train_more_than_there_is(trainings: int) -> None:
    sizes = round_sizes(num_finalists(trainings, 99))
    left = trainings
    while sizes:
        each = trainings_each(left, sizes)
        assert each >= 1
        left -= each * sizes[0]
        sizes = sizes[1:]
    assert 0 <= left < 2
