"""Whether a command may continue a run: its configuration against the stored one."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pnas.errors import InvalidValue
from pnas.objectives import LATENCY, MEMORY

RAISABLE = ("state_space.B", "controller.K")
"""Limits that a search may raise when it continues: more stages, or more children a stage."""

_GROUPS_OF_REWARDS = ("state_space", "child", "trainer", "data", "controller", "search", "seed")
"""Parts of the configuration that decide what a stored reward, or the choice of a child, means."""

_MAY_CHANGE = frozenset(
    {
        "trainer.device",
        "search.max_failed",
        "search.retry_failed",
        "search.max_seconds",
        "search.max_children",
        "search.max_epochs",
        "search.confirm",
        "search.confidence",
        "search.tie_break",
        "controller.cross_validate",
        "data.pixel_range",
        "data.skip_unreadable",
    }
)
"""Keys inside those parts that may change when a search continues."""

_LIMITS = (
    *RAISABLE,
    "search.max_seconds",
    "search.max_children",
    "search.max_epochs",
    "search.confirm",
    "search.confidence",
)
"""Keys that decide how far a search goes."""

_GROWING_SEARCHES = ("progressive", "progressive_random", "refined")
"""Searches of stages of growing cells, which larger limits only add to."""

_ENSEMBLES_OF_PARTS = ("rank_ensemble", "unlike")
"""Predictors that read ``controller.parts``; it means nothing to any other."""


class Difference(NamedTuple):
    """A key whose value differs between two configurations.

    Attributes:
        key: Dotted key, such as ``trainer.epochs``.
        before: Value in the stored configuration; None where it is missing.
        after: Value in the configuration of this command; None where it is missing.
    """

    key: str
    before: Any
    after: Any


def differences(stored: Mapping[str, Any], current: Mapping[str, Any]) -> list[Difference]:
    """Return the keys whose values differ between two nested configurations, in order of keys."""
    before = _flatten(stored)
    after = _flatten(current)

    found = []
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            found.append(Difference(key, before.get(key), after.get(key)))
    return found


def check_resumable(run_dir: Path, stored: Mapping[str, Any], current: Mapping[str, Any]) -> None:
    """Check that this command's configuration gives the stored rewards the meaning that they have.

    Args:
        run_dir: Run directory, for the error message.
        stored: Configuration that the run was started with.
        current: Configuration of this command.

    Raises:
        InvalidValue: A key differs that decides what a reward means, or a limit is lowered. The
            message names the first such key with both values, and the other keys.
    """
    refused = []
    for difference in _differences_of_meaning(stored, current):
        is_raised = _is_raised(difference) and may_raise(difference.key, stored)
        if not is_raised:
            refused.append(difference)
    if not refused:
        return

    first = refused[0]
    rule = _rule(run_dir, first, stored)
    others = [difference.key for difference in refused[1:]]
    if others:
        rule += f" (also changed: {', '.join(others)})"
    raise InvalidValue(first.key, rule, first.after)


def raised_limits(
    stored: Mapping[str, Any], current: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """Return the limits that ``current`` raises, as (stored, current) by key."""
    raised: dict[str, tuple[Any, Any]] = {}
    for difference in _differences_of_meaning(stored, current):
        if _is_raised(difference) and may_raise(difference.key, stored):
            raised[difference.key] = (difference.before, difference.after)
    return raised


def changed_limits(stored: Mapping[str, Any], current: Mapping[str, Any]) -> list[Difference]:
    """Return what ``current`` changes of the limits that decide how far a search goes."""
    return [each for each in differences(stored, current) if each.key in _LIMITS]


def changed_decisions(stored: Mapping[str, Any], current: Mapping[str, Any]) -> list[Difference]:
    """Return what ``current`` changes of the limits of a search, and of how its winner is named."""
    decisive = {*_LIMITS, "search.tie_break"}
    return [each for each in differences(stored, current) if each.key in decisive]


def with_changeable_values(stored: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``stored`` with what ``current`` says of the keys that a continued run may change."""
    changed = copy.deepcopy(dict(stored))
    values = _flatten(current)
    for key in sorted(_MAY_CHANGE & values.keys()):
        group, _, name = key.partition(".")
        changed.setdefault(group, {})[name] = values[key]
    return changed


def _rule(run_dir: Path, difference: Difference, stored: Mapping[str, Any]) -> str:
    before = json.dumps(difference.before)
    if may_raise(difference.key, stored):
        return (
            f"{run_dir} was searched with {before}, which may be raised only; choose another name"
        )
    return f"{run_dir} was started with {before}; keep that, or choose another name"


def _differences_of_meaning(
    stored: Mapping[str, Any], current: Mapping[str, Any]
) -> list[Difference]:
    return differences(_with_meaning(stored), _with_meaning(current))


def _with_meaning(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the flat part of ``config`` that decides what a stored reward means."""
    groups = {group: config.get(group) for group in _GROUPS_OF_REWARDS}
    flat = _flatten(groups)
    if _measures(config):
        flat |= _flatten({"inference": config.get("inference") or {}})
    if flat.get("controller.predictor") not in _ENSEMBLES_OF_PARTS:
        flat.pop("controller.parts", None)
    return {key: value for key, value in flat.items() if key not in _MAY_CHANGE}


def _measures(config: Mapping[str, Any]) -> bool:
    """Whether latency or memory has a meaning in the search."""
    search = config.get("search") or {}
    named = {*(search.get("objectives") or ()), *(search.get("constraints") or ())}
    return bool(named & {LATENCY, MEMORY})


def may_raise(key: str, stored: Mapping[str, Any]) -> bool:
    """Whether the search of a stored configuration may go on with a larger ``key``."""
    if key not in RAISABLE or not _has_growing_stages(stored):
        return False
    stops_early = bool((stored.get("search") or {}).get("early_stop"))
    # With other children a stage has another rule for the next one: what a plan stopped early
    # another plan may have trained to its end.
    return not (stops_early and key == "controller.K")


def _has_growing_stages(config: Mapping[str, Any]) -> bool:
    """Whether the search grows cells stage by stage, which larger limits only add to."""
    search = config.get("search") or {}
    kind = search.get("kind", "progressive")
    if search.get("asynchronous"):
        # Results of stages that are planned again did not arrive when other cells were chosen.
        return False
    # A mixed start has cells of full size among its first ones.
    return kind in _GROWING_SEARCHES and search.get("start") != "mixed"


def _is_raised(difference: Difference) -> bool:
    if difference.key not in RAISABLE:
        return False
    # Null is the largest limit: it stands for every candidate.
    if difference.before is None:
        return False
    if not isinstance(difference.after, int):
        return difference.after is None
    return bool(difference.after > difference.before)


def _flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return ``config`` with nested mappings replaced by dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat.update(_flatten(value, prefix=f"{name}."))
        else:
            flat[name] = value
    return flat
