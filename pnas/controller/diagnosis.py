"""How well predictions rank what was measured, and how sure that is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pnas.controller.correlation import spearman

_RESAMPLES = 500
_LEVEL = 0.95
Floats = NDArray[np.float64]


def rank_agreement(predicted: Sequence[float], actual: Sequence[float | None], seed: int) -> dict[str, float | None]:
    """Spearman's rho and Kendall's tau-b over the pairs that were measured, with 95 % bootstrap intervals.

    Args:
        predicted: one value a cell.
        actual: what was measured; None where nothing was.
        seed: of the resampling.

    Returns:
        ``n`` (pairs), ``spearman``, ``kendall`` and for each ``..._low`` and ``..._high`` (percentiles over
        resampled pairs); None where undefined (fewer than 3 pairs, constant values).
    """
    pairs = np.array([(p, a) for p, a in zip(predicted, actual, strict=True) if a is not None], float).reshape(-1, 2)
    rho = spearman(pairs[:, 0].tolist(), pairs[:, 1].tolist()) if len(pairs) > 2 else None
    agreement: dict[str, float | None] = {"n": len(pairs), "spearman": rho, "kendall": None}
    if rho is None:
        return {**agreement, **dict.fromkeys(_BOUNDS)}
    agreement["kendall"] = float(_kendall(pairs[None])[0])
    generator = np.random.default_rng(seed)
    resamples = pairs[generator.integers(len(pairs), size=(_RESAMPLES, len(pairs)))]
    bounds = [bound for measure in (_spearman, _kendall) for bound in _interval(measure(resamples))]
    return {**agreement, **dict(zip(_BOUNDS, bounds, strict=True))}


_BOUNDS = ("spearman_low", "spearman_high", "kendall_low", "kendall_high")


def _interval(values: Floats) -> tuple[float | None, float | None]:
    """Resamples in which one side is constant say nothing, and are left out."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None, None
    low, high = np.quantile(known, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return float(low), float(high)


def _spearman(samples: Floats) -> Floats:
    """Rho of each of ``samples`` (samples, pairs, 2)."""
    from scipy.stats import rankdata

    ranks = rankdata(samples, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        norms = np.sqrt((ranks**2).sum(axis=1)).prod(axis=1)
        return ranks.prod(axis=2).sum(axis=1) / norms


def _kendall(samples: Floats) -> Floats:
    """Tau-b of each of ``samples`` (samples, pairs, 2)."""
    return np.array([_tau(sample) for sample in samples])


def _tau(sample: Floats) -> float:
    signs = [np.sign(side[:, None] - side) for side in sample.T]
    untied = [float(np.abs(sign).sum()) for sign in signs]
    scale = np.sqrt(untied[0] * untied[1])
    return float((signs[0] * signs[1]).sum()) / scale if scale else np.nan
