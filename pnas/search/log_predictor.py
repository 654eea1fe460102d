"""`LogPredictor`: predicts a positive objective, such as a latency, by its logarithm."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pnas.predictors import ControllerSpec, Predictor, make_predictor
from pnas.predictors.finite_predictions import require_finite
from pnas.search.selection import Floats, predict_mean_std_in_chunks
from pnas.state_space import Cell, SlotSpace, Tokens

_QUANTILES = 16
"""Equally likely values that stand for the distribution of a predicted objective."""

_SMALLEST = 1e-12
"""Values below are taken for it, so that they have a logarithm."""

_LEAST_DEVIATION = 0.01
"""Smallest predictive standard deviation of a logarithm that is mapped to [0, 1]."""

_MARGIN = 0.25
"""Room in [0, 1] below and above the logarithms seen so far, for those of cells not yet trained."""


@dataclass(frozen=True)
class LogPredictor:
    """Predicts a positive objective by its logarithm.

    Predictors learn values in [0, 1], so the logarithms are mapped there.

    Attributes:
        predictor: A fitted predictor.
        low, width: The map: ``low`` becomes 0, and ``low + width`` becomes 1.
    """

    predictor: Predictor
    low: float
    width: float

    def quantiles(self, tokens: Tokens, chunk: int) -> Floats:
        """Return equally likely values of each cell, (n, quantiles)."""
        mapped = predict_quantiles(self.predictor, tokens, chunk)
        return np.exp(self.low + self.width * mapped)

    def medians(self, tokens: Tokens, chunk: int) -> Floats:
        """Return the value of each cell that is exceeded as often as not, (n,)."""
        return np.median(self.quantiles(tokens, chunk), axis=1)

    def probability_below(self, limit: float, tokens: Tokens, chunk: int) -> Floats:
        """Return the probability of each cell that its value is at most ``limit``, (n,).

        The logarithm is taken for normal, and its standard deviation for no less than a hundredth
        of the range of those seen.
        """
        from scipy.special import ndtr

        mean, std = predict_mean_std_in_chunks(self.predictor, tokens, chunk)
        mapped = (np.log(max(limit, _SMALLEST)) - self.low) / self.width
        deviations = np.maximum(np.asarray(std, np.float64), _LEAST_DEVIATION)
        return np.asarray(ndtr((mapped - mean) / deviations), np.float64)


def fit_log_predictor(
    space: SlotSpace,
    controller: ControllerSpec,
    cells: Sequence[Cell],
    values: Sequence[float],
    stage: int,
    seed: int,
) -> LogPredictor:
    """Return a predictor that has learned ``values``, which are positive.

    Args:
        space: Space of the cells.
        controller: Settings of the predictor.
        cells: Cells whose values are known.
        values: Their values.
        stage: Number of the last stage.
        seed: Seed of the fit.
    """
    logarithms = np.log(np.maximum(values, _SMALLEST))
    spread = max(float(np.ptp(logarithms)), 1e-6)
    width = spread / (1 - 2 * _MARGIN)
    low = float(logarithms.min()) - _MARGIN * width
    targets = ((logarithms - low) / width).tolist()
    predictor = make_predictor(space, controller)
    predictor.fit(space.encode(list(cells)), targets, stage, seed)
    return LogPredictor(predictor, low, width)


def predict_quantiles(
    predictor: Predictor, tokens: Tokens, chunk: int, weight: float = 1.0
) -> Floats:
    """Return equally likely values of what ``predictor`` predicts, (n, quantiles).

    Args:
        predictor: A fitted predictor. One that does not offer quantiles is taken for normal.
        tokens: Cells, (n, blocks, slots).
        chunk: Number of cells predicted at a time.
        weight: Weight of the predictive standard deviation.
    """
    from scipy.special import ndtri

    z = weight * ndtri((np.arange(_QUANTILES) + 0.5) / _QUANTILES)
    offered = getattr(predictor, "predict_quantiles", None)
    parts: list[Floats] = [np.empty((0, _QUANTILES))]
    for first in range(0, len(tokens), chunk):
        part = tokens[first : first + chunk]
        if offered is not None:
            quantiles = offered(part, z)
        else:
            mean, std = predictor.predict_mean_std(part)
            quantiles = mean[:, None] + std[:, None] * z[None, :]
        parts.append(require_finite(predictor, quantiles))
    return np.concatenate(parts)
