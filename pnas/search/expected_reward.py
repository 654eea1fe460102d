"""The reward that a whole training is expected to have, given what a shorter one has shown.

The shorter one is a short training of a rung, or the part of a whole one that was trained before it
was stopped or until now.

Symbols:
    x   signals of a cell as normal scores of their ranks among all cells of the rung: reward of the
        short training, minus its training loss, and the prediction before it; shape (signals,)
    y   reward of the whole training
    w   slopes, shape (signals,); w0 a priori, above 0, since each signal rises with the reward

A Bayesian linear regression of y on x: few cells have both, so its slopes begin at w0 and move as
far as the cells with both say. That the best are promoted does not bias it, since it conditions on
what they were promoted by.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pnas.search.short_training import Signals

FloatArray = NDArray[np.float64]

PRIOR_CELLS = 4.0
"""Cells with both trainings that the slopes of the prior count for."""

PRIOR_CORRELATION = 0.7
"""Correlation of signals with the reward that the prior expects."""


_WEIGHT_OF_LOSS = 0.75
"""Part of the loss in what a short training tells, by the prior; the rest is its reward's.

After two epochs of 25 on digits the loss has a rank correlation of .61 with the mean reward of the
cell, the validation accuracy of .29 (batch statistics are still unsettled), and both in these parts
of .61, over 250 cells (all cells: docs/strategies_compared.md).
"""

_SMALLEST_SCALE = 1e-4
"""Standard deviation of rewards below which signals would no longer order cells."""


@dataclass(frozen=True)
class Evidence:
    """What is known of the cells of one rung.

    Attributes:
        signals: What the short training of each cell has shown.
        predictions: Predicted reward of each cell before it was trained; None where nothing
            predicted.
        rewards: Reward of the whole training of each cell; None where there is none.
    """

    signals: Sequence[Signals]
    predictions: Sequence[float | None]
    rewards: Sequence[float | None]


def expected_rewards(evidence: Evidence) -> FloatArray:
    """Return the expected reward of a whole training of each cell, shape (cells,), in [0, 1].

    No cell is expected to be better than the best that is known: ranks say nothing of how much.
    """
    scores = signal_scores(evidence)
    known = np.array([reward is not None for reward in evidence.rewards])
    rewards = np.array([reward for reward in evidence.rewards if reward is not None])
    scale = _scale(evidence, rewards)
    prior = PRIOR_CORRELATION * scale * prior_weights(evidence)
    if len(rewards) == 0:
        centre = float(np.mean([each.reward for each in evidence.signals]))
        return np.clip(centre + scores @ prior, 0.0, 1.0)

    mean_scores = scores[known].mean(axis=0)
    centred = scores[known] - mean_scores
    slopes = fit_slopes(centred, rewards - rewards.mean(), prior)
    expected = rewards.mean() + (scores - mean_scores) @ slopes
    return np.clip(expected, 0.0, rewards.max())


def fit_slopes(centred: FloatArray, targets: FloatArray, prior: FloatArray) -> FloatArray:
    """Return the posterior mean of the slopes of ``targets`` on ``centred`` signals.

    Args:
        centred: Signals less their means, shape (cells, signals).
        targets: What they are regressed to, less its mean, shape (cells,).
        prior: Prior mean of the slopes, shape (signals,).
    """
    residuals = targets - centred @ prior
    slopes: FloatArray = prior + np.linalg.solve(slope_precision(centred), centred.T @ residuals)
    return slopes


def slope_precision(centred: FloatArray) -> FloatArray:
    """Return the posterior precision of the slopes in units of the noise, (signals, signals)."""
    precision: FloatArray = centred.T @ centred + PRIOR_CELLS * np.eye(centred.shape[1])
    return precision


def training_scores(evidence: Evidence) -> FloatArray:
    """Return what the short trainings tell of each cell, by the prior; shape (cells,)."""
    of_training = Evidence(evidence.signals, [None] * len(evidence.signals), evidence.rewards)
    scores = signal_scores(of_training)
    expected: FloatArray = scores @ prior_weights(of_training)
    return expected


def prior_weights(evidence: Evidence) -> FloatArray:
    """Return the weight of each signal by the prior: a training counts as much as a prediction."""
    weights = [1.0]
    if has_losses(evidence):
        weights = [1.0 - _WEIGHT_OF_LOSS, _WEIGHT_OF_LOSS]
    if any(value is not None for value in evidence.predictions):
        weights.append(1.0)
    return np.array(weights) / sum(weights)


def has_losses(evidence: Evidence) -> bool:
    """Whether the training losses of all cells are known."""
    return all(each.loss is not None for each in evidence.signals)


def signal_scores(evidence: Evidence) -> FloatArray:
    """Return the signals as normal scores, higher for what promises more; (cells, signals)."""
    columns = [normal_scores([each.reward for each in evidence.signals])]
    if has_losses(evidence):
        losses = [each.loss or 0.0 for each in evidence.signals]
        columns.append(normal_scores([-loss for loss in losses]))
    known = [value for value in evidence.predictions if value is not None]
    if known:
        middle = float(np.median(known))
        columns.append(
            normal_scores([middle if each is None else each for each in evidence.predictions])
        )
    return np.stack(columns, axis=1)


def normal_scores(values: Sequence[float]) -> FloatArray:
    """Return the quantiles of the normal distribution at the ranks of ``values``."""
    from scipy.special import ndtri
    from scipy.stats import rankdata  # takes a third of a second to import

    ranks = rankdata(values)
    scores: FloatArray = ndtri((ranks - 0.5) / len(ranks))
    return scores


def _scale(evidence: Evidence, rewards: FloatArray) -> float:
    """Return the standard deviation of rewards, guessed from short trainings at first."""
    if len(rewards) >= 3:
        return max(float(rewards.std(ddof=1)), _SMALLEST_SCALE)
    if len(evidence.signals) < 2:
        return _SMALLEST_SCALE
    shown = [each.reward for each in evidence.signals]
    return max(float(np.std(shown, ddof=1)), _SMALLEST_SCALE)
