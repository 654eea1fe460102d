"""Rank correlations of many resamples at once, and None where they are undefined.

A resample is how often each pair was drawn, so all of them come from one matrix of signs: sign(x_i - x_j), summed over
the j of a resample, is twice the centred rank of x_i in it (Spearman), and its products with sign(y_i - y_j), summed
over both, count concordant less discordant pairs (Kendall's tau-b). One resample of ones gives the values themselves.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
_ROWS = 512  # of the matrix of signs held at a time: bounds the memory


class RankCorrelations(NamedTuple):
    """Correlations of each resample, (resamples,); NaN where a side is constant in it."""

    spearman: Floats
    kendall: Floats


def rank_correlations(x: ArrayLike, y: ArrayLike, counts: ArrayLike) -> RankCorrelations:
    """Spearman's rho (of average ranks) and Kendall's tau-b of resampled pairs.

    Args:
        x: (n,) one side of the pairs.
        y: (n,) the other.
        counts: (resamples, n) how often each pair is in each resample.
    """
    drawn = np.asarray(counts, np.float64)
    totals = np.zeros((2, 3, len(drawn)))  # of both correlations: of x with y, x with x, y with y
    for first in range(0, drawn.shape[1], _ROWS):
        rows = slice(first, first + _ROWS)
        signs = [_signs(np.asarray(side, np.float64), rows) for side in (x, y)]
        ranks = [drawn @ sign.T for sign in signs]
        for total, (a, b) in enumerate(((0, 1), (0, 0), (1, 1))):
            totals[0, total] += (drawn[:, rows] * ranks[a] * ranks[b]).sum(axis=1)
            totals[1, total] += (drawn[:, rows] * (drawn @ (signs[a] * signs[b]).T)).sum(axis=1)
    return RankCorrelations(*map(_normalised, totals))


def _signs(values: Floats, rows: slice) -> Floats:
    return np.sign(values[rows, None] - values)


def _normalised(totals: Floats) -> Floats:
    scale = np.sqrt(totals[1] * totals[2])
    return np.divide(totals[0], scale, out=np.full(len(scale), np.nan), where=scale > 0)


def spearman(predicted: Sequence[float], measured: Sequence[float | None]) -> float | None:
    """Spearman's rho over the pairs that were measured; None for fewer than 2, or if either side is constant."""
    return _value(predicted, measured).spearman


def kendall(predicted: Sequence[float], measured: Sequence[float | None]) -> float | None:
    """Kendall's tau-b over the pairs that were measured; None as of `spearman`."""
    return _value(predicted, measured).kendall


class _Value(NamedTuple):
    spearman: float | None
    kendall: float | None


def _value(predicted: Sequence[float], measured: Sequence[float | None]) -> _Value:
    pairs = np.array([(p, m) for p, m in zip(predicted, measured, strict=True) if m is not None]).reshape(-1, 2)
    found = rank_correlations(pairs[:, 0], pairs[:, 1], np.ones((1, len(pairs))))
    return _Value(*(None if np.isnan(value[0]) else float(value[0]) for value in found))
