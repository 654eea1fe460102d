"""Rank correlations of many resamples at once, and None where they are undefined.

==========  ==========================================================================
symbol      meaning
==========  ==========================================================================
``n, R``    Number of pairs, and of resamples.
``c_ri``    How often pair i is in resample r, (R, n).
``S_ij``    ``sign(x_i - x_j)``, and likewise ``T`` for y, (n, n).
``u_ri``    ``sum_j c_rj S_ij``: twice the centred average rank of x_i in resample r.
==========  ==========================================================================

A resample is how often each pair was sampled, so all of them follow from the two matrices of signs.
Spearman's rho is the correlation of u and its counterpart for y, weighted by c. Kendall's tau-b is
the sum of ``c_ri c_rj S_ij T_ij`` over the root of the product of the same sums of ``S^2`` and
``T^2``, which count the pairs without ties (Kendall, Biometrika 33, 1945). A resample of ones gives
the values themselves.

SciPy computes one resample in a call of a millisecond. Of many cells it is faster all the same, and
takes over (experiments/benchmarks/rank_intervals.py).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

MANY = 2000
"""Number of cells beyond which the matrices of signs cost more than they save."""


class RankCorrelations(NamedTuple):
    """Correlations of each resample, (resamples,); NaN where a side is constant in it."""

    spearman: Floats
    kendall: Floats


class RankCorrelation(NamedTuple):
    """Spearman's rho and Kendall's tau-b; None where they are undefined."""

    spearman: float | None
    kendall: float | None


def rank_correlations(x: ArrayLike, y: ArrayLike, counts: ArrayLike) -> RankCorrelations:
    """Return Spearman's rho (of average ranks) and Kendall's tau-b of resampled pairs.

    Args:
        x: One side of the pairs, (n,).
        y: The other side, (n,).
        counts: How often each pair is in each resample, whole numbers, (resamples, n).
    """
    first = np.asarray(x, np.float64)
    second = np.asarray(y, np.float64)
    resamples = np.asarray(counts, np.int64)
    if len(first) <= MANY:
        return correlations_from_signs(first, second, resamples)
    return correlations_from_scipy(first, second, resamples)


def correlations_from_signs(x: Floats, y: Floats, counts: NDArray[np.int64]) -> RankCorrelations:
    """Compute `rank_correlations` by (resamples, n) x (n, n) products."""
    weights = counts.astype(np.float64)
    x_signs = np.sign(x[:, None] - x)
    y_signs = np.sign(y[:, None] - y)
    x_ranks = weights @ x_signs.T
    y_ranks = weights @ y_signs.T

    rho = _normalised(
        (weights * x_ranks * y_ranks).sum(axis=1),
        (weights * x_ranks * x_ranks).sum(axis=1),
        (weights * y_ranks * y_ranks).sum(axis=1),
    )
    tau = _normalised(
        (weights * (weights @ (x_signs * y_signs))).sum(axis=1),
        (weights * (weights @ (x_signs * x_signs))).sum(axis=1),
        (weights * (weights @ (y_signs * y_signs))).sum(axis=1),
    )
    return RankCorrelations(spearman=rho, kendall=tau)


def correlations_from_scipy(x: Floats, y: Floats, counts: NDArray[np.int64]) -> RankCorrelations:
    """Compute `rank_correlations` one resample after the other."""
    from scipy import stats  # takes a second to import

    rho = np.full(len(counts), np.nan)
    tau = np.full(len(counts), np.nan)
    for resample, count in enumerate(counts):
        x_sampled = np.repeat(x, count)
        y_sampled = np.repeat(y, count)
        if np.ptp(x_sampled) > 0 and np.ptp(y_sampled) > 0:
            rho[resample] = stats.spearmanr(x_sampled, y_sampled).statistic
            tau[resample] = stats.kendalltau(x_sampled, y_sampled).statistic
    return RankCorrelations(spearman=rho, kendall=tau)


def _normalised(both: Floats, first: Floats, second: Floats) -> Floats:
    scale = np.sqrt(first * second)
    undefined = np.full(len(scale), np.nan)
    return np.divide(both, scale, out=undefined, where=scale > 0)


def measured_pairs(predicted: Sequence[float], measured: Sequence[float | None]) -> Floats:
    """Return the pairs that were measured, (pairs, 2)."""
    pairs = []
    for prediction, value in zip(predicted, measured, strict=True):
        if value is not None:
            pairs.append((prediction, value))
    return np.array(pairs).reshape(-1, 2)


def rank_correlation(
    predicted: Sequence[float], measured: Sequence[float | None]
) -> RankCorrelation:
    """Return the correlation over the pairs that were measured.

    It is None for fewer than 2 pairs, or where either side is constant.
    """
    pairs = measured_pairs(predicted, measured)
    found = rank_correlations(pairs[:, 0], pairs[:, 1], np.ones((1, len(pairs))))
    return RankCorrelation(
        spearman=none_if_nan(found.spearman[0]), kendall=none_if_nan(found.kendall[0])
    )


def spearman(predicted: Sequence[float], measured: Sequence[float | None]) -> float | None:
    """Return Spearman's rho (see `rank_correlation`)."""
    return rank_correlation(predicted, measured).spearman


def none_if_nan(value: float) -> float | None:
    """Return ``value``, or None in place of NaN."""
    return None if np.isnan(value) else float(value)
