"""Rules declared beside the fields of a specification, and the one function that checks them.

A specification is a frozen dataclass. Each field says which values it takes::

    @dataclass(frozen=True)
    class LSTMSpec:
        hidden: int = setting(100, integer(minimum=1))
        loss: str = setting("l1", choice("l1", "mse", "ranking"))

        def __post_init__(self) -> None:
            check_fields(self, "controller")

OmegaConf reads such classes as it reads any dataclass. Rules that tie several fields together stay
in ``__post_init__``, after `check_fields`.
"""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from pnas.errors import InvalidValue

_RULE = "rule"


@dataclass(frozen=True)
class Rule:
    """A condition on one value.

    Attributes:
        text: What an error message says, beginning with ``must``.
        holds: Whether a value meets the condition.
    """

    text: str
    holds: Callable[[Any], bool]


def setting(default: Any, rule: Rule) -> Any:
    """Return a dataclass field with a default value and the rule for its values.

    A list or a mapping is copied for each instance.
    """
    metadata = {_RULE: rule}
    if isinstance(default, list | dict):
        return field(default_factory=lambda: default.copy(), metadata=metadata)
    return field(default=default, metadata=metadata)


def rule_of(spec: type, name: str) -> Rule | None:
    """Return the rule declared beside the field ``name``; None if it has none."""
    rules = {each.name: each.metadata.get(_RULE) for each in fields(spec)}
    return rules[name]


def check_fields(spec: Any, group: str) -> None:
    """Check each field of ``spec`` against its rule, in their order.

    Args:
        spec: An instance of a dataclass.
        group: Config group of the specification, which begins the key in an error message.

    Raises:
        InvalidValue: The first value that breaks its rule, by its full key (``controller.hidden``).
    """
    for each in fields(spec):
        rule = each.metadata.get(_RULE)
        if rule is not None:
            check_value(f"{group}.{each.name}", rule, getattr(spec, each.name))


def check_value(key: str, rule: Rule, value: Any) -> None:
    """Check one value against a rule.

    Raises:
        InvalidValue: The value breaks the rule.
    """
    try:
        is_held = rule.holds(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        # The value is of another type than the condition is about.
        is_held = False
    if not is_held:
        raise InvalidValue(key, rule.text, value)


def drop_former_keys(
    values: Mapping[str, Any], spec: type, former: Collection[str]
) -> dict[str, Any]:
    """Return stored ``values`` without the keys that an earlier version stored but ``spec`` lacks.

    Earlier versions stored every key of a group, also those that the chosen option did not read.

    Args:
        values: One group of a stored configuration.
        spec: The specification that reads it now.
        former: Keys that the group had in earlier versions. Any other unknown key stays, to be
            refused by name.
    """
    known = {each.name for each in fields(spec)}
    return {key: value for key, value in values.items() if key in known or key not in former}


# -- rules -------------------------------------------------------------------------------------


def integer(minimum: int | None = None, maximum: int | None = None) -> Rule:
    """Return the rule for whole numbers between two bounds, both included."""
    text = "must be an integer" + _bounds(minimum, maximum)

    def holds(value: Any) -> bool:
        is_integer = isinstance(value, int) and not isinstance(value, bool)
        return is_integer and _is_between(value, minimum, maximum)

    return Rule(text, holds)


def number(minimum: float | None = None, maximum: float | None = None) -> Rule:
    """Return the rule for finite numbers between two bounds, both included."""
    text = "must be a number" + _bounds(minimum, maximum)

    def holds(value: Any) -> bool:
        return is_finite(value) and _is_between(value, minimum, maximum)

    return Rule(text, holds)


def number_where(text: str, holds: Callable[[float], bool]) -> Rule:
    """Return a rule for finite numbers with a condition of its own.

    Args:
        text: What an error message says, such as ``must be a number above 0 and below 1``.
        holds: The condition; it is only asked about finite numbers.
    """
    return Rule(text, lambda value: is_finite(value) and holds(value))


def choice(*names: str) -> Rule:
    """Return the rule for one of several names."""
    return Rule(f"must be one of {', '.join(names)}", lambda value: value in names)


def flag() -> Rule:
    """Return the rule for true or false."""
    return Rule("must be true or false", lambda value: isinstance(value, bool))


def text(rule: str = "must be text that is not empty") -> Rule:
    """Return the rule for text with at least one character that shows."""
    return Rule(rule, lambda value: isinstance(value, str) and bool(value.strip()))


def optional(rule: Rule) -> Rule:
    """Return ``rule``, or null."""
    return Rule(f"{rule.text}, or null", lambda value: value is None or rule.holds(value))


def is_finite(value: Any) -> bool:
    """Whether ``value`` is a number that is neither infinite nor NaN (true and false are none)."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value)


def _bounds(minimum: float | None, maximum: float | None) -> str:
    if minimum is not None and maximum is not None:
        return f" from {minimum:,} to {maximum:,}"
    if minimum is not None:
        return f" of at least {minimum:,}"
    if maximum is not None:
        return f" of at most {maximum:,}"
    return ""


def _is_between(value: float, minimum: float | None, maximum: float | None) -> bool:
    if minimum is not None and value < minimum:
        return False
    return maximum is None or value <= maximum
