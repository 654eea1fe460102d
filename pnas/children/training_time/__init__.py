"""How long the training of a child takes: predicted before it, learned from those that ended."""

from pnas.children.training_time.network_work import NetworkWork, mean_work, network_work
from pnas.children.training_time.time_model import MeasuredTraining, TimeModel, prior_model
from pnas.children.training_time.workload import Workload

__all__ = [
    "MeasuredTraining",
    "NetworkWork",
    "TimeModel",
    "Workload",
    "mean_work",
    "network_work",
    "prior_model",
]
