"""Rewards so far below all others that they would squash a chart into one line at its top."""

from collections.abc import Sequence
from statistics import quantiles

# Quartiles of fewer values say too little.
_FEWEST_VALUES = 8

# More than this share of the values are no outliers but a second group, and are shown to scale.
_LARGEST_SHARE = 0.1

# Rewards closer together than this are not worth a scale of their own.
_SMALLEST_RANGE = 0.005


def outliers_below(values: Sequence[float]) -> set[float]:
    """Return the values that are few, far below and need more of an axis than all others together.

    Far below is more than three interquartile ranges under the first quartile: "far out" in
    Tukey, Exploratory Data Analysis (1977).
    """
    if len(values) < _FEWEST_VALUES:
        return set()
    first, _, third = quantiles(values, n=4)
    threshold = first - 3 * max(third - first, _SMALLEST_RANGE)
    below = [value for value in values if value < threshold]
    most = _LARGEST_SHARE * len(values)
    if not 0 < len(below) <= most:
        return set()

    lowest_kept = min(value for value in values if value >= threshold)
    gained = lowest_kept - min(below)
    needed = max(values) - lowest_kept
    return set(below) if gained > needed else set()
