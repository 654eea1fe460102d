"""The posterior compiled into tables in single precision, from which many cells are scored fast.

Symbols, beside those of `pnas.predictors.gp.kernel` and `pnas.predictors.gp.posterior`:

==============  ====================================================================
symbol          meaning
==============  ====================================================================
``y``           Scaled features of the inducing cells, (m, columns).
``c``           Mean of ``y``, (columns,).
``a``           Weight ``3 / l_g^2`` of each column, so that distances are ``3 r^2``.
``x_0, d``      Reference of a cell and its changes: ``x = x_0 + d``
                (`pnas.predictors.gp.feature_changes`).
==============  ====================================================================

The squared distance of a cell from an inducing cell splits into one part for the family and a
sparse one for the cell::

    3 r^2 = sum a (x_0 - y)^2                                   (families, m)
          - 2 d . (a (y - c))                                   (n, m), sparse times dense
          + sum a ((x - c)^2 - (x_0 - c)^2)                     (n,)

The first part and the last are computed in double precision. The others are small, so that single
precision loses little; centring at c keeps them so. Predictions differ from those of the posterior
in double precision by about 1e-6; where that is not so (`compile_tables` looks), tables are double.
"""

import itertools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.gp.feature_changes import FeatureChanges
from pnas.predictors.gp.kernel import Features
from pnas.predictors.gp.posterior import Posterior

Rows = NDArray[np.floating]

_TOLERANCE = 1e-5
"""Largest error of a mean, in units of normal scores, with which single precision will do."""

_ROWS = 384
"""Cells a block: their products with 1,000 inducing cells stay in the CPU's cache.

The score of a cell must not depend on its place, but the rows that are left over when a matrix
product is cut into tiles are summed in another order. So every block has as many rows, the last one
too, a multiple of the height of all common tiles: 4, 6, 8, 12, 16, 24.
"""

_STRIPES = 10
"""Stripes that the inducing cells are cut into: of a triangular factor, most zeros are left out."""


def compile_tables(
    posterior: Posterior,
    inducing: Features,
    group: NDArray[np.intp],
    sample: FeatureChanges,
    expected: Features,
) -> "ScoringTables":
    """Return tables of ``posterior`` whose means are right.

    Args:
        posterior: What is compiled.
        inducing: Scaled features of the inducing cells, (m, columns).
        group: Group of each column.
        sample: Features of some cells.
        expected: Their means in double precision.
    """
    single = ScoringTables(posterior, inducing, group, np.float32)
    error = np.abs(single.mean(sample) - expected).max()
    if error <= _TOLERANCE:
        return single
    return ScoringTables(posterior, inducing, group, np.float64)


class _DistanceTerms(NamedTuple):
    """What squared distances are the sum of (see the module's docstring).

    Attributes:
        references: Distances of the references, (families, m).
        family: Row of the reference of each cell, (n,).
        changes: Changes of each cell, sparse (n, columns).
        table: What changes are multiplied by, (columns, m).
        norms: Growth of the norm of each cell, (n,).
    """

    references: Rows
    family: NDArray[np.intp]
    changes: Any
    table: Rows
    norms: Rows


