"""The posterior of the Gaussian process, computed from inducing cells.

==============  ====================================================================
symbol          meaning
==============  ====================================================================
``n, m``        Number of cells in the history, and of inducing cells.
``K_uu``        Prior covariance of the inducing cells, (m, m), factor ``L``.
``K_uf``        Covariance of the inducing cells with the history, (m, n).
``v``           Noise variance; a mean of r trainings has v / r.
``B``           ``I + A A'`` with ``A = L^-1 K_uf (v diag(1/r))^-1/2``, factor ``L_B``.
``w``           Weights of the mean: ``K_*u w``, with ``w = L^-T L_B^-T c``,
                ``c = L_B^-1 A (v diag(1/r))^-1/2 y``.
==============  ====================================================================

This is the projected process of Rasmussen and Williams (2006, section 8.3.4). With all cells
inducing it is ordinary regression. The variance of a prediction is the prior variance, less what
the inducing cells explain, plus what the data leave open of them, times the overall scale ``(q + 1)
/ (n + 1)``.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.gp.kernel import Features, Kernel
from pnas.predictors.gp.likelihood import JITTER

_ROUNDING = 1e-12
"""What rounding may take from the diagonal of a matrix whose eigenvalues are below 1."""


class Posterior(NamedTuple):
    """What predictions need.

    Attributes:
        kernel: Kernel and noise.
        features: Scaled features of the inducing cells, (m, columns) for each group.
        prior_factor: Lower Cholesky factor ``L``, (m, m).
        posterior_factor: Lower Cholesky factor ``L_B``, (m, m).
        weights: ``w``, (m,).
        variance: Overall scale of the covariance.
    """

    kernel: Kernel
    features: list[Features]
    prior_factor: Features
    posterior_factor: Features
    weights: Features
    variance: float

    def mean(self, features: list[Features]) -> Features:
        """Return the posterior mean of the cells with scaled ``features``, (n,)."""
        return self.kernel.between(features, self.features) @ self.weights

    def mean_and_deviation(self, features: list[Features]) -> tuple[Features, Features]:
        """Return the posterior mean and standard deviation, without noise, (n,) each."""
        from scipy.linalg import solve_triangular

        covariance = self.kernel.between(features, self.features)
        explained = solve_triangular(self.prior_factor, covariance.T, lower=True)
        left_open = solve_triangular(self.posterior_factor, explained, lower=True)
        prior = self.kernel.variance(features)
        share = prior - (explained**2).sum(axis=0) + (left_open**2).sum(axis=0)
        deviation = np.sqrt(np.maximum(share, 0) * self.variance)
        return covariance @ self.weights, deviation

    def explained_factor(self) -> Features:
        """Return a factor of the variance that the history explains, (m, m), lower triangular.

        A cell whose covariances with the inducing cells are k has the explained variance
        ``|k' C|^2`` with ``C C' = L^-T (I - B^-1) L^-1``: one product instead of two triangular
        systems.
        """
        from scipy.linalg import cho_solve, cholesky, solve_triangular

        identity = np.eye(len(self.weights))
        explained = identity - cho_solve((self.posterior_factor, True), identity)
        # Cells with the same features leave directions of which nothing is known: there, rounding
        # may have made a zero negative.
        explained[np.diag_indices(len(explained))] += _ROUNDING
        root = cholesky(explained, lower=True)
        square_root = solve_triangular(self.prior_factor, root, lower=True, trans="T")
        # H H' = R' R with H' = Q R: a triangular factor without the product, which is singular.
        factor: Features = np.transpose(np.linalg.qr(square_root.T, mode="r"))
        return factor


def condition(
    kernel: Kernel,
    inducing: list[Features],
    cross: Features,
    rows: NDArray[np.intp],
    targets: Features,
    repeats: Features,
) -> Posterior:
    """Condition the process on the rewards of the history.

    Args:
        kernel: Kernel and noise.
        inducing: Scaled features of the inducing cells.
        cross: Covariance of the inducing cells with the history, (m, n).
        rows: Rows of the inducing cells in the history, (m,).
        targets: Normal scores of the history's rewards, (n,).
        repeats: Number of trainings that each target is the mean of, (n,).
    """
    from scipy.linalg import cholesky, solve_triangular

    prior = cross[:, rows]
    prior[np.diag_indices(len(prior))] += JITTER * (1 + np.diag(prior))
    noise = np.exp(kernel.noise)
    # A mean of r trainings counts like r of them: its row is scaled by the root of r.
    root_repeats = np.sqrt(repeats)
    scaled_targets = targets * root_repeats

    prior_factor = cholesky(prior, lower=True)
    seen = solve_triangular(prior_factor, cross, lower=True) / np.sqrt(noise) * root_repeats
    posterior_factor = cholesky(np.eye(len(prior)) + seen @ seen.T, lower=True)
    projection = seen @ scaled_targets / np.sqrt(noise)
    projected = solve_triangular(posterior_factor, projection, lower=True)
    # y' (v diag(1/r) + Q)^-1 y by the matrix inversion lemma sets the overall scale.
    fit = scaled_targets @ scaled_targets / noise - projected @ projected

    weights = solve_triangular(posterior_factor, projected, lower=True, trans="T")
    weights = solve_triangular(prior_factor, weights, lower=True, trans="T")
    return Posterior(
        kernel=kernel,
        features=inducing,
        prior_factor=prior_factor,
        posterior_factor=posterior_factor,
        weights=weights,
        variance=(fit + 1) / (len(targets) + 1),
    )
