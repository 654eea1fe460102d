"""Rank correlations of many resamples at once, and None where they are undefined.

A resample is how often each pair was drawn, so all of them come from one matrix of signs: sign(x_i - x_j), summed over
the j of a resample, is twice the centred rank of x_i in it (Spearman), and its products with sign(y_i - y_j), summed
over both, count concordant less discordant pairs (Kendall's tau-b). One resample of ones gives the values themselves.
SciPy does one resample in a call of a millisecond; of many cells it is faster all the same, and takes over
(experiments/benchmarks/rank_intervals.py).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
MANY = 2000  # cells beyond which a matrix of signs costs more than it saves


class RankCorrelations(NamedTuple):
    """Correlations of each resample, (resamples,); NaN where a side is constant in it."""

    spearman: Floats
    kendall: Floats


class RankCorrelation(NamedTuple):
    """Spearman's rho and Kendall's tau-b; None where they are undefined."""

    spearman: float | None
    kendall: float | None


def rank_correlations(x: ArrayLike, y: ArrayLike, counts: ArrayLike) -> RankCorrelations:
    """Spearman's rho (of average ranks) and Kendall's tau-b of resampled pairs.

    Args:
        x: (n,) one side of the pairs.
        y: (n,) the other.
        counts: (resamples, n) how often each pair is in each resample, whole numbers.
    """
    first = np.asarray(x, np.float64)
    second = np.asarray(y, np.float64)
    drawn = np.asarray(counts, np.int64)
    return (
        correlations_from_signs(first, second, drawn)
        if len(first) <= MANY
        else correlations_from_scipy(first, second, drawn)
    )


def correlations_from_signs(x: Floats, y: Floats, counts: NDArray[np.int64]) -> RankCorrelations:
    """As `rank_correlations`, in (resamples, n) x (n, n) products."""
    drawn = counts.astype(np.float64)
    signs = [np.sign(side[:, None] - side) for side in (x, y)]
    ranks = [drawn @ sign.T for sign in signs]
    pairs = ((0, 1), (0, 0), (1, 1))  # x with y, x with x, y with y
    rho = [(drawn * ranks[a] * ranks[b]).sum(axis=1) for a, b in pairs]
    tau = [(drawn * (drawn @ (signs[a] * signs[b]))).sum(axis=1) for a, b in pairs]
    return RankCorrelations(_normalised(*rho), _normalised(*tau))


def correlations_from_scipy(x: Floats, y: Floats, counts: NDArray[np.int64]) -> RankCorrelations:
    """As `rank_correlations`, one resample after the other."""
    from scipy import stats  # takes a second to import

    found = np.full((2, len(counts)), np.nan)
    for i, count in enumerate(counts):
        pair = np.repeat(x, count), np.repeat(y, count)
        if all(np.ptp(side) > 0 for side in pair):
            found[:, i] = stats.spearmanr(*pair).statistic, stats.kendalltau(*pair).statistic
    return RankCorrelations(*found)


def _normalised(both: Floats, first: Floats, second: Floats) -> Floats:
    scale = np.sqrt(first * second)
    return np.divide(both, scale, out=np.full(len(scale), np.nan), where=scale > 0)


def rank_correlation(
    predicted: Sequence[float], measured: Sequence[float | None]
) -> RankCorrelation:
    """Over the pairs that were measured; None for fewer than 2, or if either side is constant."""
    pairs = np.array(
        [(p, m) for p, m in zip(predicted, measured, strict=True) if m is not None]
    ).reshape(-1, 2)
    found = rank_correlations(pairs[:, 0], pairs[:, 1], np.ones((1, len(pairs))))
    return RankCorrelation(*(known(values[0]) for values in found))


def spearman(predicted: Sequence[float], measured: Sequence[float | None]) -> float | None:
    """Spearman's rho, as of `rank_correlation`."""
    return rank_correlation(predicted, measured).spearman


def known(value: float) -> float | None:
    """``value``, or None in place of NaN."""
    return None if np.isnan(value) else float(value)
