"""The least time in which a search can find anything."""

import math
from collections.abc import Mapping

from pnas.search.pacing.forecast import TrainingForecast
from pnas.search.pacing.pace import FEWEST_OF_ROUND
from pnas.search.pacing.paced_budget import FEWEST_TO_LEARN
from pnas.search.pacing.timed_ladder import FEWEST_WHOLE, TimedLadder
from pnas.search.strategies.search_spec import SearchSpec
from pnas.state_space import SlotSpace

_STARTING_SECONDS = 8.0
"""Seconds until workers have loaded TensorFlow, about."""

_FEWEST_CHILDREN = 6
"""Cells of full size: two to learn from, and two rounds of two."""

_FEWEST_CONFIRMATIONS = 2
"""Further trainings: one of each of two finalists."""


def least_seconds(
    spec: SearchSpec,
    space: SlotSpace,
    forecast: TrainingForecast,
    kept_epochs: Mapping[int, int] | None = None,
) -> float:
    """Return the predicted seconds of the smallest search that can find anything.

    Args:
        spec: Settings of the search. With ``rungs`` a start and one round of short trainings, the
            best of which go on, do in place of ``_FEWEST_CHILDREN`` whole ones.
        space: State space that is searched.
        forecast: Predicts how long children train.
        kept_epochs: Number of epochs that each rung keeps for longer trainings, by its epochs.
    """
    whole = forecast.typical_seconds(space.B)
    seconds = starting_seconds(forecast)
    if spec.rungs:
        ladder = TimedLadder.of(spec.rungs, forecast, space.B, kept_epochs)
        seconds += ladder.least_seconds(FEWEST_TO_LEARN, FEWEST_WHOLE)
        seconds += ladder.least_seconds(FEWEST_OF_ROUND, 1)
    else:
        seconds += math.ceil(_FEWEST_CHILDREN / forecast.workers) * whole
    if spec.confirm_share(forecast.epochs):
        seconds += math.ceil(_FEWEST_CONFIRMATIONS / forecast.workers) * whole
    return seconds


def starting_seconds(forecast: TrainingForecast) -> float:
    """Return the predicted seconds until the first child is trained; none once one has been."""
    return 0.0 if forecast.is_measured else forecast.slowdown * _STARTING_SECONDS
