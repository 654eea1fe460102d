"""The typed schema of conf/: one dataclass a config group, each living in the room it configures.

Hydra composes the YAML files of conf/ into these types, so that a wrong type or a misspelt key is refused with
its name while composing; the dataclasses refuse bad values when they are made.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from pnas.children import NetworkSpec, TrainerSpec
from pnas.config.task_specs import TaskSpec
from pnas.data import DataSpec
from pnas.errors import InvalidValue, require, require_count
from pnas.execution import ExecutorSpec
from pnas.predictors import ControllerSpec
from pnas.records.evaluation_cache import CacheSpec
from pnas.search import SearchSpec
from pnas.state_space import StateSpaceSpec
from pnas.state_space.named_cells import PRESETS
from pnas.system.redaction import redact
from pnas.tracking import TrackingSpec

GROUPS: dict[str, type] = {
    "task": TaskSpec,
    "state_space": StateSpaceSpec,
    "controller": ControllerSpec,
    "child": NetworkSpec,
    "trainer": TrainerSpec,
    "data": DataSpec,
    "search": SearchSpec,
    "executor": ExecutorSpec,
    "cache": CacheSpec,
    "tracking": TrackingSpec,
}
_ROOT_KEYS = ("name", "seed", "from", "cell", "plan_only")


@dataclass(frozen=True)
class Settings:
    """One command's whole configuration, checked. ``source`` is the key ``from``; ``cell`` is read by task=train."""

    name: str
    seed: int
    source: str | None
    plan_only: bool
    task: TaskSpec
    state_space: StateSpaceSpec
    controller: ControllerSpec
    child: NetworkSpec
    trainer: TrainerSpec
    data: DataSpec
    search: SearchSpec
    executor: ExecutorSpec
    cache: CacheSpec
    tracking: TrackingSpec
    cell: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain nested data with the keys that people type; `read_settings` reads it back.

        It is stored and shown, so credentials in ``tracking.uri`` are left out of it.
        """
        fields = {**asdict(self), "from": self.source}
        del fields["source"]
        if self.tracking.uri is not None:
            fields["tracking"]["uri"] = redact(self.tracking.uri)
        return fields


def register_schema() -> None:
    """Make the types known to Hydra, as the config named ``schema``."""
    nodes = {group: _typed_node(spec) for group, spec in GROUPS.items()}
    ConfigStore.instance().store(name="schema", node=OmegaConf.create(nodes))


def _typed_node(spec: type) -> DictConfig:
    node = OmegaConf.structured(spec)
    # A frozen dataclass makes a read-only node; ours is composed first and frozen when it becomes the object.
    OmegaConf.set_readonly(node, None)
    return node


def read_settings(config: Mapping[str, Any] | DictConfig) -> Settings:
    """Check a composed (or stored) configuration.

    Raises:
        InvalidValue: the first value that breaks a rule, or a key that does not exist.
    """
    plain = (
        OmegaConf.to_container(config, resolve=True) if isinstance(config, DictConfig) else config
    )
    values = {str(key): value for key, value in dict(plain).items()}  # type: ignore[arg-type]
    groups = {group: _make(group, spec, values.get(group) or {}) for group, spec in GROUPS.items()}
    for key in values.keys() - GROUPS.keys() - set(_ROOT_KEYS):
        raise InvalidValue(key, f"must be one of {', '.join((*_ROOT_KEYS, *GROUPS))}", values[key])
    return Settings(
        name=_check_name(values.get("name")),
        seed=require_count("seed", values.get("seed"), minimum=0),
        source=_check_source(values.get("from")),
        cell=_check_cell(values.get("cell")),
        plan_only=_check_flag("plan_only", values.get("plan_only", False)),
        **groups,
    )


def load_settings(path: Path) -> dict[str, Any]:
    """A stored config.yaml as plain data: nothing in it is run, interpolated or imported.

    Raises:
        ValueError: it is no mapping, or has a key that asks for an object to be made (``_target_``).
        OSError, yaml.YAMLError, OmegaConfBaseException, RecursionError: it cannot be read.
    """
    loaded = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    if not isinstance(loaded, dict):
        raise ValueError("it is not a mapping of keys to values")
    _check_no_targets(loaded)
    return {str(key): value for key, value in loaded.items()}


def _check_no_targets(value: Any) -> None:
    """Nothing here instantiates what a file names; a file that hopes so is not one of ours."""
    if isinstance(value, Mapping):
        for key in value:
            if isinstance(key, str) and re.fullmatch(r"_\w+_", key):
                raise ValueError(f"it has the key {key}, which no stored configuration has")
    children = (
        value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    )
    for child in children:
        _check_no_targets(child)


def _make(group: str, spec: type, values: Mapping[str, Any]) -> Any:
    known = set(spec.__dataclass_fields__)  # type: ignore[attr-defined]
    for key in values.keys() - known:
        raise InvalidValue(
            f"{group}.{key}", f"must be one of {', '.join(sorted(known))}", values[key]
        )
    return spec(**values)


def _check_name(name: Any) -> str:
    # YAML reads name=2024 as a number; people mean the word.
    text = str(name) if isinstance(name, int | str) and not isinstance(name, bool) else ""
    rule = (
        "must be letters, digits, - _ or . and begin with a letter or digit (it names a directory)"
    )
    require(bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", text)), "name", rule, name)
    return text


def _check_source(source: Any) -> str | None:
    rule = "must be a run directory or an MLflow run id"
    require(source is None or (isinstance(source, str) and bool(source)), "from", rule, source)
    return source


def _check_cell(cell: Any) -> str | None:
    rule = f"must be a cell such as (-1, 3x3 conv, -2, identity), {', '.join(PRESETS)}, best or top5, or null"
    require(cell is None or (isinstance(cell, str) and bool(cell.strip())), "cell", rule, cell)
    return cell


def _check_flag(key: str, value: Any) -> bool:
    require(isinstance(value, bool), key, "must be true or false", value)
    return bool(value)
