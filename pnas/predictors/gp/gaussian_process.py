"""A Gaussian process on cell features (functional paths above all), with the uncertainty of each prediction.

Textbook regression (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006) on normal scores of the
rewards. The kernel is a Matérn one of order 3/2 (equation 4.17 there) plus a linear one, so that a trend goes on into
cells that are larger than all that were trained. Beyond `INDUCING` cells the whole history speaks through that many of
them (projected process, section 8.3.4 there), which bounds the cost.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.base import FitReport
from pnas.predictors.features import GROUPS, CellFeatures, Features
from pnas.predictors.parallel_scoring import one_thread, run_all
from pnas.predictors.persistence import load_arrays, save_arrays, unreadable_as_invalid
from pnas.predictors.score_transform import NormalScoreTransform
from pnas.predictors.specs import ControllerSpec
from pnas.predictors.token_layout import Layout
from pnas.state_space import SlotSpace, Tokens

INDUCING = 1000  # cells that predictions are computed from, at most
TUNING = 250  # cells that kernel parameters are chosen on, at most
KIND = f"matern32 + linear on {', '.join(GROUPS)}"  # the kernel, as files name it
_JITTER = 1e-6
_PIECE = 2048  # cells a thread scores at a time: fixed, so that scores do not depend on the number of threads
_STARTS = (0.0, 1.0)  # log lengths from which the likelihood is climbed
# Mean and deviation of a normal prior on the logarithm of each parameter: with a handful of cells it decides.
_PRIOR = {"noise": (-2.5, 1.5), "length": (0.3, 1.0), "slope": (0.3, 1.0)}


Work = Callable[[list[Features]], Features | tuple[Features, Features]]


class Kernel(NamedTuple):
    """Parameters, as logarithms. Distances are in units of the mean distance between the cells trained.

    Attributes:
        noise: variance of a reward around its cell's, as a share of that of the Matérn part.
        lengths: one per group of features.
        slope: variance of the linear part, likewise.
    """

    noise: float
    lengths: tuple[float, ...]
    slope: float

    def between(self, a: list[Features], b: list[Features]) -> Features:
        """Covariances (n, m) of the cells with (scaled) features ``a`` and ``b``."""
        products = [
            x @ y.T for x, y in zip(a, b, strict=True)
        ]  # most of the time goes here: made once for both parts
        groups = zip(a, b, products, self.lengths, strict=True)
        squared = sum(
            (np.exp(-2 * length) * _squared_distances(x, y, xy) for x, y, xy, length in groups),
            np.zeros(()),
        )
        return _matern(squared)[0] + np.exp(self.slope) * sum(products, np.zeros(()))

    def variance(self, a: list[Features]) -> Features:
        """Prior variance (n,) of each cell."""
        return 1 + np.exp(self.slope) * sum((np.einsum("ij,ij->i", x, x) for x in a), np.zeros(()))


class _Solved(NamedTuple):
    """What predictions need: features of the inducing cells, factors of two covariances, weights, and the scale."""

    features: list[Features]
    prior_factor: Features
    posterior_factor: Features
    weights: Features
    variance: float


class GaussianProcess:
    """See `pnas.controller.Predictor`. It is its data and kernel parameters, from which the rest follows.

    Attributes:
        kernel: parameters found by the last fit; None before it.
    """

    def __init__(self, layout: Layout, spec: ControllerSpec) -> None:
        self.layout = layout
        self.spec = spec
        self.kernel: Kernel | None = None
        self._seed = 0

    @classmethod
    def create(cls, space: SlotSpace, spec: ControllerSpec) -> "GaussianProcess":
        """An unfitted predictor for the cells of ``space``."""
        return cls(Layout.of(space), spec)

    # -- fitting -------------------------------------------------------------------------------------------

    def fit(self, tokens: Tokens, rewards: Sequence[float], stage: int, seed: int) -> FitReport:
        """See `pnas.controller.Predictor.fit`. Its one loss is the negative log likelihood per cell."""
        self._seed = seed
        self._take(tokens, rewards)
        scaled = self._scaled(tokens)
        targets = self._map.forward(rewards)
        rows = np.sort(np.random.default_rng(seed).permutation(len(tokens))[:TUNING])
        with one_thread():  # small matrices: more threads would wait for one another
            self.kernel, loss = _most_likely([x[rows] for x in scaled], targets[rows])
        self._solve(scaled, targets)
        return FitReport([loss / len(rows)])

    def _take(self, tokens: Tokens, rewards: Sequence[float]) -> None:
        self._tokens = tokens.copy()
        self._rewards = np.asarray(rewards, np.float64)
        self._features = CellFeatures.of(self.layout, tokens)
        self._map = NormalScoreTransform.of(rewards)
        self._scales = [_scale(x) for x in self._features.groups(tokens)]

    def _scaled(self, tokens: Tokens) -> list[Features]:
        return [
            x / scale for x, scale in zip(self._features.groups(tokens), self._scales, strict=True)
        ]

    def _solve(self, features: list[Features], targets: Features) -> None:
        assert self.kernel is not None
        inducing = [x[self._inducing_rows()] for x in features]
        prior = self.kernel.between(inducing, inducing)
        prior[np.diag_indices(len(prior))] += _JITTER * (1 + np.diag(prior))
        self._solved = _projected(
            self.kernel, inducing, prior, self.kernel.between(inducing, features), targets
        )

    def _inducing_rows(self) -> NDArray[np.intp]:
        _, first = np.unique(self._tokens.reshape(len(self._tokens), -1), axis=0, return_index=True)
        return np.sort(np.random.default_rng(self._seed).permutation(np.sort(first))[:INDUCING])

    # -- scoring -------------------------------------------------------------------------------------------

    def predict(self, tokens: Tokens) -> NDArray[np.float32]:
        """See `pnas.controller.Predictor.predict`."""
        return self._map_back(self._by_piece(tokens, self._mean, 1)[0]).astype(np.float32)

    def predict_members(self, tokens: Tokens) -> NDArray[np.float32]:
        """See `pnas.controller.Predictor.predict_members`: it is a single predictor."""
        return self.predict(tokens)[None]

    def predict_mean_std(self, tokens: Tokens) -> tuple[Features, Features]:
        """See `pnas.controller.Predictor.predict_mean_std`.

        The spread is what one standard deviation upwards, on the scale of normal scores, adds to the reward: cells are
        ranked by mean + spread exactly as by mean + deviation of the process itself.
        """
        score, deviation = self._by_piece(tokens, self._mean_and_deviation, 2)
        mean = self._map_back(score)
        return mean, self._map_back(score + deviation) - mean

    def _map_back(self, scores: Features) -> Features:
        return self._map.backward(scores) if self.kernel else np.full(len(scores), 0.5)

    def _by_piece(self, tokens: Tokens, work: Work, rows: int) -> Features:
        out = np.zeros((rows, len(tokens)))
        pieces = range(0, len(tokens), _PIECE) if self.kernel else ()

        def score(task: int) -> None:
            part = slice(pieces[task], pieces[task] + _PIECE)
            out[:, part] = work(self._scaled(tokens[part]))

        run_all(score, len(pieces))
        return out

    def _mean(self, features: list[Features]) -> Features:
        assert self.kernel is not None
        return self.kernel.between(features, self._solved.features) @ self._solved.weights

    def _mean_and_deviation(self, features: list[Features]) -> tuple[Features, Features]:
        from scipy.linalg import solve_triangular

        assert self.kernel is not None
        covariance = self.kernel.between(features, self._solved.features)
        known = solve_triangular(self._solved.prior_factor, covariance.T, lower=True)
        unsure = solve_triangular(self._solved.posterior_factor, known, lower=True)
        share = self.kernel.variance(features) - (known**2).sum(axis=0) + (unsure**2).sum(axis=0)
        return covariance @ self._solved.weights, np.sqrt(
            np.maximum(share, 0) * self._solved.variance
        )

    # -- files ---------------------------------------------------------------------------------------------

    def save(self, directory: Path) -> None:
        """See `pnas.controller.Predictor.save`."""
        arrays = {}
        if self.kernel is not None:
            kernel = np.array([self.kernel.noise, *self.kernel.lengths, self.kernel.slope])
            arrays = {"tokens": self._tokens, "rewards": self._rewards, "kernel": kernel}
        save_arrays(directory, self.spec, self.layout, arrays, {"seed": self._seed, "kernel": KIND})

    @classmethod
    def load(cls, directory: Path, space: SlotSpace) -> "GaussianProcess":
        """See `pnas.controller.load_predictor`."""
        saved = load_arrays(directory, space)
        predictor = cls(Layout.of(space), saved.spec)
        predictor._seed = int(saved.notes["seed"])
        if saved.arrays:
            with unreadable_as_invalid(directory):
                predictor._restore(saved.arrays, saved.notes.get("kernel"))
        return predictor

    def _restore(self, arrays: Mapping[str, Any], kind: str | None) -> None:
        if kind != KIND:  # saved when the kernel was another: its data are all that is needed
            self.fit(arrays["tokens"], arrays["rewards"].tolist(), 0, self._seed)
            return
        noise, *lengths, slope = arrays["kernel"].tolist()
        self._take(arrays["tokens"], arrays["rewards"])
        self.kernel = Kernel(noise, tuple(lengths), slope)
        self._solve(self._scaled(self._tokens), self._map.forward(self._rewards.tolist()))


def _projected(
    kernel: Kernel, inducing: list[Features], prior: Features, cross: Features, targets: Features
) -> _Solved:
    """The posterior of the inducing cells; with all cells inducing, that of ordinary regression."""
    from scipy.linalg import cholesky, solve_triangular

    noise = np.exp(kernel.noise)
    prior_factor = cholesky(prior, lower=True)
    seen = solve_triangular(prior_factor, cross, lower=True) / np.sqrt(noise)
    posterior_factor = cholesky(np.eye(len(prior)) + seen @ seen.T, lower=True)
    projected = solve_triangular(posterior_factor, seen @ targets / np.sqrt(noise), lower=True)
    # targets' (noise + K)^-1 targets, by the matrix inversion lemma: sets the scale that the likelihood left out.
    fit = targets @ targets / noise - projected @ projected
    weights = solve_triangular(posterior_factor, projected, lower=True, trans="T")
    weights = solve_triangular(prior_factor, weights, lower=True, trans="T")
    return _Solved(
        inducing, prior_factor, posterior_factor, weights, (fit + 1) / (len(targets) + 1)
    )


def _most_likely(features: list[Features], targets: Features) -> tuple[Kernel, float]:
    """The kernel of the highest posterior density, its overall scale profiled out; and the negative log of that."""
    from scipy.optimize import minimize

    groups = len(features)
    objective = _Objective(features, targets)
    starts = [
        np.array([_PRIOR["noise"][0], *[start] * groups, _PRIOR["slope"][0]]) for start in _STARTS
    ]
    options = {
        "method": "L-BFGS-B",
        "jac": True,
        "bounds": objective.bounds(),
        "options": {"maxiter": 60},
    }
    best = min((minimize(objective, start, **options) for start in starts), key=lambda run: run.fun)
    noise, *lengths, slope = best.x.tolist()
    return Kernel(noise, tuple(lengths), slope), float(best.fun)


class _Objective:
    """Negative log posterior density of a kernel's parameters (logarithms, in `Kernel`'s order), and its gradient."""

    def __init__(self, features: list[Features], targets: Features) -> None:
        """For cells of (scaled) ``features`` (n, columns) a group, and their ``targets`` (n,)."""
        products = [x @ x.T for x in features]
        self._distances = [
            _squared_distances(x, x, xx) for x, xx in zip(features, products, strict=True)
        ]
        self._products = sum(products, np.zeros(()))
        self._targets = targets
        prior = [_PRIOR["noise"], *[_PRIOR["length"]] * len(features), _PRIOR["slope"]]
        self._center, self._width = np.array(prior).T

    def bounds(self) -> list[tuple[float, float]]:
        """Four deviations of the prior, either way."""
        low = self._center - 4 * self._width
        high = self._center + 4 * self._width
        return list(zip(low.tolist(), high.tolist(), strict=True))

    def __call__(self, logs: Features) -> tuple[float, Features]:
        decays = [np.exp(-2 * log) * d for log, d in zip(logs[1:-1], self._distances, strict=True)]
        (near, fall), slope = _matern(sum(decays, np.zeros(()))), np.exp(logs[-1]) * self._products
        noise = np.exp(logs[0]) * np.eye(len(near))
        value, sensitivity = self._likelihood(near + slope + noise)
        changes = [noise, *(fall * decay for decay in decays), slope]
        gradient = np.array([(sensitivity * change).sum() for change in changes])
        away = (logs - self._center) / self._width
        return value + 0.5 * float(away @ away), gradient + away / self._width

    def _likelihood(self, covariance: Features) -> tuple[float, Features]:
        """Negative log likelihood, and its derivative by each entry of the covariance."""
        from scipy.linalg import cho_factor, cho_solve

        n = len(covariance)
        covariance[np.diag_indices(n)] += _JITTER
        factor = cho_factor(covariance, lower=True)
        inverse = cho_solve(factor, np.eye(n))
        weights = inverse @ self._targets
        fit = float(self._targets @ weights)
        value = 0.5 * n * np.log((fit + 1) / (n + 1)) + float(np.log(np.diag(factor[0])).sum())
        return value, 0.5 * (inverse - n / (fit + 1) * np.outer(weights, weights))


def _scale(x: Features) -> float:
    """Root of the mean squared distance between rows; 1 where all are equal."""
    mean = 2 * float(x.var(axis=0).sum())
    return np.sqrt(mean) if mean > 1e-12 else 1.0


def _matern(squared: Features) -> tuple[Features, Features]:
    """Correlations (n, m) of order 3/2 at ``squared`` distances, and what their derivatives have in common (n, m).

    The derivative by the log length of one group is that times the group's share of the squared distance. Rasmussen and
    Williams, Gaussian Processes for Machine Learning, equation 4.17 (https://gaussianprocess.org/gpml/).
    """
    root = np.sqrt(3 * squared)
    decay = np.exp(-root)
    return (1 + root) * decay, 3 * decay


def _squared_distances(x: Features, y: Features, products: Features) -> Features:
    """Between the rows of ``x`` and ``y``, whose ``products`` are known."""
    both = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1)
    return np.maximum(both - 2 * products, 0)
