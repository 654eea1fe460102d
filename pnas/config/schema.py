"""Settings: a whole configuration, composed by Hydra or stored by a run, as checked objects."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from pnas.children import NetworkSpec
from pnas.children.inference_spec import InferenceSpec
from pnas.config.error_messages import explain_reference
from pnas.config.groups import GROUPS, Group, field_names
from pnas.config.override_errors import not_removable
from pnas.config.schema_nodes import store_schema
from pnas.config.suggestions import ROOT_KEYS, no_such_key, rule_for_unread_key
from pnas.data import DataSpec
from pnas.errors import InvalidValue, require, require_count
from pnas.execution import ExecutorSpec
from pnas.predictors import ControllerSpec
from pnas.records.cache_spec import CacheSpec
from pnas.search import SearchSpec
from pnas.state_space import StateSpaceSpec
from pnas.state_space.named_cells import PRESETS
from pnas.system.console import command_name
from pnas.system.redaction import redact
from pnas.system.stored_yaml import read_yaml_text
from pnas.tracking import TrackingSpec


@dataclass(frozen=True)
class Settings:
    """One command's whole configuration, checked.

    Attributes:
        name: Name of the run directory.
        seed: Seed of the search.
        source: The key ``from``: a run directory or an MLflow run id, or None.
        plan_only: Whether to print what a search would do, and exit.
        task: One of the specifications in `pnas.config.task_specs`, that of the task that runs.
        trainer: Specification of a search's trainings, of a final training, or of a table.
        cell: Cells that task=train trains, as they were typed; None for a search.
    """

    name: str
    seed: int
    source: str | None
    plan_only: bool
    task: Any
    state_space: StateSpaceSpec
    controller: ControllerSpec
    child: NetworkSpec
    trainer: Any
    data: DataSpec
    search: SearchSpec
    executor: ExecutorSpec
    inference: InferenceSpec
    cache: CacheSpec
    tracking: TrackingSpec
    cell: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain nested data with the keys that people type; `read_stored_settings` reads it.

        It is stored and shown, so credentials in ``tracking.uri`` are left out of it.
        """
        values = asdict(self)
        values["from"] = values.pop("source")

        tracking = values["tracking"]
        if tracking.get("uri") is not None:
            tracking["uri"] = redact(tracking["uri"])
        return values


def register_schema() -> None:
    """Make the specification of every option known to Hydra (`pnas.config.groups`)."""
    # What --help calls the command.
    OmegaConf.register_new_resolver("command_name", command_name, replace=True)
    store = ConfigStore.instance()
    for group in GROUPS.values():
        for option, spec in group.options():
            store_schema(store, group, option, spec)
    # For --help, Hydra copies its sources some hundred times, this store with them. What it loads
    # from the store is copied once more, so one store is enough: seconds become milliseconds.
    vars(store)["__deepcopy__"] = lambda memo: store


def read_settings(config: Mapping[str, Any] | DictConfig) -> Settings:
    """Check a configuration that was composed for this command.

    Raises:
        InvalidValue: The first value that breaks a rule, or a key that nothing reads.
    """
    composed = plain_config(config) if isinstance(config, DictConfig) else config
    values = {str(key): value for key, value in composed.items()}
    for key, value in values.items():
        if key not in GROUPS and key not in ROOT_KEYS:
            raise InvalidValue(key, no_such_key(key), value)

    specs = {}
    for name, group in GROUPS.items():
        given = values.get(name)
        if not isinstance(given, Mapping):
            raise InvalidValue(name, not_removable(name), given)
        _check_keys(group, given)
        specs[name] = group.spec_of(given)(**given)

    return Settings(
        name=_check_name(values.get("name")),
        seed=require_count("seed", values.get("seed"), minimum=0),
        source=_check_source(values.get("from")),
        cell=_check_cell(values.get("cell")),
        plan_only=_check_flag("plan_only", values.get("plan_only", False)),
        **specs,
    )


