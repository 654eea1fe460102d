"""Hydra's errors about an override as such: what cannot be added, removed or chosen.

Hydra states these by its defaults list, which people who type a key need not know.
"""

import re
from collections.abc import Callable

from pnas.config.groups import GROUPS
from pnas.config.suggestions import KEYS_WITHOUT_DEFAULT, no_such_key
from pnas.errors import InvalidValue

NOT_KEY_AND_VALUE = "must be KEY=VALUE; a list or a value with commas or parentheses needs quotes"
"""Rule of a word that is no override."""

_NO_PLUS = "must be typed without +: it has a value already"


def not_removable(group: str) -> str:
    """Return what an error says of a config group that is removed."""
    return f"must be an option of {group}; it cannot be removed"


def explain_override(message: str) -> InvalidValue | None:
    """Return the key, the rule and the value of one of Hydra's messages; None for any other.

    Args:
        message: Message of the error, in one line.
    """
    for pattern, explanation in _EXPLANATIONS:
        found = pattern.search(message)
        if found is not None:
            return explanation(*found.groups())
    return None


def _removed(typed: str) -> InvalidValue:
    key = typed.partition("=")[0]
    word = f"~{typed}"
    if not key:
        return InvalidValue("command line", NOT_KEY_AND_VALUE, word)
    if key in GROUPS:
        return InvalidValue(key, not_removable(key), word)
    if key in KEYS_WITHOUT_DEFAULT:
        return InvalidValue(key, "must be left out, not removed: it has no value", word)
    return InvalidValue(key, no_such_key(key), word)


def _not_removed_as_typed(key: str, current: str, typed: str) -> InvalidValue:
    rule = f"must have a value ({current}); it cannot be removed"
    return InvalidValue(key, rule, f"~{key}={typed}")


def _no_group(key: str) -> InvalidValue:
    if not key:
        return InvalidValue("command line", NOT_KEY_AND_VALUE, "=")
    return InvalidValue(key, no_such_key(key), key)


def _added_option(key: str, option: str) -> InvalidValue:
    return InvalidValue(key, _NO_PLUS, f"+{key}={option}")


def _added(key: str, override: str) -> InvalidValue:
    return InvalidValue(key, _NO_PLUS, f"+{override}")


def _added_by_force(key: str, value: str) -> InvalidValue:
    return InvalidValue(key, _NO_PLUS, f"++{key}={value}")


_Explanation = Callable[..., InvalidValue]

_EXPLANATIONS: tuple[tuple[re.Pattern[str], _Explanation], ...] = (
    (re.compile(r"^Could not delete '(.*)'\. No match in the defaults list"), _removed),
    (re.compile(r"^Could not delete from config\. '(.*)' does not exist"), _removed),
    (
        re.compile(r"^Could not delete from config\. The value of '(.*)' is (.*) and not (.*)\.$"),
        _not_removed_as_typed,
    ),
    (re.compile(r"^Could not override '([^']*)'\. (?:No match|Did you mean)"), _no_group),
    (re.compile(r"^Multiple values for (\S+)\. .* 'override \S+ (.*)'$"), _added_option),
    (re.compile(r"^Could not append to config\. .* at '(.*)'\. .* prefix: '(.*)' Or"), _added),
    (re.compile(r"^force-add of config groups .*: '\+\+([^=]+)=(.*)'$"), _added_by_force),
    (re.compile(r"^Override .* config group override, but config group '(.*)' does"), _no_group),
    (re.compile(r"^Config group override deletion value .*input_line='~(.*?)'"), _removed),
)
