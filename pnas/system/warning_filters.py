"""Python's warnings: shown as the user asks, but never the end of a command."""

import os
import sys
import warnings

_VARIABLE = "PYTHONWARNINGS"


def keep_warnings_from_raising() -> None:
    """Print the warnings that ``PYTHONWARNINGS=error`` or ``-W error`` would raise.

    Libraries that a search depends on warn of what only their authors can change; raised, such a
    warning would end a search after all its training. Processes that this one starts do the same.
    """
    if not sys.warnoptions:
        return
    for index, (action, *rest) in enumerate(warnings.filters):
        if action == "error":
            warnings.filters[index] = ("default", *rest)  # type: ignore[index]
    sys.warnoptions[:] = [_shown(option) for option in sys.warnoptions]
    if _VARIABLE in os.environ:
        options = os.environ[_VARIABLE].split(",")
        os.environ[_VARIABLE] = ",".join(_shown(option) for option in options)


def _shown(option: str) -> str:
    action, colon, rest = option.partition(":")
    is_error = action != "" and "error".startswith(action)
    return f"{'default' if is_error else action}{colon}{rest}"
