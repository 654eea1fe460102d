"""Correlations of resamples, against SciPy's of the resamples written out."""

import numpy as np
import pytest
from scipy import stats

from pnas.predictors.rank_correlation import (
    MANY,
    correlations_from_scipy,
    correlations_from_signs,
    rank_correlation,
    rank_correlations,
    spearman,
)


@pytest.mark.parametrize("levels", [3, 1000], ids=["many ties", "few ties"])
@pytest.mark.parametrize("cells", [5, 40, MANY + 1])
def test_every_resample_as_scipy_has_it(cells: int, levels: int) -> None:
    rng = np.random.default_rng(cells)
    x, y = rng.integers(levels, size=(2, cells)).astype(float)
    drawn = rng.integers(cells, size=(6, cells))
    counts = [np.bincount(rows, minlength=cells) for rows in drawn]
    found = rank_correlations(x, y, counts)

    for i, rows in enumerate(drawn):
        # SciPy warns of a constant sample, whose correlation is not defined.
        is_defined = np.ptp(x[rows]) > 0 and np.ptp(y[rows]) > 0
        if is_defined:
            spearman = stats.spearmanr(x[rows], y[rows]).statistic
            kendall = stats.kendalltau(x[rows], y[rows]).statistic
            assert found.spearman[i] == pytest.approx(spearman, abs=1e-12)
            assert found.kendall[i] == pytest.approx(kendall, abs=1e-12)
        else:
            assert np.isnan(found.spearman[i])
            assert np.isnan(found.kendall[i])


def test_values_leave_out_what_was_not_measured() -> None:
    assert spearman([1, 2, 9, 3], [1, 2, None, 3]) == pytest.approx(1)
    assert rank_correlation([1, 2, 9, 3], [3, 2, None, 1]).kendall == pytest.approx(-1)


@pytest.mark.parametrize("measured", [[], [None], [1.0], [2.0, 2.0]])
def test_undefined_is_none(measured: list[float | None]) -> None:
    assert spearman([1.0] * len(measured), measured) is None
    assert rank_correlation(list(map(float, range(len(measured)))), measured) == (None, None)


def test_both_ways_say_the_same() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(20, size=(2, 60)).astype(float)
    counts = rng.multinomial(60, np.full(60, 1 / 60), size=5)
    counts[0] = 0
    counts[0, 3] = 60  # one cell over and over: undefined
    np.testing.assert_allclose(
        correlations_from_signs(x, y, counts), correlations_from_scipy(x, y, counts), atol=1e-12
    )
    assert np.isnan(correlations_from_signs(x, y, counts).spearman[0])
