"""A space as people type it on the command line."""

import shlex
from collections.abc import Mapping
from typing import Any


def as_typed(spec: Mapping[str, Any]) -> str:
    """Return the overrides that choose the space ``spec``, such as ``state_space.B=2``.

    Args:
        spec: The space as plain data (`SlotSpace.spec`).
    """
    overrides = [f"state_space.{key}={_value(value)}" for key, value in spec.items()]
    return shlex.join(overrides)


def _value(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        return f"[{','.join(_value(each) for each in value)}]"
    return str(value)
