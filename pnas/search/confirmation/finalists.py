"""The most promising cells of a search, by the posterior mean of a predictor."""

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from pnas.predictors import make_predictor
from pnas.predictors.base import Predictor
from pnas.records.cell_trainings import CellTrainings
from pnas.records.front_membership import membership
from pnas.search.strategies.base import StrategyContext
from pnas.seeds import derive_seed

FEWEST_CELLS = 4
"""Cells below which a predictor has nothing to learn from; they are ranked by their means."""


def rank_by_posterior(
    context: StrategyContext, searched: Sequence[CellTrainings], stage: int
) -> list[CellTrainings]:
    """Return the cells of a search of ``stage`` stages, most promising first.

    The posterior mean of a predictor that has learned the reward of a cell itself is less noisy
    than that reward, since similar cells have a part in it. Equally promising cells keep their
    order.
    """
    if len(searched) < FEWEST_CELLS:
        return sorted(searched, key=lambda each: -each.mean)
    predictor = fit_to_means(context, searched, stage)
    tokens = context.space.encode([each.cell for each in searched])
    expected = np.asarray(predictor.predict(tokens))
    return [searched[i] for i in np.argsort(-expected, kind="stable")]


def rank_by_membership(
    context: StrategyContext, searched: Sequence[CellTrainings], stage: int
) -> list[CellTrainings]:
    """Return the cells of a search of several objectives, the least certain of the front first.

    Rewards are drawn from the predictions of a predictor that has learned the reward of each cell
    itself. Cells of equally certain membership are ordered by their expected reward.
    """
    source = context.objectives
    assert source is not None
    outcomes = source.outcomes([(each.cell, each.mean) for each in searched])
    known = set(outcomes.cells)
    cells = [each for each in searched if each.cell in known]
    if len(cells) < FEWEST_CELLS:
        return sorted(cells, key=lambda each: -each.mean)
    predictor = fit_to_means(context, cells, stage)
    mean, std = predictor.predict_mean_std(context.space.encode([each.cell for each in cells]))
    seed = derive_seed(context.seed, "front confirmation", len(cells))
    probabilities = membership(source.objectives, outcomes.values, mean, std, seed)
    distance = np.abs(probabilities - 0.5)
    order = np.lexsort((-np.asarray(mean), distance))
    return [cells[row] for row in order]


def fit_to_means(
    context: StrategyContext, searched: Sequence[CellTrainings], stage: int
) -> Predictor:
    """Return a predictor fitted to the mean reward of each cell after ``stage`` stages.

    It is told the number of trainings behind each mean, whose noise falls with it.
    """
    predictor = make_predictor(context.space, context.controller)
    tokens = context.space.encode([each.cell for each in searched])
    means = [each.mean for each in searched]
    seed = derive_seed(context.seed, "confirmation", len(searched))
    trainings = np.array([len(each.rewards) for each in searched])
    fit: Any = predictor.fit
    # Predictors of the former contract take every reward for that of one training.
    knows_repeats = "repeats" in inspect.signature(fit).parameters
    if knows_repeats and trainings.max() > 1:
        fit(tokens, means, stage, seed, repeats=trainings)
    else:
        fit(tokens, means, stage, seed)
    return predictor
