"""The params of a search run: what people compare searches by, under the keys that they type."""

from collections.abc import Mapping
from typing import Any

from pnas.tracking.naming import as_params, cut, legal_name

_LONGEST_OPTION = 200

COMPARED_GROUPS = ("seed", "state_space", "controller", "child", "trainer", "data", "search")
"""Parts of the configuration that decide a result. The rest (workers, tracking, paths) is in the
artifact config.yaml only."""


def search_params(config: Mapping[str, Any], options: Mapping[str, str]) -> dict[str, str]:
    """Return the params of a search run.

    Args:
        config: The stored configuration.
        options: Option chosen in each config group (`chosen_options`).

    Returns:
        The option of each group under its name (``controller``), and the values that are set under
        their keys (``controller.K``). Null means that nothing is set, so it is left out.
    """
    compared = {group: config[group] for group in COMPARED_GROUPS if group in config}
    params = as_params(_without_null(compared))
    return {**options, **params}


def chosen_options(config: Mapping[str, Any], choices: Mapping[str, Any]) -> dict[str, str]:
    """Return the option chosen in each config group (``controller`` -> ``lstm``).

    Args:
        config: The stored configuration, whose groups may name their ``kind``.
        choices: What was typed, which counts for more.
    """
    options: dict[str, Any] = {}
    for group, part in config.items():
        if isinstance(part, Mapping):
            options[group] = part.get("kind")
    options |= choices

    named = {}
    for group, option in options.items():
        if option is not None:
            named[legal_name(group)] = cut(str(option), _LONGEST_OPTION)
    return named


def _without_null(values: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            kept[key] = _without_null(value)
        elif value is not None:
            kept[key] = value
    return kept
