"""The default strategy of earlier versions, which some commands still mean.

``search=progressive`` was the default. Runs that were started by it continue with it, and so does a
command that sets ``controller.K``, which only growing stages read.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from pnas.predictors import ControllerSpec
from pnas.search.strategies.growing_specs import ProgressiveSpec

DEFAULT_OPTION = "mixed"
"""The option of the group ``search`` that conf/config.yaml chooses."""

_FORMER_DEFAULT = ProgressiveSpec()
_CHOOSING_KEYS = frozenset({"search", "search.kind"})


def chooses_search(choices: Mapping[str, str], typed: Collection[str]) -> bool:
    """Return whether a command, or its experiment, chooses a strategy.

    Args:
        choices: Option chosen in each config group.
        typed: Keys that were typed on the command line.
    """
    is_default = choices.get("search", DEFAULT_OPTION) == DEFAULT_OPTION
    return not is_default or not _CHOOSING_KEYS.isdisjoint(typed)


def sets_K(controller: Mapping[str, Any], typed: Collection[str]) -> bool:
    """Return whether a command, or its experiment, sets the number of children of a stage.

    Args:
        controller: The group ``controller`` of the command.
        typed: Keys that were typed on the command line.
    """
    return "controller.K" in typed or controller.get("K", ControllerSpec.K) != ControllerSpec.K


def began_by_former_default(stored: Mapping[str, Any]) -> bool:
    """Return whether the group ``search`` of a stored configuration is that of the former default.

    Versions that knew a refined search as ``refine`` above 0 stored the same kind for it.
    """
    kind = stored.get("kind", _FORMER_DEFAULT.kind)
    return kind == _FORMER_DEFAULT.kind and not stored.get("refine")


def former_search(composed: Mapping[str, Any], typed: Collection[str]) -> dict[str, Any]:
    """Return the group ``search`` as the former default would have composed it.

    Args:
        composed: The group ``search`` of this command.
        typed: Keys that were typed on the command line.
    """
    values = asdict(_FORMER_DEFAULT)
    for key, value in composed.items():
        if f"search.{key}" in typed:
            values[key] = value
    return values
