"""Predictors: what learns the rewards of trained cells and predicts those of others.

TensorFlow is only imported when a neural predictor is fitted.
"""

from pnas.predictors.base import FitReport, Predictor, load_predictor, make_predictor
from pnas.predictors.specs import ControllerSpec

__all__ = ["ControllerSpec", "FitReport", "Predictor", "load_predictor", "make_predictor"]
