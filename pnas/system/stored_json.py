"""JSON from a file that anybody may have written: bounded in size and depth, errors in one line."""

import json
from typing import Any

from pnas.errors import MalformedFile

MAX_CHARACTERS = 64 * 1024 * 1024
"""Longest JSON text that is parsed; the longest of a search of 10,000 children has about 1 MB."""

MAX_DEPTH = 64
"""Deepest nesting of lists and mappings; a configuration has about 5 levels."""


def parse_json(
    text: str | bytes,
    source: str,
    max_characters: int = MAX_CHARACTERS,
    max_depth: int = MAX_DEPTH,
) -> Any:
    """Parse JSON ``text``.

    Args:
        text: JSON as it was read.
        source: What an error message calls the text, such as a path.
        max_characters: Length above which the text is not parsed.
        max_depth: Nesting above which the value is not accepted.

    Raises:
        MalformedFile: The text is no JSON, too long or too deep.
    """
    if len(text) > max_characters:
        raise MalformedFile(source, f"must be JSON of at most {max_characters:,} characters")
    try:
        value = json.loads(text)
    except RecursionError:
        raise MalformedFile(source, f"must be nested at most {max_depth} levels deep") from None
    except ValueError as error:
        raise MalformedFile(source, f"must be JSON ({error})", _beginning(text)) from None
    if _is_deeper(value, max_depth):
        raise MalformedFile(source, f"must be nested at most {max_depth} levels deep")
    return value


def parse_json_mapping(text: str | bytes, source: str) -> dict[str, Any]:
    """Parse a JSON mapping.

    Raises:
        MalformedFile: The text is no JSON, too long or too deep, or no mapping.
    """
    value = parse_json(text, source)
    if not isinstance(value, dict):
        raise MalformedFile(source, "must be a JSON mapping", _beginning(text))
    return value


def _is_deeper(value: Any, max_depth: int) -> bool:
    """Whether ``value`` is nested deeper than ``max_depth``; level by level, without recursion."""
    level = [value]
    for _ in range(max_depth + 1):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        containers = [item for item in below if isinstance(item, dict | list)]
        if not containers:
            return False
        level = containers
    return True


def _beginning(text: str | bytes) -> str:
    shown = text.decode(errors="replace") if isinstance(text, bytes) else text
    return shown[:60]
