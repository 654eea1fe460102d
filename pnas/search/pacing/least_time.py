"""The least time in which a search can find anything."""

import math

from pnas.search.pacing.forecast import TrainingForecast
from pnas.search.strategies.search_spec import SearchSpec
from pnas.state_space import SlotSpace

_STARTING_SECONDS = 8.0
"""Seconds until workers have loaded TensorFlow, about."""

_FEWEST_CHILDREN = 6
"""Cells of full size: two to learn from, and two rounds of two."""

_FEWEST_CONFIRMATIONS = 2
"""Further trainings: one of each of two finalists."""


def least_seconds(spec: SearchSpec, space: SlotSpace, forecast: TrainingForecast) -> float:
    """Return the predicted seconds of the smallest search that can find anything.

    Args:
        spec: Settings of the search.
        space: State space that is searched.
        forecast: Predicts how long children train.
    """
    rounds = math.ceil(_FEWEST_CHILDREN / forecast.workers)
    if spec.confirm:
        rounds += math.ceil(_FEWEST_CONFIRMATIONS / forecast.workers)
    return starting_seconds(forecast) + rounds * forecast.typical_seconds(space.B)


def starting_seconds(forecast: TrainingForecast) -> float:
    """Return the predicted seconds until the first child is trained; none once one has been."""
    return 0.0 if forecast.is_measured else forecast.slowdown * _STARTING_SECONDS
