"""The controller: predictors of a cell's reward, and the choice of what to train next. TensorFlow is only
imported when a predictor is fitted."""

from pnas.controller.manager import ControllerManager, TrainingReport
from pnas.controller.predictor import FitReport, Predictor, load_predictor, make_predictor
from pnas.controller.scoring import Generation, grow, rank_beam, rank_space, score_tokens
from pnas.controller.spec import ControllerSpec

__all__ = [
    "ControllerManager",
    "ControllerSpec",
    "FitReport",
    "Generation",
    "Predictor",
    "TrainingReport",
    "grow",
    "load_predictor",
    "make_predictor",
    "rank_beam",
    "rank_space",
    "score_tokens",
]
