"""The kernel of the Gaussian process: Matern 3/2 plus linear, over groups of features.

==============  ====================================================================
symbol          meaning
==============  ====================================================================
``x_g, y_g``    Features of group g of two cells, scaled so that the mean squared
                distance between the cells of the history is 1.
``l_g``         Length scale of group g.
``r^2``         Squared distance, ``sum_g |x_g - y_g|^2 / l_g^2``.
``s^2``         Variance of the linear part, relative to the Matern part.
``v``           Variance of the noise, relative to the Matern part.
==============  ====================================================================

    k(x, y) = (1 + sqrt(3) r) exp(-sqrt(3) r) + s^2 sum_g x_g . y_g

The first term is the Matern kernel of order 3/2 (Rasmussen and Williams, Gaussian Processes for
Machine Learning, 2006, equation 4.17, https://gaussianprocess.org/gpml). The linear one lets a
trend go on into cells that are larger than all that were trained. Parameters are kept as
logarithms.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float64]

KIND = "matern32 + linear on paths, operators, places, reads"
"""Name of the kernel in the files of a predictor."""

_SMALLEST_VARIANCE = 1e-12
_COLUMNS_AT_A_TIME = 256


class Kernel(NamedTuple):
    """Parameters of the kernel and of the noise, as natural logarithms.

    Attributes:
        noise: ``log v``.
        lengths: ``log l_g`` of each group of features.
        slope: ``log s^2``.
    """

    noise: float
    lengths: tuple[float, ...]
    slope: float

    def between(self, a: list[Features], b: list[Features]) -> Features:
        """Return the covariances of two lists of cells, (n, m).

        Args:
            a: Scaled features of n cells, (n, columns) for each group.
            b: Scaled features of m cells, (m, columns) for each group.
        """
        squared: Features = np.zeros(())
        linear: Features = np.zeros(())
        for x, y, length in zip(a, b, self.lengths, strict=True):
            products = x @ y.T  # most of the time goes here, so both parts share it
            squared = squared + np.exp(-2 * length) * squared_distances(x, y, products)
            linear = linear + products
        correlation, _ = matern(squared)
        return correlation + np.exp(self.slope) * linear

    def column_weights(self, group: NDArray[np.intp]) -> Features:
        """Return the weight ``1 / l_g^2`` of each column, (columns,).

        Args:
            group: Group of each column.
        """
        return np.exp(-2 * np.array(self.lengths))[group]

    def between_sparse(self, a: Any, b: Features, group: NDArray[np.intp]) -> Features:
        """Return the covariances of two lists of cells, (n, m), as `between` does.

        Args:
            a: Scaled features of n cells, a sparse matrix (n, columns) of all groups side by side.
            b: Scaled features of m cells, (m, columns).
            group: Group of each column.
        """
        weights = self.column_weights(group)
        a_norms = (a * a) @ weights
        b_norms = (b * b) @ weights
        products = a @ np.ascontiguousarray((b * weights).T)
        squared = np.maximum(a_norms[:, None] + b_norms - 2 * products, 0)
        linear = a @ np.ascontiguousarray(b.T)
        return matern_correlation(squared) + np.exp(self.slope) * linear

    def variance(self, a: list[Features]) -> Features:
        """Return the prior variance of each cell, (n,)."""
        squared_norms: Features = np.zeros(())
        for x in a:
            squared_norms = squared_norms + np.einsum("ij,ij->i", x, x)
        return 1 + np.exp(self.slope) * squared_norms


def matern_correlation(squared: Features) -> Features:
    """Return the Matern correlations of order 3/2 at squared distances r^2, (n, m)."""
    root = np.sqrt(3 * squared)
    return (1 + root) * np.exp(-root)


def matern(squared: Features) -> tuple[Features, Features]:
    """Return the Matern correlations of order 3/2, and a factor of their derivatives.

    Args:
        squared: Squared distances r^2, (n, m).

    Returns:
        The correlations, and ``3 exp(-sqrt(3) r)``, (n, m) each. The derivative by the log length
        scale of a group is that factor times the group's share of r^2.
    """
    root = np.sqrt(3 * squared)
    decay = np.exp(-root)
    return (1 + root) * decay, 3 * decay


def squared_distances(x: Features, y: Features, products: Features) -> Features:
    """Return the squared distances between the rows of ``x`` and ``y``, (n, m).

    Args:
        x: Rows, (n, columns).
        y: Rows, (m, columns).
        products: Their inner products, (n, m).
    """
    both = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1)
    return np.maximum(both - 2 * products, 0)


def distance_scale(variances: Features) -> float:
    """Return the root of the mean squared distance between rows; 1 where all rows are equal.

    Args:
        variances: Variance of each column over the rows, (columns,).
    """
    mean = 2 * float(variances.sum())
    return float(np.sqrt(mean)) if mean > _SMALLEST_VARIANCE else 1.0


def column_variances(x: Any) -> Features:
    """Return the variance of each column of a sparse matrix (n, columns), (columns,).

    A few columns are made dense at a time, which bounds the memory.
    """
    by_column = x.tocsc()
    variances = np.zeros(x.shape[1])
    for first in range(0, x.shape[1], _COLUMNS_AT_A_TIME):
        columns = slice(first, first + _COLUMNS_AT_A_TIME)
        variances[columns] = by_column[:, columns].toarray(order="C").var(axis=0)
    return variances
