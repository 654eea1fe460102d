import pytest

from pnas.reports.data.outliers import outliers_below

USUAL = [0.90 + 0.005 * i for i in range(18)]
CLOSE = [0.9 + 0.0001 * i for i in range(30)]


@pytest.mark.parametrize(
    ("values", "outliers"),
    [
        ([*USUAL, 0.1], {0.1}),
        ([*USUAL, 0.1, 0.1], {0.1}),
        ([*USUAL, 0.1, 0.2, 0.1], set()),  # more than a tenth
        ([*USUAL, 0.85], set()),
        ([*USUAL, 0.73], {0.73}),
        ([*([0.9] * 30), 0.8, 0.7], {0.7, 0.8}),
        ([*([0.9] * 30), 0.5, 0.87, 0.86], {0.5, 0.86, 0.87}),
        ([*CLOSE, 0.99, 0.85], set()),  # leaving it out would gain little
        (USUAL, set()),
        ([0.9] * 20, set()),
        ([*([0.9] * 20), 0.899], set()),
        ([0.1, 0.9, 0.9, 0.9], set()),
        ([], set()),
    ],
)
def test_outliers_are_few_and_far_below(values: list[float], outliers: set[float]) -> None:
    assert outliers_below(values) == outliers
