"""How much of a reward belongs to the cell, and how much to the seed of its training.

One-way random effects model: the reward of training ``j`` of cell ``i`` is
``y_ij = mean + b_i + e_ij``, with independent normal ``b_i`` and ``e_ij``.

=============  ==================================================================
symbol         meaning
=============  ==================================================================
``k``          Number of cells.
``N``          Number of trainings, all cells together.
``n_0``        Trainings a cell: ``(N - sum n_i^2 / N) / (k - 1)``, n if balanced.
``MSB``        Mean square between cells, with k - 1 degrees of freedom.
``MSW``        Mean square within cells, with N - k degrees of freedom.
``s_b^2``      Variance between cells, ``(MSB - MSW) / n_0``, at least 0.
``s_e^2``      Variance between trainings of one cell, ``MSW``.
``ICC``        Intraclass correlation, ``s_b^2 / (s_b^2 + s_e^2)``.
=============  ==================================================================

The interval of the ICC follows from ``F = MSB / MSW``: its limits are
``(F_L - 1) / (F_L + n_0 - 1)`` with ``F_L = F / F_crit(k - 1, N - k)`` and, for the upper one,
``F_U = F * F_crit(N - k, k - 1)`` (Shrout and Fleiss, Psychological Bulletin 86, 1979, ICC(1, 1);
McGraw and Wong, Psychological Methods 1, 1996). It is exact for balanced data.

Example: rewards .90 .92 of one cell, .94 .96 of a second, .95 .93 of a third. The means are .91,
.95, .94, so MSB = 2 * .000433 = .000867 and MSW = .0002; s_b^2 = .000333 and ICC = .625.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pnas.errors import InvalidValue

Floats = NDArray[np.float64]
LEVEL = 0.95


@dataclass(frozen=True)
class Reliability:
    """Variance components of rewards.

    Attributes:
        cells: Number of cells.
        trainings: Number of trainings, all cells together.
        mean: Mean reward over cells.
        between_sd: Standard deviation between cells, as rewards without noise would have it.
        noise_sd: Standard deviation between trainings of one cell.
        icc: Intraclass correlation in [0, 1]: the share of a reward's variance that belongs to the
            cell.
        icc_low: Lower end of its 95 % interval, at least 0.
        icc_high: Upper end of its 95 % interval.
    """

    cells: int
    trainings: int
    mean: float
    between_sd: float
    noise_sd: float
    icc: float
    icc_low: float
    icc_high: float


def measure_reliability(rewards: Sequence[Sequence[float]]) -> Reliability:
    """Split the variance of rewards into that of cells and that of seeds.

    Args:
        rewards: Rewards of each cell's trainings; cells may have different numbers of them.

    Raises:
        InvalidValue: There are fewer than two cells, or no cell was trained twice.
    """
    groups = [np.asarray(group, np.float64) for group in rewards if len(group)]
    cells = len(groups)
    sizes = np.array([len(group) for group in groups])
    trainings = int(sizes.sum())
    if cells < 2 or trainings == cells:
        rule = "must be two or more cells, one of them trained twice or more"
        raise InvalidValue("rewards", rule, f"{cells} cells, {trainings} trainings")

    means = np.array([group.mean() for group in groups])
    grand_mean = float(np.concatenate(groups).mean())
    between_squares = float((sizes * (means - grand_mean) ** 2).sum())
    within_squares = sum(float(((group - group.mean()) ** 2).sum()) for group in groups)
    between = between_squares / (cells - 1)
    within = within_squares / (trainings - cells)
    per_cell = (trainings - float((sizes**2).sum()) / trainings) / (cells - 1)

    between_variance = max(between - within, 0.0) / per_cell
    total = between_variance + within
    low, high = _icc_interval(between, within, cells=cells, trainings=trainings, per_cell=per_cell)
    return Reliability(
        cells=cells,
        trainings=trainings,
        mean=float(means.mean()),
        between_sd=float(np.sqrt(between_variance)),
        noise_sd=float(np.sqrt(within)),
        icc=between_variance / total if total > 0 else 0.0,
        icc_low=low,
        icc_high=high,
    )


def _icc_interval(
    between: float, within: float, *, cells: int, trainings: int, per_cell: float
) -> tuple[float, float]:
    from scipy.stats import f  # takes a second to import

    if within == 0:  # a deterministic training: all of a reward is the cell's
        return (1.0, 1.0) if between > 0 else (0.0, 1.0)

    ratio = between / within
    quantile = 1 - (1 - LEVEL) / 2
    freedom_between = cells - 1
    freedom_within = trainings - cells
    lower_ratio = ratio / f.ppf(quantile, freedom_between, freedom_within)
    upper_ratio = ratio * f.ppf(quantile, freedom_within, freedom_between)
    low = (lower_ratio - 1) / (lower_ratio + per_cell - 1)
    high = (upper_ratio - 1) / (upper_ratio + per_cell - 1)
    return max(0.0, float(low)), max(0.0, float(high))
