"""Kernel parameters of the highest posterior density, by the marginal likelihood and a prior.

==============  ====================================================================
symbol          meaning
==============  ====================================================================
``y``           Targets of the n cells: normal scores of their rewards.
``C``           Covariance ``K + v diag(1 / repeats)`` up to an overall scale.
``q``           ``y' C^-1 y``.
==============  ====================================================================

The overall scale of the covariance is profiled out, with one pseudo-observation of variance 1:
``(q + 1) / (n + 1)``. What is left of the negative log likelihood is

    n / 2 log((q + 1) / (n + 1)) + 1 / 2 log |C|

(Rasmussen and Williams, 2006, equations 5.8 and 5.9 for the likelihood and its gradient), plus a
normal prior on each logarithm, which decides where there is only a handful of cells.
"""

from typing import NamedTuple

import numpy as np

from pnas.predictors.gp.kernel import Features, Kernel, matern, squared_distances

JITTER = 1e-6
"""Relative addition to a diagonal, which keeps a factorisation stable."""

STARTS = (0.0, 1.0)
"""Log length scales from which the density is climbed."""

_MAX_ITERATIONS = 60
_BOUND = 4  # deviations of the prior, to either side


class Prior(NamedTuple):
    """A normal prior of a logarithm."""

    mean: float
    deviation: float


PRIOR = {"noise": Prior(-2.5, 1.5), "length": Prior(0.3, 1.0), "slope": Prior(0.3, 1.0)}
"""Prior of each parameter's logarithm."""


def most_likely(
    features: list[Features], targets: Features, repeats: Features
) -> tuple[Kernel, float]:
    """Return the kernel of the highest posterior density, and the negative logarithm of that.

    Args:
        features: Scaled features, (n, columns) for each group.
        targets: Normal scores, (n,).
        repeats: Number of trainings that each target is the mean of, (n,).
    """
    from scipy.optimize import minimize

    objective = NegativeLogPosterior(features, targets, repeats)
    best = None
    for start in STARTS:
        lengths = [start] * len(features)
        found = minimize(
            objective,
            np.array([PRIOR["noise"].mean, *lengths, PRIOR["slope"].mean]),
            method="L-BFGS-B",
            jac=True,
            bounds=objective.bounds(),
            options={"maxiter": _MAX_ITERATIONS},
        )
        if best is None or found.fun < best.fun:
            best = found
    assert best is not None
    noise, *lengths, slope = best.x.tolist()
    return Kernel(noise, tuple(lengths), slope), float(best.fun)


class NegativeLogPosterior:
    """Negative log posterior density of kernel parameters, with its gradient.

    Called with logarithms in the order of `Kernel`: noise, length scales, slope.
    """

    def __init__(self, features: list[Features], targets: Features, repeats: Features) -> None:
        """Prepare what does not depend on the parameters (see `most_likely` for the arguments)."""
        self._targets = targets
        self._noise_shape = np.diag(1 / repeats)
        self._distances = []
        self._products: Features = np.zeros(())
        for x in features:
            products = x @ x.T
            self._distances.append(squared_distances(x, x, products))
            self._products = self._products + products

        priors = [PRIOR["noise"], *[PRIOR["length"]] * len(features), PRIOR["slope"]]
        self._center = np.array([prior.mean for prior in priors])
        self._width = np.array([prior.deviation for prior in priors])

    def bounds(self) -> list[tuple[float, float]]:
        """Return the lowest and the highest value of each logarithm."""
        low = self._center - _BOUND * self._width
        high = self._center + _BOUND * self._width
        return list(zip(low.tolist(), high.tolist(), strict=True))

    def __call__(self, logarithms: Features) -> tuple[float, Features]:
        """Return the value and its gradient by each logarithm."""
        shares = []
        squared: Features = np.zeros(())
        for length, distances in zip(logarithms[1:-1], self._distances, strict=True):
            share = np.exp(-2 * length) * distances
            shares.append(share)
            squared = squared + share
        correlation, factor = matern(squared)
        linear = np.exp(logarithms[-1]) * self._products
        noise = np.exp(logarithms[0]) * self._noise_shape

        value, sensitivity = self._likelihood(correlation + linear + noise)
        derivatives = [noise, *(factor * share for share in shares), linear]
        gradient = np.array([(sensitivity * change).sum() for change in derivatives])
        away = (logarithms - self._center) / self._width
        return value + 0.5 * float(away @ away), gradient + away / self._width

    def _likelihood(self, covariance: Features) -> tuple[float, Features]:
        """Return the negative log likelihood and its derivative by each covariance."""
        from scipy.linalg import cho_factor, cho_solve

        n = len(covariance)
        covariance[np.diag_indices(n)] += JITTER
        factor = cho_factor(covariance, lower=True)
        inverse = cho_solve(factor, np.eye(n))
        weights = inverse @ self._targets
        fit = float(self._targets @ weights)

        log_determinant = float(np.log(np.diag(factor[0])).sum())
        value = 0.5 * n * np.log((fit + 1) / (n + 1)) + log_determinant
        sensitivity = 0.5 * (inverse - n / (fit + 1) * np.outer(weights, weights))
        return value, sensitivity
