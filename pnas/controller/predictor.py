"""Where `FitReport` was in version 0.1.0: extensions of that version import it from here."""

from pnas.predictors.base import FitReport

__all__ = ["FitReport"]
