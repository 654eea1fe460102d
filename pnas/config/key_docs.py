"""What the docstrings of the specifications say of their keys."""

import inspect
import re
from dataclasses import fields
from typing import get_args, get_type_hints

# An entry of an "Attributes:" section, which may go on over several lines, indented further.
_ATTRIBUTE = re.compile(r"^    (\w+(?:, \w+)*): (.+(?:\n        .+)*)", re.MULTILINE)
# "null = every candidate", "None for every candidate".
_NULL = re.compile(r"\b(?:null|None)(?: = | for | means |: )([^;.(]+)")


def key_meanings(spec: type) -> dict[str, str]:
    """Return what ``spec``, and the classes that it extends, say of each key."""
    meanings = {}
    for kind in reversed(spec.__mro__):
        docstring = inspect.cleandoc(kind.__doc__ or "")
        for names, meaning in _ATTRIBUTE.findall(docstring):
            for name in names.split(", "):
                meanings[name] = " ".join(meaning.split())
    return meanings


def meaning_of_null(spec: type, key: str) -> str | None:
    """Return what null means for ``key``; None if the docstring does not say so."""
    found = _NULL.search(key_meanings(spec).get(key, ""))
    return None if found is None else found[1].strip()


def takes_null(spec: type, key: str) -> bool:
    """Return whether ``key`` may be null."""
    is_field = key in {each.name for each in fields(spec)}
    return is_field and type(None) in get_args(get_type_hints(spec)[key])