class ScoringTables:
    """Means and deviations of cells from their `FeatureChanges`.

    Attributes:
        dtype: Type of the tables and of the products with them.
    """

    def __init__(
        self, posterior: Posterior, inducing: Features, group: NDArray[np.intp], dtype: Any
    ) -> None:
        """Compile what means need (see `compile_tables` for the arguments)."""
        self.dtype = dtype
        self._posterior = posterior
        self._slope = np.exp(posterior.kernel.slope)
        self._column_weights = 3 * posterior.kernel.column_weights(group)
        self._center = inducing.mean(axis=0)

        weighted = (inducing - self._center) * self._column_weights
        self._norms = (inducing * inducing) @ self._column_weights
        self._distances = np.ascontiguousarray(-2 * weighted.T)
        self._linear = np.ascontiguousarray(self._slope * inducing.T)
        self._linear_weights = self._linear @ posterior.weights

        self._distance_table = self._distances.astype(dtype)
        self._weights = posterior.weights.astype(dtype)
        edges = np.linspace(0, len(inducing), _STRIPES + 1).astype(int).tolist()
        self._columns = list(itertools.starmap(slice, itertools.pairwise(edges)))
        self._stripes: list[Rows] = []

    def prepare_deviation(self) -> None:
        """Compile what deviations need, unless that was done."""
        if self._stripes:
            return
        self._linear_table = self._linear.astype(self.dtype)
        factor = self._posterior.explained_factor()
        for columns in self._columns:
            # The factor is lower triangular: above its diagonal there is nothing to multiply.
            stripe = factor[columns.start :, columns].astype(self.dtype)
            self._stripes.append(np.ascontiguousarray(stripe))

    # -- scoring -----------------------------------------------------------------------------------

    def mean(self, cells: FeatureChanges) -> Features:
        """Return the posterior mean of each cell, (n,), as `Posterior.mean` does."""
        terms = self._distance_terms(cells)
        spare = self._buffer()
        mean = self._linear_mean(cells)
        for rows in _blocks(len(mean)):
            correlation = self._correlation(terms, rows, spare)
            mean[rows] += self._weighted_sums(correlation)[: rows.stop - rows.start]
        return mean

    def mean_and_deviation(self, cells: FeatureChanges) -> tuple[Features, Features]:
        """Return the posterior mean and standard deviation of each cell, (n,) each.

        `prepare_deviation` must have been called.
        """
        terms = self._distance_terms(cells)
        linear_references = (cells.reference @ self._linear).astype(self.dtype)
        changes = cells.change.astype(self.dtype)
        spare = self._buffer()
        mean = self._linear_mean(cells)
        variance = self._prior_variance(cells)
        for rows in _blocks(len(mean)):
            correlation = self._correlation(terms, rows, spare)
            mean[rows] += self._weighted_sums(correlation)[: rows.stop - rows.start]

            covariance = changes[rows] @ self._linear_table
            _add_references(covariance, linear_references, cells.family[rows])
            covariance = _whole_block(covariance)
            covariance += correlation
            variance[rows] -= self._explained(covariance)[: rows.stop - rows.start]

        deviation = np.sqrt(np.maximum(variance, 0) * self._posterior.variance)
        return mean, deviation

    def _distance_terms(self, cells: FeatureChanges) -> "_DistanceTerms":
        # Against the empty cell, changes are large: rounded to single precision, their sum would
        # hide that a cell is one of the history.
        dtype = np.float64 if cells.is_alone else self.dtype
        return _DistanceTerms(
            references=self._reference_distances(cells.reference).astype(dtype),
            family=cells.family,
            changes=cells.change.astype(dtype),
            table=self._distances if cells.is_alone else self._distance_table,
            norms=self._norm_changes(cells).astype(dtype),
        )

    def _correlation(self, terms: "_DistanceTerms", rows: slice, spare: Rows) -> Rows:
        """Return the Matern correlations of some cells with the inducing cells, (_ROWS, m)."""
        squared = terms.changes[rows] @ terms.table
        _add_references(squared, terms.references, terms.family[rows])
        squared += terms.norms[rows, None]
        return _matern_in_place(_whole_block(squared.astype(self.dtype, copy=False)), spare)

    def _buffer(self) -> Rows:
        return np.empty((_ROWS, len(self._weights)), self.dtype)

    def _weighted_sums(self, correlation: Rows) -> Features:
        """Return the products with the posterior's weights, (n,).

        Weights of a smooth kernel are large and cancel: sums of a stripe each are added in double.
        """
        sums = np.zeros(len(correlation))
        for columns in self._columns:
            sums += correlation[:, columns] @ self._weights[columns]
        return sums

    def _explained(self, covariance: Rows) -> Rows:
        """Return the variance that the history explains, (n,); see `Posterior.explained_factor`."""
        explained = np.zeros(len(covariance), self.dtype)
        for columns, stripe in zip(self._columns, self._stripes, strict=True):
            product = covariance[:, columns.start :] @ stripe
            explained += np.einsum("ij,ij->i", product, product)
        return explained

    # -- the parts of families and of single cells -------------------------------------------------

    def _reference_distances(self, reference: Any) -> Features:
        """Return ``3 r^2`` of references and inducing cells, (families, m)."""
        own = (reference * reference) @ self._column_weights
        own -= 2 * (reference @ (self._column_weights * self._center))
        products: Features = reference @ self._distances
        return own[:, None] + self._norms + products

    def _norm_changes(self, cells: FeatureChanges) -> Features:
        """Return by how much the weighted distance of each cell from the centre grows, (n,)."""
        growth = cells.square - 2 * self._center[cells.change.indices] * cells.change.data
        norms: Features = _with_data(cells.change, growth) @ self._column_weights
        return norms

    def _linear_mean(self, cells: FeatureChanges) -> Features:
        """Return the linear kernel's part of the mean, (n,)."""
        of_references = cells.reference @ self._linear_weights
        of_changes: Features = cells.change @ self._linear_weights
        return of_references[cells.family] + of_changes

    def _prior_variance(self, cells: FeatureChanges) -> Features:
        """Return the prior variance of each cell, (n,), as `Kernel.variance` does."""
        ones = np.ones(len(self._column_weights))
        of_references = (cells.reference * cells.reference) @ ones
        growth = _with_data(cells.change, cells.square) @ ones
        return 1 + self._slope * (of_references[cells.family] + growth)


def _blocks(cells: int) -> list[slice]:
    return [slice(first, min(first + _ROWS, cells)) for first in range(0, cells, _ROWS)]


def _add_references(rows: Rows, references: Rows, family: NDArray[np.intp]) -> None:
    """Add to each of ``rows`` the reference of its family; a family's rows follow one another."""
    begin = np.flatnonzero(np.diff(family, prepend=-1))
    for first, last in zip(begin, [*begin[1:], len(family)], strict=True):
        rows[first:last] += references[family[first]]


def _matern_in_place(squared: Rows, spare: Rows) -> Rows:
    """Turn ``3 r^2`` into Matern correlations of order 3/2, and return them.

    Args:
        squared: ``3 r^2``, (n, m); it is overwritten.
        spare: Room for as many numbers.
    """
    decay = spare[: len(squared)]
    # Rounding may leave the distance of equal cells just below zero.
    np.abs(squared, out=squared)
    root = np.sqrt(squared, out=squared)
    np.negative(root, out=decay)
    np.exp(decay, out=decay)
    root += 1
    root *= decay
    return root


def _whole_block(rows: Rows) -> Rows:
    """Return ``rows`` with as many rows of zeros below as make it a whole block."""
    missing = _ROWS - len(rows)
    if not missing:
        return rows
    return np.concatenate([rows, np.zeros((missing, rows.shape[1]), rows.dtype)])


def _with_data(matrix: Any, data: Features) -> Any:
    """Return a sparse matrix like ``matrix`` with other values."""
    from scipy.sparse import csr_array

    return csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)
