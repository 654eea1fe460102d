"""`SchemaNode`: the specification of an option as Hydra's `ConfigStore` holds it, made when needed.

A command composes a dozen of some forty options. Making the nodes of all of them took a fifth of
the time of a command that ends at once.
"""

from dataclasses import fields
from functools import cached_property
from typing import Any

from hydra.core.config_store import ConfigNode, ConfigStore
from omegaconf import DictConfig, OmegaConf

from pnas.config.groups import SCHEMA, Group


class SchemaNode(ConfigNode):
    """The node of one option.

    Args:
        group: Its group.
        option: Its name.
        spec: Its specification, a frozen dataclass.
    """

    def __init__(self, group: Group, option: str, spec: type) -> None:
        self.name = f"{option}.yaml"
        self.group = f"{SCHEMA}/{group.name}"
        self.package = None
        self.provider = None
        self.spec = spec
        self._key = group.key
        self._option = option

    @cached_property
    def node(self) -> DictConfig:  # type: ignore[override]
        """The configuration that values of this option are merged into."""
        node = OmegaConf.structured(self.spec)
        # A frozen dataclass makes a read-only node; ours is composed first and frozen as an object.
        OmegaConf.set_readonly(node, None)
        if self._key is not None:
            node[self._key] = self._option
        for each in fields(self.spec):
            if isinstance(node[each.name], DictConfig):
                # People type keys of their own into a mapping, without the + of Hydra.
                OmegaConf.set_struct(node[each.name], False)
        return node

    def __reduce__(self) -> tuple[type[ConfigNode], tuple[Any, ...]]:
        """Copy and pickle as the plain node of Hydra's that this stands for."""
        return ConfigNode, (self.name, self.node, self.group, self.package, self.provider)


def store_schema(store: ConfigStore, group: Group, option: str, spec: type) -> None:
    """Put the node of an option where Hydra finds it, unless it is there."""
    folder = store.repo
    for name in (*SCHEMA.split("/"), group.name):
        folder = folder.setdefault(name, {})
    node = SchemaNode(group, option, spec)
    known = folder.get(node.name)
    is_there = isinstance(known, SchemaNode) and known.spec is spec
    if not is_there:
        folder[node.name] = node
