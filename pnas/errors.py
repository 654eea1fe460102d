"""The small family of errors a user can meet.

Every one of them prints as a single line that states the rule and then the value received; ``run.py`` turns
them into exit code 2 without a traceback. A child that fails is not an error of the search: it is a
`pnas.records.ChildResult` with a status.
"""

from typing import Any


class PnasError(Exception):
    """A mistake the user can correct. The message is one line."""

    exit_code = 2


class InvalidValue(PnasError, ValueError):
    """A value that breaks a rule, named by the key that people type (``state_space.B``)."""

    def __init__(self, key: str, rule: str, received: Any) -> None:
        self.key = key
        self.rule = rule
        self.received = received
        shown = " ".join(f"{received!r}".split())
        super().__init__(
            f"{key}: {rule}. Received: {shown if len(shown) <= 200 else shown[:197] + '...'}"
        )

    def __reduce__(self) -> tuple[type, tuple[str, str, Any]]:
        return type(self), (self.key, self.rule, self.received)


class RunDirectoryError(PnasError):
    """A run directory that cannot be read, belongs to something else, or is in use."""


class NotWritable(RunDirectoryError):
    """Something could not be stored: no room, no permission. What was stored before is intact."""

    exit_code = 1


class TrackingError(PnasError):
    """MLflow was asked for something (a run id, a store) that it does not have."""


def require(condition: bool, key: str, rule: str, received: Any) -> None:
    """Raise `InvalidValue` unless ``condition`` holds."""
    if not condition:
        raise InvalidValue(key, rule, received)


def require_count(key: str, value: Any, minimum: int = 1) -> int:
    """Return ``value`` if it is an integer of at least ``minimum``; raise `InvalidValue` otherwise."""
    is_int = isinstance(value, int) and not isinstance(value, bool)
    require(is_int and value >= minimum, key, f"must be an integer of at least {minimum}", value)
    return int(value)


def require_choice(key: str, value: Any, choices: tuple[str, ...]) -> str:
    """Return ``value`` if it is one of ``choices``; raise `InvalidValue` otherwise."""
    require(value in choices, key, f"must be one of {', '.join(choices)}", value)
    return str(value)
