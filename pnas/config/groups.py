"""The config groups: which specification each option of conf/ is composed and checked against.

A group holds one specification an option, a frozen dataclass whose fields are exactly the keys that
the option reads. One key of the group, such as ``controller.predictor``, selects it. A YAML file of
conf/ names its specification in its defaults list, by the value of that key::

    defaults:
      - /hydra/schema/controller/gp@_here_
      - _self_

so that Hydra refuses a wrong type or a misspelt key while it composes.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from pnas.children import (
    NETWORK_SPECS,
    TRAINER_SPECS,
    PNASNetworkSpec,
    SearchTrainerSpec,
    migrate_network,
    migrate_trainer,
)
from pnas.children.inference_spec import InferenceSpec
from pnas.config.task_specs import TASK_SPECS, TaskSpec, migrate_task
from pnas.data.data_spec import FileSpec
from pnas.data.registry import DATASETS, migrate_data
from pnas.execution import EXECUTORS, WorkersSpec, migrate_executor
from pnas.predictors import PREDICTORS, NeuralSpec, migrate_controller
from pnas.records.cache_spec import CacheSpec
from pnas.registry import Part, Registry
from pnas.search import STRATEGIES, SearchSpec
from pnas.search.strategies.stored_specs import migrate_search
from pnas.state_space import STATE_SPACES, PNASSpaceSpec, migrate_state_space
from pnas.system.wording import one_of
from pnas.tables import TabularSpec
from pnas.tracking import TRACKERS, MlflowSpec, migrate_tracking

SCHEMA = "hydra/schema"
"""Where Hydra finds the specifications: below ``hydra/``, whose groups ``--help`` does not list."""

Migration = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Turns a group as an earlier version of pnas stored it into the keys and values of this one."""


def as_stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """The migration of a group that has never changed."""
    return dict(values)


@dataclass(frozen=True)
class Group:
    """One config group.

    Attributes:
        name: Name of the group, such as ``controller``.
        key: Key of the group whose value selects the specification, such as ``predictor``; None
            for a group with one specification only.
        registry: The options, by the values of ``key``.
        default: Specification of an option that declares none of its own (an extension's).
        migrate: Brings a stored group of an earlier version up to date.
        chosen_by: What people type to choose an option; the group's name by default, as in
            ``controller=gp``.
        files: Names of the YAML files of an option, where they are not that of the option.
    """

    name: str
    key: str | None
    registry: Registry
    default: type
    migrate: Migration = as_stored
    chosen_by: str = ""
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def choice(self, *options: str) -> str:
        """Return what people type to choose one of ``options``."""
        names: list[str] = []
        for option in options:
            names.extend(self.files.get(option, (option,)))
        return f"{self.chosen_by or self.name}={one_of(names)}"

    def options(self) -> Iterator[tuple[str, type]]:
        """Yield each option of the package itself, with its specification."""
        for option in self.registry.own_names():
            yield option, self.registry.spec(option, self.default)

    def option_of(self, values: Mapping[str, Any]) -> str:
        """Return the option that ``values`` are the keys of; the first one if they name none."""
        first = self.registry.own_names()[0]
        if self.key is None:
            return first
        return values.get(self.key, first)

    def spec_of(self, values: Mapping[str, Any]) -> type:
        """Return the specification that ``values`` are read by.

        Raises:
            InvalidValue: They name an option that does not exist.
        """
        return self.registry.spec(self.option_of(values), self.default)

    def drop_leftovers(self, values: Mapping[str, Any], composed: type | None) -> dict[str, Any]:
        """Return ``values`` without the keys that another option left at their defaults.

        ``controller.predictor=lstm`` typed over ``controller=gp`` selects another specification
        than the one that was composed, whose own keys then mean nothing.

        Args:
            values: The group as it was composed.
            composed: The specification that it was composed against, None if that is not known.
        """
        spec = self.spec_of(values)
        if composed is None or composed is spec:
            return dict(values)

        known = field_names(spec)
        defaults = default_values(composed)
        kept = {}
        for key, value in values.items():
            is_leftover = key not in known and key in defaults and defaults[key] == value
            if not is_leftover:
                kept[key] = value
        return kept


def field_names(spec: type) -> tuple[str, ...]:
    """Return the keys that ``spec`` reads, in their order."""
    return tuple(each.name for each in fields(spec))


def default_values(spec: type) -> dict[str, Any]:
    """Return the default value of each key of ``spec`` that has one."""
    defaults = {}
    for each in fields(spec):
        if each.default is not MISSING:
            defaults[each.name] = each.default
        elif each.default_factory is not MISSING:
            defaults[each.name] = each.default_factory()
    return defaults


def _shared(key: str, spec: type, *options: str, kind: str = "") -> Registry:
    """Return a registry whose options are all read by the same specification.

    Args:
        key: Key that people type to choose an option.
        kind: Kind of an extension's parts that are options too; empty for none.
    """
    parts = {option: Part(factory=None, spec=spec) for option in options}
    return Registry(kind, key, parts)


def _separate(key: str, specs: Mapping[str, type]) -> Registry:
    """Return a registry whose options have a specification each, and no extensions.

    Args:
        key: Key that people type to choose an option.
        specs: The specification of each option.
    """
    parts = {option: Part(factory=None, spec=spec) for option, spec in specs.items()}
    return Registry(kind="", key=key, parts=parts)


_NETWORKS = _separate("child.kind", NETWORK_SPECS)
_TRAINERS = _separate("trainer.kind", {**TRAINER_SPECS, "tabular": TabularSpec})
_INFERENCES = _shared("inference.format", InferenceSpec, "onnx", "savedmodel")
_CACHES = _shared("cache", CacheSpec, "sqlite")

_GROUPS = (
    Group("task", "name", TASK_SPECS, default=TaskSpec, migrate=migrate_task),
    Group(
        "state_space",
        "kind",
        STATE_SPACES,
        default=PNASSpaceSpec,
        migrate=migrate_state_space,
        chosen_by="state_space.kind",
    ),
    Group("controller", "predictor", PREDICTORS, default=NeuralSpec, migrate=migrate_controller),
    Group(
        "child",
        "kind",
        _NETWORKS,
        default=PNASNetworkSpec,
        migrate=migrate_network,
        chosen_by="child.kind",
    ),
    Group(
        "trainer",
        "kind",
        _TRAINERS,
        default=SearchTrainerSpec,
        migrate=migrate_trainer,
        files={
            "search": ("quick", "paper", "seed"),
            "final": ("final_quick", "final_cifar10"),
        },
    ),
    Group("data", "name", DATASETS, default=FileSpec, migrate=migrate_data),
    Group(
        "search",
        "kind",
        STRATEGIES,
        default=SearchSpec,
        migrate=migrate_search,
        files={"refined": ("refined", "mixed")},
    ),
    Group("executor", "kind", EXECUTORS, default=WorkersSpec, migrate=migrate_executor),
    Group("inference", "format", _INFERENCES, default=InferenceSpec),
    Group("cache", None, _CACHES, default=CacheSpec),
    Group("tracking", "backend", TRACKERS, default=MlflowSpec, migrate=migrate_tracking),
)
GROUPS: dict[str, Group] = {group.name: group for group in _GROUPS}
"""Every group by its name, in the order in which a configuration is shown."""
