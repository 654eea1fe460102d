"""What MLflow accepts as names and values, made from what a configuration holds."""

import hashlib
import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pnas.system.redaction import redact, scrub

LONGEST_VALUE = 6000
LONGEST_TAG = 5000
LONGEST_NAME = 250

_ILLEGAL = re.compile(r"[^\w./ :-]", re.ASCII)
_LENGTH_OF_HASH = 8


def cut(text: str, longest: int) -> str:
    """Return ``text`` with at most ``longest`` characters; one sees that it was shortened.

    MLflow itself shortens long values silently.
    """
    if len(text) <= longest:
        return text
    mark = f"... ({len(text)} characters)"
    if longest <= len(mark):
        return text[:longest]
    return text[: longest - len(mark)] + mark


def legal_name(name: str) -> str:
    """Return ``name`` with what MLflow refuses in names of params and metrics replaced by ``_``."""
    legal = _ILLEGAL.sub("_", name) or "_"
    if legal == ".":
        return "_"
    # MLflow takes names for paths and wants them in their shortest form.
    is_path_in_short_form = legal == posixpath.normpath(legal)
    if not is_path_in_short_form or legal.startswith(("/", "..")):
        legal = legal.replace("/", "_").replace("..", "__")
    return _with_hash(legal, name) if len(legal) > LONGEST_NAME else legal


def as_params(config: Mapping[str, Any]) -> dict[str, str]:
    """Return a nested configuration as MLflow params: ``group.key`` -> text, as one would type it.

    Credentials are removed and values cut at 6,000 characters. Keys that become equal are told
    apart by a hash.
    """
    params: dict[str, str] = {}
    for key, value in _leaves(config, ""):
        name = legal_name(key)
        if name in params:
            name = _with_hash(name, key)
        params[name] = cut(_as_text(value), LONGEST_VALUE)
    return params


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield the values of a nested mapping with their dotted keys."""
    is_leaf = not isinstance(value, Mapping) or (not value and name)
    if is_leaf:
        yield name, value
        return
    for key, child in value.items():
        child_name = f"{name}.{key}" if name else str(key)
        yield from _leaves(child, child_name)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return scrub(redact(value)) if "://" in value else value
    text = json.dumps(value, ensure_ascii=False, default=str)
    return scrub(text) if "://" in text else text


def _with_hash(name: str, unique: str) -> str:
    """Return ``name`` with an end that tells it from other names, within the longest length."""
    beginning = name[: LONGEST_NAME - _LENGTH_OF_HASH - 1]
    digest = hashlib.sha256(unique.encode()).hexdigest()
    return f"{beginning}_{digest[:_LENGTH_OF_HASH]}"
