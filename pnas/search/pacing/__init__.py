"""A search in a given time: what fits, by a model of training time that learns as it goes on."""

from pnas.search.pacing.forecast import TrainingForecast
from pnas.search.pacing.pace import Pace
from pnas.search.pacing.time_left import TimeLeft

__all__ = ["Pace", "TimeLeft", "TrainingForecast"]
