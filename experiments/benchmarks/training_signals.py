"""What short trainings tell of cells, and how well that ranks them: correlations with resamples."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from pnas.predictors.rank_correlation import rank_correlations
from pnas.predictors.rank_metrics import cross_validated

SIGNALS = ("accuracy", "loss", "one to three", "fit", "fit with parent")
"""What a short training tells: its accuracy, its negative mean training loss, both as one to three,
both as weighed by a linear fit that has not seen the cell, and the same with the reward of the
parent of the cell."""

FOLDS = 10
RESAMPLES = 2000

Floats = NDArray[np.float64]


class Judge:
    """Compares signals with the mean rewards of the table, on the same resamples of cells.

    Args:
        rewards: Mean reward of each cell in the table, (cells,).
        parents: Parent of each cell.
    """

    def __init__(self, rewards: Floats, parents: list[str]) -> None:
        self._rewards = rewards
        self._parents = np.array(parents)
        self._best = rewards >= np.quantile(rewards, 2 / 3)

    def overall(self, signal: Floats) -> Floats:
        """Return the correlation, and then that of each resample."""
        return _resampled(signal, self._rewards)

    def among_best(self, signal: Floats) -> Floats:
        """Return the same among the best third of the cells."""
        return _resampled(signal[self._best], self._rewards[self._best])

    def within_families(self, signal: Floats) -> Floats:
        """Return the mean correlation within a family, and that of each resample of families."""
        values = []
        for parent in np.unique(self._parents):
            own = self._parents == parent
            value = rank_correlations(signal[own], self._rewards[own], [[1] * own.sum()])
            values.append(value.spearman[0])
        # A signal that is the same for a whole family does not rank it.
        correlations = np.nan_to_num(values)
        return np.array(_counts(len(correlations)) @ correlations / len(correlations))


def _resampled(signal: Floats, rewards: Floats) -> Floats:
    return rank_correlations(signal, rewards, _counts(len(rewards))).spearman


def _counts(items: int) -> NDArray[np.int64]:
    """Return how often each item is in each sample: all once, and then resamples."""
    generator = np.random.default_rng(0)
    resamples = generator.multinomial(items, np.full(items, 1 / items), size=RESAMPLES)
    return np.concatenate([np.ones((1, items), np.int64), resamples])


def signals_of(values: Floats, parents: Floats, rewards: Floats) -> dict[str, Floats]:
    """Return what short trainings tell of each cell.

    Args:
        values: Accuracy and mean training loss of each, (cells, 2).
        parents: Reward of each parent.
        rewards: Mean rewards, which the last two are fitted to, all cells but a tenth at a time.
    """
    accuracy = _scores(values[:, 0])
    loss = _scores(-values[:, 1])
    both = np.stack([accuracy, loss], axis=1)
    three = np.stack([accuracy, loss, _scores(parents)], axis=1)
    signals = (accuracy, loss, accuracy + 3 * loss, _fitted(both, rewards), _fitted(three, rewards))
    return dict(zip(SIGNALS, signals, strict=True))


def _scores(values: Floats) -> Floats:
    """Return the quantiles of the normal distribution at the ranks of ``values``."""
    scores: Floats = norm.ppf((rankdata(values) - 0.5) / len(values))
    return scores


def _fitted(scores: Floats, rewards: Floats) -> Floats:
    """Return the predictions of linear fits that have not seen the cell."""
    columns = np.column_stack([scores, np.ones(len(scores))])

    def predict(fit: Any, held_out: Any, fold: int) -> Any:
        del fold
        slopes = np.linalg.lstsq(columns[fit], rewards[fit], rcond=None)[0]
        return columns[held_out] @ slopes

    return np.array(cross_validated(predict, len(rewards), FOLDS))
