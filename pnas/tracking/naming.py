"""What MLflow accepts as names and values, made from what a configuration holds."""

import hashlib
import json
import posixpath
import re
from collections.abc import Mapping
from typing import Any

from pnas.system.redaction import redact, scrub

LONGEST_VALUE = 6000
LONGEST_TAG = 5000
LONGEST_NAME = 250
_ILLEGAL = re.compile(r"[^\w./ :-]", re.ASCII)


def cut(text: str, longest: int) -> str:
    """``text``, shortened so that one sees it was (MLflow itself cuts long values without a word)."""
    if len(text) <= longest:
        return text
    mark = f"... ({len(text)} characters)"
    return text[: longest - len(mark)] + mark if longest > len(mark) else text[:longest]


def legal_name(name: str) -> str:
    """``name`` with what MLflow refuses in names of params and metrics replaced by ``_``."""
    legal = _ILLEGAL.sub("_", name) or "_"
    if legal != posixpath.normpath(legal) or legal.startswith(("/", "..")) or legal == ".":
        legal = legal.replace("/", "_").replace("..", "__") if legal != "." else "_"
    return legal if len(legal) <= LONGEST_NAME else f"{legal[: LONGEST_NAME - 9]}_{_digest(name)}"


def as_params(config: Mapping[str, Any]) -> dict[str, str]:
    """A nested configuration as MLflow params: ``group.key`` -> text, as one would type it.

    Credentials are taken out, values cut at 6,000 characters; keys that become equal are told apart by a
    hash.
    """
    params: dict[str, str] = {}
    for key, value in _leaves(config, ""):
        name = legal_name(key)
        name = f"{name[: LONGEST_NAME - 9]}_{_digest(key)}" if name in params else name
        params[name] = cut(_as_text(value), LONGEST_VALUE)
    return params


def _leaves(value: Any, name: str) -> list[tuple[str, Any]]:
    if not isinstance(value, Mapping) or (not value and name):
        return [(name, value)]
    children = ((f"{name}.{key}" if name else str(key), child) for key, child in value.items())
    return [leaf for key, child in children for leaf in _leaves(child, key)]


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return scrub(redact(value)) if "://" in value else value
    text = json.dumps(value, ensure_ascii=False, default=str)
    return scrub(text) if "://" in text else text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
