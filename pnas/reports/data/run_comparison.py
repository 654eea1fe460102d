"""Several searches side by side: whether they can be compared, and what differs between them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pnas.errors import InvalidValue
from pnas.records.resumability import differences
from pnas.reports.data.run_view import RunView

# What makes a state space another one; B only says how far into it a search goes.
_SPACE_KEYS = ("kind", "operators", "input_lookback_depth", "input_lookforward_depth")

_WITHOUT_MEANING = ("name", "from", "plan_only", "task", "tracking", "executor", "cache")
_FIRST_GROUPS = ("controller", "state_space", "search")
_SEED = "seed"

_METRIC = "trainer.reward_metric"
_FIRST_METRIC = "accuracy"
"""Metric of runs that store none: earlier versions had no other."""

_MISSING = object()


def noun_of(runs: Sequence[RunView]) -> str:
    """Return what several runs are called: searches, trainings, or runs if of both kinds."""
    kinds = {_kind(run) for run in runs}
    nouns = {"search": "searches", "training": "trainings"}
    return nouns[kinds.pop()] if len(kinds) == 1 else "runs"


def check_comparable(runs: Sequence[RunView]) -> None:
    """Check that rewards say something about each other: one state space, data and metric.

    Raises:
        InvalidValue: Names two of the runs and what differs.
    """
    first = runs[0]
    for run in runs[1:]:
        _check_equal("kind", (first, _kind(first)), (run, _kind(run)))
        for name in _SPACE_KEYS:
            key = f"state_space.{name}"
            _check_equal(key, (first, first.value(key)), (run, run.value(key)))
        if not (first.is_tabular or run.is_tabular):  # what a table was made by is not known
            metrics = [each.value(_METRIC, _FIRST_METRIC) for each in (first, run)]
            _check_equal(_METRIC, (first, metrics[0]), (run, metrics[1]))
        if None not in (first.fingerprint, run.fingerprint):
            _check_equal("data", (first, first.fingerprint), (run, run.fingerprint))


def _kind(run: RunView) -> str:
    return "search" if run.training is None else "training"


def _check_equal(key: str, expected: tuple[RunView, Any], received: tuple[RunView, Any]) -> None:
    first, first_value = expected
    run, value = received
    if first_value != value:
        rule = (
            f"runs must have the same {key}, unless task.mixed=true; "
            f"{first.path} has {json.dumps(first_value)}, {run.path} {json.dumps(value)}"
        )
        raise InvalidValue("task.files", rule, str(run.path))


@dataclass(frozen=True)
class Difference:
    """A choice or a configured value in which runs differ.

    Attributes:
        key: Configuration group (``controller``) or dotted key (``controller.K``).
        values: Its value in each run, as text.
        is_choice: Whether it is the option of a group.
    """

    key: str
    values: tuple[str, ...]
    is_choice: bool = False

    @property
    def name(self) -> str:
        """The key without its group."""
        return self.key.rpartition(".")[2]

    def label(self, index: int) -> str:
        """Return a short name of the value in run ``index``: ``gp``, ``seed 0``, ``K=8``."""
        value = self.values[index]
        if self.is_choice:
            return value
        if self.key == _SEED:
            return f"seed {value}"
        return f"{self.name}={value}"


def find_differences(runs: Sequence[RunView]) -> list[Difference]:
    """Return what differs between runs, options of groups first and the seed last.

    Left out are values that only follow others: those that an option of their own group brings
    with it, and those that equal the values of a key of the same name in every run.
    """
    choices = list(_differing_choices(runs))
    values = list(_differing_values(runs))
    seeds = [difference for difference in values if difference.key == _SEED]
    found = list(choices)
    for difference in values:
        if difference.key != _SEED and not _follows(difference, [*found, *seeds]):
            found.append(difference)
    return [*found, *seeds]


def _follows(difference: Difference, earlier: Sequence[Difference]) -> bool:
    """Whether values are decided by the option of their group, or repeat those of a namesake."""
    group = difference.key.partition(".")[0]
    for other in earlier:
        if other.is_choice and other.key == group and _is_decided_by(difference, other):
            return True
        # Equal values of other names may be a coincidence.
        if other.name == difference.name and other.values == difference.values:
            return True
    return False


def _differing_choices(runs: Sequence[RunView]) -> Iterator[Difference]:
    groups: set[str] = set()
    for run in runs:
        groups.update(run.choices)
    groups.difference_update(_WITHOUT_MEANING)
    for group in sorted(groups, key=_key_order):
        values = tuple(str(run.choices.get(group, "?")) for run in runs)
        if len(set(values)) > 1:
            yield Difference(group, values, is_choice=True)


def _differing_values(runs: Sequence[RunView]) -> Iterator[Difference]:
    first, *others = [_with_meaning(run.config) for run in runs]
    keys: set[str] = set()
    for other in others:
        for key, _, _ in differences(first, other):
            keys.add(key)
    for key in sorted(keys, key=_key_order):
        values = [run.value(key, _MISSING) for run in runs]
        known = {_as_text(value) for value in values if value is not _MISSING}
        # A key that only some runs have, with one value, is one that another version has added.
        if len(known) > 1:
            yield Difference(key, tuple(_as_text(value) for value in values))


def _with_meaning(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in _WITHOUT_MEANING}


def _key_order(key: str) -> tuple[bool, str]:
    return not key.startswith(_FIRST_GROUPS), key


def _is_decided_by(difference: Difference, choice: Difference) -> bool:
    """Whether runs of the same option have the same value."""
    value_of: dict[str, str] = {}
    for option, value in zip(choice.values, difference.values, strict=True):
        if value_of.setdefault(option, value) != value:
            return False
    return True


def _as_text(value: Any) -> str:
    if value is _MISSING:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True)
class RunGroup:
    """Runs that differ in their seed only.

    Attributes:
        name: What they have in common and others have not.
        indices: Their positions among all runs.
    """

    name: str
    indices: tuple[int, ...]


def run_names(runs: Sequence[RunView]) -> list[str]:
    """Return a name for each run: its own, or what tells it apart in a sweep.

    Searches of a sweep are named by date and job number, which says nothing: they are called by
    what differs (``gp, seed 0``).
    """
    names = [run.name for run in runs]
    is_named = [run.sweep is None and names.count(run.name) == 1 for run in runs]
    if len(runs) == 1 or all(is_named):
        return names

    found = find_differences(runs)
    labels = [_label(found, index) for index in range(len(runs))]
    unique = []
    for run, has_name, label in zip(runs, is_named, labels, strict=True):
        tells_apart = label != "" and labels.count(label) == 1
        if has_name:
            unique.append(run.name)
        else:
            unique.append(label if tells_apart else str(run.path))
    return unique


def group_by_seed(runs: Sequence[RunView], names: Sequence[str]) -> list[RunGroup]:
    """Return the runs in groups that differ in their seed only, in order of first mention."""
    found = find_differences(runs)
    others = [difference for difference in found if difference.key != _SEED]
    if len(others) == len(found):
        return [RunGroup(name, (index,)) for index, name in enumerate(names)]

    members: dict[tuple[str, ...], list[int]] = {}
    for index in range(len(runs)):
        setting = tuple(difference.values[index] for difference in others)
        members.setdefault(setting, []).append(index)

    groups = []
    for indices in members.values():
        first = indices[0]
        name = names[first]
        if len(indices) > 1:
            name = _label(others, first) or "all searches"
        groups.append(RunGroup(name, tuple(indices)))
    return groups


def _label(found: Sequence[Difference], index: int) -> str:
    return ", ".join(difference.label(index) for difference in found)
