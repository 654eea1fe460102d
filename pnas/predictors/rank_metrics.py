"""How far the ranks of a predictor can be trusted: pure functions of numbers."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.rank_correlation import measured_pairs, none_if_nan, rank_correlations
from pnas.seeds import derive_seed

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Measured = Sequence[float | None]
FitPredict = Callable[[Rows, Rows, int], Sequence[float]]
"""(rows to fit, rows to predict, fold) -> predictions of the latter."""

RESAMPLES = 200
"""Number of resamples of a bootstrap interval."""

LEVEL = 0.95
"""Coverage of a bootstrap interval."""

_FEWEST_PAIRS = 4  # an interval of fewer would say nothing


def rank_agreement(
    predicted: Sequence[float], actual: Measured, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, float | None]:
    """Return Spearman's and Kendall's correlation with the ends of their bootstrap intervals.

    Args:
        predicted: Expected rewards.
        actual: Measured rewards in the same order; None where there is none.
        seed: Seed of the resamples.
        resamples: Number of bootstrap samples; 0 for no intervals.

    Returns:
        ``n`` (the number of pairs), ``spearman``, ``spearman_low``, ``spearman_high``, and likewise
        for ``kendall``. A correlation is None for fewer than 2 pairs or a constant side, an
        interval (`LEVEL`, percentiles over resampled cells) for fewer than 4 pairs as well.
    """
    pairs = measured_pairs(predicted, actual)
    counts = np.concatenate([np.ones((1, len(pairs))), _resampled(len(pairs), seed, resamples)])
    correlations = rank_correlations(pairs[:, 0], pairs[:, 1], counts)

    agreement: dict[str, float | None] = {"n": len(pairs)}
    for name, values in correlations._asdict().items():
        value = none_if_nan(values[0])
        low, high = _interval(values[1:]) if value is not None else (None, None)
        agreement[name] = value
        agreement[f"{name}_low"] = low
        agreement[f"{name}_high"] = high
    return agreement


def _resampled(cells: int, seed: int, resamples: int) -> Floats:
    """Return how often each cell is in each bootstrap sample, (resamples, cells).

    There are no samples of too few cells.
    """
    if cells < _FEWEST_PAIRS:
        return np.zeros((0, cells))
    rng = np.random.default_rng(derive_seed(seed, "bootstrap"))
    counts = []
    for _ in range(resamples):
        sample = rng.integers(cells, size=cells)
        counts.append(np.bincount(sample, minlength=cells))
    return np.array(counts, np.float64).reshape(-1, cells)


def _interval(values: Floats) -> tuple[float | None, float | None]:
    # A resample that is constant by chance has no correlation and is left out.
    defined = values[~np.isnan(values)]
    if not len(defined):
        return None, None
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def cross_validated(
    fit_predict: FitPredict, cells: int, folds: int, seed: int = 0
) -> list[float] | None:
    """Return predictions of each cell by a fit that has not seen it.

    Args:
        fit_predict: Fits a predictor to some rows and predicts others.
        cells: Number of cells.
        folds: Number of folds; at most one a cell.
        seed: Seed of the folds.

    Returns:
        One prediction a cell; None if a fit would see fewer than 2 cells.
    """
    folds = min(folds, cells)
    if folds < 2:
        return None
    largest_fold = -(-cells // folds)
    if cells - largest_fold < 2:
        return None

    rng = np.random.default_rng(derive_seed(seed, "cross validation"))
    fold_of = rng.permutation(cells) % folds
    predicted = np.zeros(cells)
    for fold in range(folds):
        held_out = np.flatnonzero(fold_of == fold)
        predicted[held_out] = fit_predict(np.flatnonzero(fold_of != fold), held_out, fold)
    return [float(value) for value in predicted]


def top_regret(chosen: Measured, probe: Measured) -> float | None:
    """Return the best reward of a random probe less the best reward of the chosen cells.

    It is negative where the choice was better than all of the probe, and None where nothing was
    measured on either side.
    """
    best_chosen = _best(chosen)
    best_probe = _best(probe)
    if best_chosen is None or best_probe is None:
        return None
    return float(best_probe - best_chosen)


def _best(rewards: Measured) -> float | None:
    return max((reward for reward in rewards if reward is not None), default=None)


def top_overlap(predicted: Sequence[float], actual: Sequence[float], count: int) -> float:
    """Return the share of the ``count`` best cells among the ``count`` best predicted ones.

    Equal values count in their order.
    """
    best = _top_rows(actual, count)
    chosen = _top_rows(predicted, count)
    return len(best & chosen) / max(len(best), 1)


def _top_rows(values: Sequence[float], count: int) -> set[int]:
    descending = np.argsort(-np.asarray(values), kind="stable")
    return set(descending[:count].tolist())
