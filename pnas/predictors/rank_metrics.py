"""How far a predictor's ranks can be trusted: pure functions of numbers, without TensorFlow."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.rank_correlation import known, rank_correlations
from pnas.seeds import derive_seed

Floats = NDArray[np.float64]
Measured = Sequence[float | None]
FitPredict = Callable[[NDArray[np.intp], NDArray[np.intp], int], Sequence[float]]
"""(rows to fit, rows to predict, fold) -> predictions of the latter."""

RESAMPLES = 200  # of a bootstrap interval
LEVEL = 0.95  # of its coverage
_FEWEST = 4  # pairs below which an interval would say nothing


def rank_agreement(
    predicted: Sequence[float], actual: Measured, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, float | None]:
    """Spearman's and Kendall's correlation, each with the ends of its bootstrap interval.

    Args:
        predicted: what was expected.
        actual: what was measured, in the same order; None where nothing was.
        seed: of the resampled cells.
        resamples: bootstrap samples; 0 for no intervals.

    Returns:
        ``n`` (pairs), ``spearman``, ``spearman_low``, ``spearman_high``, and the same of ``kendall``. A correlation is
        None for fewer than 2 pairs or a constant side, an interval (`LEVEL`, percentiles of resampled cells) for fewer
        than 4 pairs as well.
    """
    pairs = np.array(
        [(p, a) for p, a in zip(predicted, actual, strict=True) if a is not None]
    ).reshape(-1, 2)
    drawn = np.concatenate([np.ones((1, len(pairs))), _resampled(len(pairs), seed, resamples)])
    agreement: dict[str, float | None] = {"n": len(pairs)}
    for name, values in rank_correlations(pairs[:, 0], pairs[:, 1], drawn)._asdict().items():
        value = known(values[0])
        low, high = (None, None) if value is None else _interval(values[1:])
        agreement |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return agreement


def _resampled(cells: int, seed: int, resamples: int) -> Floats:
    """How often each cell is in each bootstrap sample: (resamples, cells); no samples of too few cells."""
    if cells < _FEWEST:
        return np.zeros((0, cells))
    rng = np.random.default_rng(derive_seed(seed, "bootstrap"))
    samples = [rng.integers(cells, size=cells) for _ in range(resamples)]
    return np.array([np.bincount(sample, minlength=cells) for sample in samples]).reshape(-1, cells)


def _interval(values: Floats) -> tuple[float | None, float | None]:
    # A sample that is constant by chance has no correlation, and is left out.
    defined = values[~np.isnan(values)]
    if not len(defined):
        return None, None
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def cross_validated(
    fit_predict: FitPredict, cells: int, folds: int, seed: int = 0
) -> list[float] | None:
    """Predictions of each of ``cells`` by a fit that has not seen it, or None if a fit would see fewer than 2."""
    folds = min(folds, cells)
    if folds < 2 or cells - -(-cells // folds) < 2:
        return None
    fold_of = (
        np.random.default_rng(derive_seed(seed, "cross validation")).permutation(cells) % folds
    )
    predicted = np.zeros(cells)
    for fold in range(folds):
        held_out = np.flatnonzero(fold_of == fold)
        predicted[held_out] = fit_predict(np.flatnonzero(fold_of != fold), held_out, fold)
    return [float(value) for value in predicted]


def top_regret(chosen: Measured, probe: Measured) -> float | None:
    """What choosing missed: the best reward of a random probe less the best of those chosen.

    Negative where the choice was better than all of the probe; None where nothing was measured on either side.
    """
    best = [max((r for r in rewards if r is not None), default=None) for rewards in (chosen, probe)]
    return None if best[0] is None or best[1] is None else float(best[1] - best[0])


def top_overlap(predicted: Sequence[float], actual: Sequence[float], count: int) -> float:
    """The share of the ``count`` best cells that are among the ``count`` best predicted; equal ones in their order."""
    best, chosen = (
        set(np.argsort(-np.asarray(v), kind="stable")[:count].tolist()) for v in (actual, predicted)
    )
    return len(best & chosen) / max(len(best), 1)
