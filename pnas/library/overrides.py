"""Keyword arguments as the overrides that a command would be typed with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from pnas.config import GROUPS
from pnas.config.suggestions import ROOT_KEYS, no_such_key
from pnas.config.value_quoting import is_plain
from pnas.errors import InvalidValue

_NOT_OF_A_SEARCH = frozenset(("task", "cell", "from"))
"""What belongs to other commands than a search."""


def overrides_of(keywords: Mapping[str, Any]) -> list[str]:
    """Return the overrides that ``keywords`` stand for.

    A keyword is a key without a group (``seed``, ``name``, ``plan_only``), a group
    (``controller="lstm"``, ``trainer={"epochs": 3}``), or the name of a key that one group alone
    has (``B``, ``K``, ``epochs``, ``workers``).

    Raises:
        InvalidValue: A keyword that is none of these, or that several groups have.
    """
    overrides: list[str] = []
    for keyword, value in keywords.items():
        overrides.extend(_overrides(keyword, value))
    # What chooses an option comes first, so that the keys of that option can follow.
    return sorted(overrides, key=lambda override: "." in override.partition("=")[0])


def _overrides(keyword: str, value: Any) -> Iterator[str]:
    is_group = keyword in GROUPS and keyword not in _NOT_OF_A_SEARCH
    if is_group and isinstance(value, Mapping):
        for name, each in value.items():
            yield f"{keyword}.{name}={written(each)}"
    elif keyword == "experiment" and value is None:
        return
    elif is_group or keyword == "experiment":
        yield f"{keyword}={value}"
    elif "." in keyword:
        # A key as it is typed, which is no name of an argument but may be one of a mapping's.
        yield f"{keyword}={written(value)}"
    elif keyword in ROOT_KEYS and keyword not in _NOT_OF_A_SEARCH:
        yield f"{keyword}={written(value)}"
    else:
        yield f"{_full_key(keyword, value)}={written(value)}"


def _full_key(name: str, value: Any) -> str:
    """Return the key of the one group that has a key called ``name``."""
    if name in _NOT_OF_A_SEARCH:
        rule = "must be left out: it does not belong to a search"
        raise InvalidValue(name, rule, value)
    groups = []
    for group in GROUPS.values():
        has_key = any(name in _key_names(spec) for _, spec in group.options())
        if has_key and group.name not in _NOT_OF_A_SEARCH:
            groups.append(group.name)

    if not groups:
        raise InvalidValue(name, no_such_key(name), value)
    if len(groups) > 1:
        paths = ", ".join(f'{group}={{"{name}": ...}}' for group in groups)
        raise InvalidValue(name, f"is a key of several groups; write {paths}", value)
    return f"{groups[0]}.{name}"


def _key_names(spec: type) -> list[str]:
    return [each.name for each in fields(spec)]


def written(value: Any) -> str:
    """Return ``value`` as Hydra's grammar writes it.

    >>> written(["3x3 conv", "it's"]), written(None), written(True), written(1e-3)
    ("['3x3 conv','it\\\\'s']", 'null', 'true', '0.001')
    >>> written({"madds": np.float32(0.5)})
    '{madds:0.5}'
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        # As one types it, since reports repeat it in the commands that they advise.
        return value if is_plain(value) else _quoted(value)
    if isinstance(value, Sequence):
        return f"[{','.join(_nested(each) for each in value)}]"
    if isinstance(value, Mapping):
        pairs = [f"{name}:{_nested(each)}" for name, each in value.items()]
        return f"{{{','.join(pairs)}}}"
    return _quoted(str(value))


def _nested(value: Any) -> str:
    """Return an entry of a list or a mapping: there, plain text may be something else."""
    return _quoted(value) if isinstance(value, str) else written(value)


def _quoted(text: str) -> str:
    # A backslash counts only before a quote, in Hydra's grammar.
    doubled = text.replace("\\'", "\\\\'") if "\\'" in text else text
    escaped = doubled.replace("'", "\\'")
    ending = "\\" if escaped.endswith("\\") else ""
    return f"'{escaped}{ending}'"
