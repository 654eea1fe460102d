"""Rules for the keys ``search.objectives`` and ``search.constraints``."""

from typing import Any

from pnas.objectives import REWARD
from pnas.validation import is_finite


def is_list_with_reward(value: Any) -> bool:
    """Whether ``value`` is a list of different names with the reward among them."""
    if not isinstance(value, list | tuple):
        return False
    are_names = all(isinstance(name, str) and name.strip() for name in value)
    return are_names and len(set(value)) == len(value) and REWARD in value


def is_numbers_by_name(value: Any) -> bool:
    """Whether ``value`` is a mapping of names to finite numbers."""
    if not isinstance(value, dict):
        return False
    return all(isinstance(name, str) and is_finite(each) for name, each in value.items())
