"""Predictors: what learns the rewards of trained cells and predicts those of others.

TensorFlow is only imported when a neural predictor is fitted.
"""

from pnas.predictors.base import ExpectsCells, FitReport, Predictor
from pnas.predictors.registry import (
    PREDICTORS,
    load_predictor,
    make_controller_spec,
    make_predictor,
    migrate_controller,
)
from pnas.predictors.specs import (
    ControllerSpec,
    GPSpec,
    LSTMSpec,
    MLPSpec,
    NeuralSpec,
    RankEnsembleSpec,
    TreesSpec,
    named_spec,
)

__all__ = [
    "PREDICTORS",
    "ControllerSpec",
    "ExpectsCells",
    "FitReport",
    "GPSpec",
    "LSTMSpec",
    "MLPSpec",
    "NeuralSpec",
    "Predictor",
    "RankEnsembleSpec",
    "TreesSpec",
    "load_predictor",
    "make_controller_spec",
    "make_predictor",
    "migrate_controller",
    "named_spec",
]
