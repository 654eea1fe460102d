"""The most promising cells of a search, by the posterior mean of a predictor."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pnas.predictors import make_predictor
from pnas.predictors.base import Predictor
from pnas.records.cell_trainings import CellTrainings
from pnas.records.front_membership import membership
from pnas.search.strategies.base import StrategyContext
from pnas.seeds import derive_seed
from pnas.state_space import Cell

FEWEST_CELLS = 4
"""Cells below which a predictor has nothing to learn from; they are ranked by their means."""


def rank_by_posterior(
    context: StrategyContext,
    searched: Sequence[CellTrainings],
    stage: int,
    expected: Mapping[Cell, float] | None = None,
) -> list[CellTrainings]:
    """Return the cells of a search of ``stage`` stages, most promising first.

    The posterior mean of a predictor that has learned the reward of a cell itself is less noisy
    than that reward, since similar cells have a part in it. Equally promising cells keep their
    order.

    Args:
        context: What the predictor is made of.
        searched: The cells that were trained whole.
        stage: Number of stages.
        expected: Expected rewards of cells that were trained briefly only, which the predictor
            learns too.
    """
    if len(searched) < FEWEST_CELLS:
        return sorted(searched, key=lambda each: -each.mean)
    predictor = fit_to_means(context, searched, stage, expected)
    tokens = context.space.encode([each.cell for each in searched])
    predicted = np.asarray(predictor.predict(tokens))
    return [searched[i] for i in np.argsort(-predicted, kind="stable")]


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
    context: StrategyContext,
    searched: Sequence[CellTrainings],
    stage: int,
    expected: Mapping[Cell, float] | None = None,
) -> Predictor:
    """Return a predictor fitted to the mean reward of each cell after ``stage`` stages.

    It is told the number of trainings behind each mean, whose noise falls with it. The
    ``expected`` rewards of other cells count as one training each.
    """
    predictor = make_predictor(context.space, context.controller)
    others = expected or {}
    tokens = context.space.encode([*(each.cell for each in searched), *others])
    means = [*(each.mean for each in searched), *others.values()]
    seed = derive_seed(context.seed, "confirmation", len(searched))
    trainings = np.array([*(len(each.rewards) for each in searched), *([1] * len(others))])
    fit: Any = predictor.fit
    # Predictors of the former contract take every reward for that of one training.
    knows_repeats = "repeats" in inspect.signature(fit).parameters
    if knows_repeats and trainings.max() > 1:
        fit(tokens, means, stage, seed, repeats=trainings)
    else:
        fit(tokens, means, stage, seed)
    return predictor
