"""Rules for the keys ``search.objectives``, ``search.constraints`` and ``search.reference``."""

from collections.abc import Mapping, Sequence
from typing import Any

from pnas.errors import require
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


def check_reference(reference: Mapping[str, float], objectives: Sequence[str]) -> None:
    """Check that ``search.reference`` names objectives of the search, of which there are several.

    Raises:
        InvalidValue: It names something else, or a reward that no cell can be above.
    """
    for name, value in reference.items():
        key = f"search.reference.{name}"
        rule = "must be left out: search.objectives has one objective, which has no hypervolume"
        require(len(objectives) > 1, key, rule, value)
        rule = f"must be of an objective of the search: {', '.join(objectives)}"
        require(name in objectives, key, rule, value)
        is_below_best = name != REWARD or 0 <= value < 1
        require(is_below_best, key, "must be at least 0 and below 1", value)
