"""One run directory: who holds it, what belongs to it, and whether a command may continue it."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pnas.errors import InvalidValue, RunDirectoryError

JOURNAL = "journal.sqlite"
CONFIG = "config.yaml"
SUMMARY = "summary.json"
CHILDREN = "children.csv"
CONTROLLER = "controller"
WEIGHTS = "weights"
ERRORS = "errors"
LOCK = ".lock"

_MEANING = ("state_space", "child", "trainer", "data", "controller", "search", "seed")
"""Parts of the configuration that decide what a stored reward, or the choice of a child, means."""

_FREE = (
    "trainer.device",
    "search.max_failed",
    "search.retry_failed",
    "search.max_seconds",
    "search.max_children",
    "search.max_epochs",
    "controller.cross_validate",
)
"""Keys inside those parts that a search may change when it continues."""

RAISABLE = ("state_space.B", "controller.K")
"""Limits that a search may raise when it continues: more stages, or more children a stage."""


@contextmanager
def hold(run_dir: Path) -> Iterator[None]:
    """Hold ``run_dir`` for this process; the operating system lets go of it however the process ends.

    Raises:
        RunDirectoryError: another process holds it (its process id is named).
    """
    path = run_dir / LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise RunDirectoryError(f"{run_dir}: cannot be written ({error.strerror})") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = (
                os.pread(descriptor, 100, 0).decode(errors="replace").strip() or "another process"
            )
            raise RunDirectoryError(f"{run_dir}: is in use by {holder}") from None
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {os.uname().nodename}".encode(), 0)
        yield
        os.truncate(descriptor, 0)
    finally:
        os.close(descriptor)


def differences(
    stored: Mapping[str, Any], current: Mapping[str, Any]
) -> list[tuple[str, Any, Any]]:
    """The keys whose values differ between two nested configurations, as (dotted key, stored, current)."""
    before = _flatten(stored)
    after = _flatten(current)
    return [
        (key, before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]


def check_resumable(run_dir: Path, stored: Mapping[str, Any], current: Mapping[str, Any]) -> None:
    """Refuse to continue a run whose stored configuration means something else than this command's.

    Raises:
        InvalidValue: names the first key that differs, the stored value and the one received, and the other keys;
            a limit that is lowered is such a key.
    """
    changed = differences(_meaning(stored), _meaning(current))
    refused = [change for change in changed if not (_is_raise(*change) and _grows(stored))]
    if not refused:
        return
    (key, before, after), others = refused[0], [key for key, *_ in refused[1:]]
    rule = f"{run_dir} was started with {json.dumps(before)}; keep that, or choose another name"
    if key in RAISABLE and _grows(stored):
        rule = f"{run_dir} was searched with {json.dumps(before)}, which may be raised only; choose another name"
    also = f" (also changed: {', '.join(others)})" if others else ""
    raise InvalidValue(key, rule + also, after)


def raised_limits(
    stored: Mapping[str, Any], current: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """The limits that ``current`` raises: (stored, current) by key."""
    changed = differences(_meaning(stored), _meaning(current))
    return {
        key: (before, after)
        for key, before, after in changed
        if _is_raise(key, before, after) and _grows(stored)
    }


def _grows(config: Mapping[str, Any]) -> bool:
    """Whether the search is one of stages of growing cells, which larger limits only add to."""
    return str(config.get("search", {}).get("kind", "progressive")).startswith("progressive")


def _is_raise(key: str, before: Any, after: Any) -> bool:
    """None is the largest K: every candidate."""
    if key not in RAISABLE or before is None:
        return False
    return after is None if not isinstance(after, int) else after > before


def _meaning(config: Mapping[str, Any]) -> dict[str, Any]:
    flat = _flatten({key: config.get(key) for key in _MEANING})
    if flat.get("controller.predictor") != "unlike":
        flat.pop("controller.parts", None)  # which says nothing of any other predictor
    return {key: value for key, value in flat.items() if key not in _FREE}


def _flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        flat.update(_flatten(value, f"{name}.") if isinstance(value, Mapping) else {name: value})
    return flat
