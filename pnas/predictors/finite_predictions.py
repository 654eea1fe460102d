"""What every use of a predictor asks of its predictions: that cells can be ranked by them."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pnas.errors import InvalidValue
from pnas.predictors.base import Predictor

Numbers = TypeVar("Numbers", bound=NDArray[np.floating])


def require_finite(predictor: Predictor, predictions: Numbers) -> Numbers:
    """Return ``predictions``, means or deviations of rewards, if all of them are finite.

    NaN compares with nothing: a ranking would leave out cells, or find that none is left.

    Raises:
        InvalidValue: One of them is not, as after a training of the predictor that diverged.
    """
    is_finite = np.isfinite(predictions)
    if not is_finite.all():
        others = int(is_finite.size - is_finite.sum())
        rule = "must predict finite numbers"
        received = f"{others} of {is_finite.size} by {type(predictor).__name__} are not"
        raise InvalidValue("controller.predictor", rule, received)
    return predictions