def _check_keys(group: Group, values: Mapping[str, Any]) -> None:
    """Raise `InvalidValue` for a key of ``group`` that the chosen option does not read."""
    spec = group.spec_of(values)
    for key, value in values.items():
        if key not in field_names(spec):
            rule = rule_for_unread_key(group, key, spec, group.option_of(values))
            raise InvalidValue(f"{group.name}.{key}", rule, value)


def plain_config(config: DictConfig) -> dict[str, Any]:
    """Return a composed configuration as plain data, with what is interpolated filled in.

    Raises:
        InvalidValue: A value refers to something that does not exist, or does not fit.
    """
    try:
        container = OmegaConf.to_container(config, resolve=True)
    except (OmegaConfBaseException, RecursionError) as error:
        raise explain_reference(config, error) from error
    assert isinstance(container, dict)
    values = {str(key): value for key, value in container.items()}

    for name, group in GROUPS.items():
        composed = OmegaConf.get_type(config, name) if name in values else None
        if values.get(name) and composed in _ALL_SPECS:
            values[name] = group.drop_leftovers(values[name], composed)
    return values


_ALL_SPECS = {spec for group in GROUPS.values() for _, spec in group.options()}


def read_stored_settings(stored: Mapping[str, Any]) -> Settings:
    """Check a configuration that a run has stored, of this version of pnas or an earlier one.

    Raises:
        InvalidValue: The first value that breaks a rule, or a key that nothing ever read.
    """
    values = dict(stored)
    for name, group in GROUPS.items():
        values[name] = group.migrate(values.get(name) or {})
    return read_settings(values)


def load_settings(path: Path) -> dict[str, Any]:
    """Return a stored config.yaml as plain data; nothing in it is run, interpolated or imported.

    Raises:
        ValueError: It is no mapping, or a key of it asks for an object to be made (``_target_``).
        OSError, yaml.YAMLError, OmegaConfBaseException, RecursionError: It cannot be read.
    """
    text = read_yaml_text(path)
    loaded = OmegaConf.to_container(OmegaConf.load(StringIO(text)), resolve=False)
    if not isinstance(loaded, dict):
        raise ValueError("it is not a mapping of keys to values")
    _check_no_targets(loaded)
    return {str(key): value for key, value in loaded.items()}


def _check_no_targets(value: Any) -> None:
    """Raise ValueError if a key such as ``_target_`` hopes that an object is made of the file."""
    children: list[Any] = []
    if isinstance(value, Mapping):
        children = list(value.values())
        for key in value:
            if isinstance(key, str) and re.fullmatch(r"_\w+_", key):
                raise ValueError(f"it has the key {key}, which no stored configuration has")
    elif isinstance(value, list):
        children = value

    for child in children:
        _check_no_targets(child)


def _check_name(name: Any) -> str:
    # YAML reads name=2024 as a number; people mean the word.
    is_word = isinstance(name, int | str) and not isinstance(name, bool)
    word = str(name) if is_word else ""
    rule = (
        "must be at most 200 letters, digits, - _ or . and begin with a letter or digit "
        "(it names a directory)"
    )
    require(bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", word)), "name", rule, name)
    return word


def _check_source(source: Any) -> str | None:
    rule = "must be a run directory or an MLflow run id"
    is_given = isinstance(source, str) and source != ""
    require(source is None or is_given, "from", rule, source)
    return source


def _check_cell(cell: Any) -> str | None:
    presets = ", ".join(PRESETS)
    names = f"{presets}, best, top5 or front"
    rule = f"must be a cell such as (-1, 3x3 conv, -2, identity), {names}, or null"
    is_given = isinstance(cell, str) and cell.strip() != ""
    require(cell is None or is_given, "cell", rule, cell)
    return cell


def _check_flag(key: str, value: Any) -> bool:
    require(isinstance(value, bool), key, "must be true or false", value)
    return bool(value)
