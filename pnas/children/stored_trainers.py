"""Settings of the config group ``trainer`` as version 0.1.0 stored and hashed them."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pnas.children.trainer_specs import (
    TRAINER_SPECS,
    FinalTrainerSpec,
    SearchTrainerSpec,
    TrainerSpec,
)
from pnas.validation import drop_former_keys

_TABLE_KEYS = {"table", "table_reward", "table_test", "table_shown"}
"""Keys of `pnas.tables.tabular_spec.TabularSpec`, which version 0.1.0 stored with all others."""

_ADDED_KEYS = ("reward_metric", "class_weights", "decay_share")
"""Keys of later versions, whose defaults leave what a reward means as it was in version 0.1.0."""


def migrate_trainer(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored settings of the group ``trainer`` as those of one kind of training.

    Up to version 0.1.0 the keys of every kind were stored, without ``kind``. The kind is then that
    of the keys that are in use: ``tabular`` with a table, ``final`` with a setting that only final
    trainings have at another value than its default, and ``search`` otherwise.
    """
    if "kind" in values:
        return dict(values)

    if values.get("table") is not None:
        table_values = {key: values[key] for key in _TABLE_KEYS if key in values}
        return {"kind": "tabular", **table_values}

    kind = "final" if _uses_final_settings(values) else "search"
    former = _names(SearchTrainerSpec) | _names(FinalTrainerSpec) | _TABLE_KEYS
    return {"kind": kind, **drop_former_keys(values, TRAINER_SPECS[kind], former)}


def flat_mapping(trainer: TrainerSpec) -> dict[str, Any]:
    """Return ``trainer`` with the keys of every kind of training, unread ones at their defaults.

    It is what version 0.1.0 hashed, so that its cached evaluations are still found. Keys of later
    versions are in it where they differ from their defaults.
    """
    mapping: dict[str, Any] = {}
    for each in (SearchTrainerSpec(), FinalTrainerSpec(), trainer):
        for name in _names(type(each)):
            mapping[name] = getattr(each, name)
    del mapping["kind"]
    defaults = SearchTrainerSpec()
    for name in _ADDED_KEYS:
        if mapping[name] == getattr(defaults, name):
            del mapping[name]
    return mapping


def _uses_final_settings(values: Mapping[str, Any]) -> bool:
    defaults = FinalTrainerSpec()
    for name in _names(FinalTrainerSpec) - _names(TrainerSpec):
        default = getattr(defaults, name)
        if name != "checkpoint_every" and values.get(name, default) != default:
            return True
    return False


def _names(spec: type[TrainerSpec]) -> set[str]:
    return {each.name for each in fields(spec)}
