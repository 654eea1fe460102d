"""What every use of a predictor asks of its predictions: that cells can be ranked by them."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pnas.errors import InvalidValue, require
from pnas.predictors.base import Predictor
from pnas.system.wording import plural

_KEY = "controller.predictor"

Numbers = TypeVar("Numbers", bound=NDArray[np.floating])


def require_finite(predictor: Predictor, predictions: Numbers) -> Numbers:
    """Return ``predictions``, means or deviations of rewards, if all of them are finite.

    NaN compares with nothing: a ranking would leave out cells, or find that none is left.

    Raises:
        InvalidValue: One of them is not, as after a training of the predictor that diverged; or a
            predictor of an extension returns something else than an array of numbers.
    """
    require_array(predictor, predictions)
    is_finite = np.isfinite(predictions)
    if not is_finite.all():
        others = int(is_finite.size - is_finite.sum())
        rule = "must predict finite numbers"
        received = f"{others} of {is_finite.size} by {type(predictor).__name__} are not"
        raise InvalidValue(_KEY, rule, received)
    return predictions


def require_array(predictor: Predictor, predictions: Any, count: int | None = None) -> None:
    """Raise `InvalidValue` unless ``predictions`` are an array of numbers.

    Args:
        predictor: What has made them; an extension may bring another one.
        predictions: The predictions.
        count: Number of cells, each of which has one; None to leave the shape open.
    """
    kind = getattr(getattr(predictions, "dtype", None), "kind", "")
    is_shaped = count is None or np.shape(predictions) == (count,)
    number = "numbers" if count is None else plural(count, "number")
    rule = f"must predict an array of {number}, as {type(predictor).__name__} does not"
    require(bool(kind) and kind in "fiu" and is_shaped, _KEY, rule, predictions)
