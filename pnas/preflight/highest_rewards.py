"""The highest rewards among many cells, sampled without sampling the other ones.

Quality of a cell and noise of a training are independent normal variables of mean 0, so that what
a training shows is normal too, and the quality behind it is normal given what is shown:

=========  ======================================================================
symbol     meaning
=========  ======================================================================
``b``      Standard deviation of quality between cells.
``e``      Standard deviation between trainings of one cell.
``s``      Standard deviation of what is shown, ``sqrt(b^2 + e^2)``.
``h``      Share of its variance that is the cells', ``b^2 / s^2``.
=========  ======================================================================

Quality given a shown value ``y`` has the mean ``h y`` and the variance ``b^2 (1 - h)``. The largest
of ``n`` uniform numbers is ``V^(1/n)`` for a uniform ``V``, the next one that of ``n - 1`` numbers
below it, and so on (Devroye, Non-Uniform Random Variate Generation, 1986, V.3.4); the quantiles of
these are the largest shown values. Time and memory do not depend on ``n``.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class HighestRewards(NamedTuple):
    """The cells of the highest rewards of each simulated search, best first.

    Attributes:
        true: Their quality, (simulations, count).
        shown: What one training of each shows, (simulations, count).
    """

    true: Floats
    shown: Floats


def sample_highest(
    generator: np.random.Generator,
    *,
    simulations: int,
    cells: int,
    count: int,
    between: float,
    noise: float,
) -> HighestRewards:
    """Sample the cells that show most, each trained once.

    Args:
        generator: Source of random numbers.
        simulations: Number of searches.
        cells: Number of cells of a search.
        count: Number of cells that are returned, or all if a search has fewer.
        between: Standard deviation of quality between cells.
        noise: Standard deviation between trainings of one cell.
    """
    shape = (simulations, min(count, cells))
    shown_sd = float(np.hypot(between, noise))
    if shown_sd == 0:
        return HighestRewards(np.zeros(shape), np.zeros(shape))

    shown = shown_sd * _highest_normals(generator, cells, shape)
    cell_share = (between / shown_sd) ** 2
    true_sd = between * noise / shown_sd  # b sqrt(1 - h), without its rounding where h is almost 1
    true = cell_share * shown + true_sd * generator.standard_normal(shape)
    return HighestRewards(true, shown)


def _highest_normals(generator: np.random.Generator, cells: int, shape: tuple[int, int]) -> Floats:
    """Return the largest of ``cells`` standard normal numbers, descending, in each row."""
    from scipy.special import ndtri

    numbers_left = cells - np.arange(shape[1])
    # Minus the logarithm of a uniform number is exponential: no number is rounded to 0 or 1.
    log_quantiles = -np.cumsum(generator.standard_exponential(shape) / numbers_left, axis=1)
    share_above = -np.expm1(log_quantiles)
    highest: Floats = -ndtri(share_above)
    return highest
