"""The Gaussian process as its formulas have it: dense features and products in double precision.

It is what the package's own scores and fits are compared with (`gp_scoring.py`), and what other
kernels are tried on (`gp_variants.py`): replacing `pnas.predictors.gp.kernel.matern` there and in
the likelihood changes everything that it computes.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.features import CellFeatures
from pnas.predictors.gp.gaussian_process import INDUCING, TUNING
from pnas.predictors.gp.kernel import Features, distance_scale
from pnas.predictors.gp.likelihood import most_likely
from pnas.predictors.gp.posterior import Posterior, condition
from pnas.predictors.parallel_scoring import one_thread
from pnas.predictors.score_transform import NormalScoreTransform
from pnas.predictors.token_layout import TokenLayout
from pnas.state_space import SlotSpace, Tokens


class DenseGP(NamedTuple):
    """A fitted Gaussian process.

    Attributes:
        features: Unscaled features of cells.
        scales: What the features of each group are divided by.
        posterior: The posterior given the history.
    """

    features: CellFeatures
    scales: list[float]
    posterior: Posterior

    def mean(self, tokens: Tokens) -> Features:
        """Return the posterior mean of each cell on the scale of normal scores, (n,)."""
        return self.posterior.mean(self._scaled(tokens))

    def mean_and_deviation(self, tokens: Tokens) -> tuple[Features, Features]:
        """Return the posterior mean and standard deviation of each cell, (n,) each."""
        return self.posterior.mean_and_deviation(self._scaled(tokens))

    def _scaled(self, tokens: Tokens) -> list[Features]:
        groups = self.features.groups(tokens)
        return [x / scale for x, scale in zip(groups, self.scales, strict=True)]


def fit_densely(space: SlotSpace, tokens: Tokens, rewards: Sequence[float], seed: int) -> DenseGP:
    """Return what `GaussianProcess.fit` finds."""
    features = CellFeatures.of(TokenLayout.of(space), tokens)
    groups = features.groups(tokens)
    scales = [distance_scale(x.var(axis=0)) for x in groups]
    scaled = [x / scale for x, scale in zip(groups, scales, strict=True)]
    targets = NormalScoreTransform.of(rewards).forward(rewards)
    ones = np.ones(len(tokens))

    tuning = np.sort(np.random.default_rng(seed).permutation(len(tokens))[:TUNING])
    with one_thread():
        kernel, _ = most_likely([x[tuning] for x in scaled], targets[tuning], ones[tuning])
        rows = _inducing_rows(tokens, seed)
        inducing = [x[rows] for x in scaled]
        cross = kernel.between(inducing, scaled)
        posterior = condition(
            kernel, inducing=inducing, cross=cross, rows=rows, targets=targets, repeats=ones
        )
    return DenseGP(features, scales, posterior)


def _inducing_rows(tokens: Tokens, seed: int) -> NDArray[np.intp]:
    _, first = np.unique(tokens.reshape(len(tokens), -1), axis=0, return_index=True)
    order = np.random.default_rng(seed).permutation(np.sort(first))
    return np.sort(order[:INDUCING])
