"""The rule for the key ``search.rungs``."""

from itertools import pairwise
from typing import Any

from pnas.validation import is_finite


def are_rungs(value: Any) -> bool:
    """Whether ``value`` is empty, or at least two ascending shares of which the last is 1."""
    if not isinstance(value, list | tuple):
        return False
    if not value:
        return True
    if len(value) < 2 or not all(is_finite(share) for share in value):
        return False
    ascends = all(low < high for low, high in pairwise(value))
    return ascends and value[0] > 0 and value[-1] == 1
