"""The key ``minutes``: the time in which a search ends, in the unit that people think in."""

from collections.abc import Collection, Mapping
from typing import Any

from pnas.errors import InvalidValue, require
from pnas.validation import is_finite

_SECONDS = 60.0
_TASKS = ("search", "tabulate")


def with_minutes(values: Mapping[str, Any], typed: Collection[str]) -> dict[str, Any]:
    """Return a configuration with ``minutes`` as ``search.max_seconds``.

    A number of children is then no limit, unless it was typed too.

    Args:
        values: Composed configuration.
        typed: Keys that were typed on the command line.

    Raises:
        InvalidValue: No number above 0, a limit in seconds beside it, or a task that has no budget.
    """
    replaced = dict(values)
    minutes = replaced.pop("minutes", None)
    if minutes is None:
        return replaced
    require(is_finite(minutes) and minutes > 0, "minutes", "must be a number above 0", minutes)
    task = (values.get("task") or {}).get("name", "search")
    if task not in _TASKS:
        rule = "must be null unless task=search or task=tabulate"
        raise InvalidValue("minutes", rule, minutes)
    if "search.max_seconds" in typed:
        rule = "must be null if search.max_seconds is given: both limit the time"
        raise InvalidValue("minutes", rule, minutes)

    search = dict(values.get("search") or {})
    search["max_seconds"] = _SECONDS * minutes
    if "search.max_children" not in typed:
        search["max_children"] = None
    replaced["search"] = search
    return replaced
