"""The family of errors that a user can meet.

Each of them prints as a single line that states the rule and then the value received; the command
turns it into exit code 2 without a traceback. A child that fails is not an error of the search: it
is a `pnas.records.ChildResult` with a status.
"""

from typing import Any

_LONGEST_VALUE = 200
"""Characters of a received value that an error shows."""


class PnasError(Exception):
    """A mistake that the user can correct. The message is one line."""

    exit_code = 2

    def __str__(self) -> str:
        # It may quote what a file holds, and a path may have line breaks.
        return " ".join(super().__str__().splitlines())


class InvalidValue(PnasError, ValueError):
    """A value that breaks a rule.

    Attributes:
        key: Key that people type, such as ``state_space.B``.
        rule: What the value must be, beginning with ``must``.
        received: The value.
    """

    def __init__(self, key: str, rule: str, received: Any) -> None:
        self.key = key
        self.rule = rule
        self.received = received
        super().__init__(f"{key}: {rule}. Received: {_shortened(received)}")

    def __reduce__(self) -> tuple[type, tuple[str, str, Any]]:
        # Exceptions are pickled by their message alone unless they say how they are made.
        return type(self), (self.key, self.rule, self.received)


class RunDirectoryError(PnasError):
    """A run directory that cannot be read, belongs to something else, or is in use."""


class NotWritable(RunDirectoryError):
    """Something could not be stored: no room, no permission. What was stored before is intact."""

    exit_code = 1


class MalformedFile(RunDirectoryError, ValueError):
    """Stored data that breaks a rule: a journal, a table, weights, a predictor.

    Args:
        source: The file, and the place in it if that is known.
        rule: What the data must be.
        received: The value that breaks the rule, if it can be shown.
    """

    def __init__(self, source: str, rule: str, received: Any = None) -> None:
        self.source = source
        self.rule = rule
        self.received = received
        shown = "" if received is None else f". Received: {_shortened(received)}"
        super().__init__(f"{source}: {rule}{shown}")

    def __reduce__(self) -> tuple[type, tuple[str, str, Any]]:
        return type(self), (self.source, self.rule, self.received)


class TrackingError(PnasError):
    """MLflow was asked for something (a run id, a store) that it does not have."""


def require(condition: bool, key: str, rule: str, received: Any) -> None:
    """Raise `InvalidValue` unless ``condition`` holds."""
    if not condition:
        raise InvalidValue(key, rule, received)


def require_count(key: str, value: Any, minimum: int = 1) -> int:
    """Return ``value``, an integer of at least ``minimum``.

    Raises:
        InvalidValue: It is something else.
    """
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    is_count = is_integer and value >= minimum
    require(is_count, key, f"must be an integer of at least {minimum}", value)
    return int(value)


def require_choice(key: str, value: Any, choices: tuple[str, ...]) -> str:
    """Return ``value``, one of ``choices``.

    Raises:
        InvalidValue: It is something else.
    """
    require(value in choices, key, f"must be one of {', '.join(choices)}", value)
    return str(value)


def _shortened(value: Any) -> str:
    text = " ".join(repr(value).split())
    if len(text) > _LONGEST_VALUE:
        return text[: _LONGEST_VALUE - 3] + "..."
    return text
