"""Diagnoses of known numbers."""

import numpy as np
import pytest

from pnas.predictors.rank_metrics import cross_validated, rank_agreement, top_overlap, top_regret


def test_agreement_by_hand() -> None:
    agreement = rank_agreement([1, 2, 3, 4], [10, 30, 20, 40])
    assert agreement["spearman"] == pytest.approx(0.8)
    assert agreement["kendall"] == pytest.approx(2 / 3)


def test_intervals_hold_the_value_and_shrink_with_more_cells() -> None:
    rng = np.random.default_rng(0)
    widths = []
    for cells in (20, 400):
        actual = rng.random(cells)
        found = rank_agreement(
            (actual + rng.normal(0, 0.3, cells)).tolist(), actual.tolist(), seed=3
        )
        for name in ("spearman", "kendall"):
            low = found[f"{name}_low"]
            value = found[name]
            high = found[f"{name}_high"]
            assert low is not None
            assert value is not None
            assert high is not None
            assert low < value < high
        widths.append(high - low)
    assert widths[1] < widths[0] / 2


def test_same_seed_same_interval() -> None:
    values = np.random.default_rng(0).random((2, 30)).tolist()
    assert rank_agreement(*values, seed=1) == rank_agreement(*values, seed=1)
    assert rank_agreement(*values, seed=1) != rank_agreement(*values, seed=2)


@pytest.mark.parametrize(
    ("predicted", "actual"),
    [
        ([], []),
        ([1], [1]),
        ([1, 2, 3, 4], [5, 5, 5, 5]),
        ([1, 1, 1, 1], [1, 2, 3, 4]),
        ([1, 2], [3, None]),
    ],
    ids=["empty", "one", "constant rewards", "constant predictions", "failed"],
)
def test_undefined_is_none(predicted: list[float], actual: list[float | None]) -> None:
    found = rank_agreement(predicted, actual)
    assert found.pop("n") == sum(value is not None for value in actual)
    assert set(found.values()) == {None}


def test_few_pairs_have_no_interval() -> None:
    found = rank_agreement([1, 2, 3], [1, 2, 3])
    assert found["spearman"] == 1
    assert found["spearman_low"] is found["spearman_high"] is None


def test_failed_children_are_left_out() -> None:
    assert rank_agreement([1, 9, 2, 3], [1, None, 2, 3])["spearman"] == 1


def test_each_cell_is_predicted_by_a_fit_that_has_not_seen_it() -> None:
    seen_by: dict[int, set[int]] = {}

    def fit_predict(seen: np.ndarray, held_out: np.ndarray, fold: int) -> list[float]:
        for row in held_out.tolist():
            seen_by[row] = set(seen.tolist())
        return held_out.astype(float).tolist()

    assert cross_validated(fit_predict, 11, 5) == list(map(float, range(11)))
    assert sorted(seen_by) == list(range(11))
    assert all(row not in seen and len(seen) in (8, 9) for row, seen in seen_by.items())


@pytest.mark.parametrize(("cells", "folds"), [(10, 0), (10, 1), (2, 5), (0, 5), (1, 2)])
def test_too_little_to_hold_out(cells: int, folds: int) -> None:
    assert cross_validated(lambda *_: pytest.fail("fitted"), cells, folds) is None


def test_regret_of_the_chosen_against_a_probe() -> None:
    assert top_regret([0.5, 0.7, None], [0.6, 0.8]) == pytest.approx(0.1)
    assert top_regret([0.9], [0.6, 0.8]) == pytest.approx(-0.1)
    assert top_regret([None], [0.6]) is None
    assert top_regret([0.6], []) is None


def test_overlap() -> None:
    assert top_overlap([4, 3, 2, 1], [4, 1, 3, 2], 2) == 0.5
    assert top_overlap([1, 2], [1, 2], 5) == 1
