"""Rank correlation that says None where it is undefined."""

from collections.abc import Sequence


def spearman(predicted: Sequence[float], measured: Sequence[float | None]) -> float | None:
    """Spearman's rho over the pairs that were measured; None for fewer than 2, or if either side is constant."""
    return _correlation("spearmanr", predicted, measured)


def kendall(predicted: Sequence[float], measured: Sequence[float | None]) -> float | None:
    """Kendall's tau-b over the pairs that were measured; None as of `spearman`."""
    return _correlation("kendalltau", predicted, measured)


def _correlation(name: str, predicted: Sequence[float], measured: Sequence[float | None]) -> float | None:
    pairs = [(p, m) for p, m in zip(predicted, measured, strict=True) if m is not None]
    if any(len(set(side)) < 2 for side in zip(*pairs, strict=True)) or not pairs:
        return None
    from scipy import stats  # takes a second to import

    return float(getattr(stats, name)([p for p, _ in pairs], [m for _, m in pairs]).statistic)
