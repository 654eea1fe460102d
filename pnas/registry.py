"""Registries: from the name that people type to the part that it stands for.

There is one registry for each kind of part (operators, state spaces, predictors, strategies,
executors, data sets, objectives). The package fills it when the registry is made; extensions add
to it under the same kind (`pnas.extensions`). An entry is a `Part`: the specification, a frozen
dataclass whose fields are exactly the keys that the part reads, and the factory that makes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pnas.errors import InvalidValue
from pnas.extensions import extension, extension_names


@dataclass(frozen=True)
class Part:
    """One entry of a registry.

    Attributes:
        factory: What makes the part; or where it is, as ``"module:attribute"``, so that it is
            imported when it is first asked for (TensorFlow and LightGBM take seconds).
        spec: Type of the settings that the part reads; None for one that reads none.
    """

    factory: Any
    spec: type | None = None


class Registry:
    """The parts of one kind, by name.

    Attributes:
        kind: Key of this kind in the mapping ``PNAS`` of an extension, such as ``predictors``.
        key: Key that people type to choose a part, such as ``controller.predictor``.
    """

    def __init__(
        self,
        kind: str,
        key: str,
        parts: Mapping[str, Part],
        former_names: Mapping[str, str] | None = None,
    ) -> None:
        """Fill the registry.

        Args:
            kind: See the attribute.
            key: See the attribute.
            parts: The parts that the package itself brings, by name.
            former_names: Names of parts in earlier versions, with today's.
        """
        self.kind = kind
        self.key = key
        self._parts = dict(parts)
        self._former_names = dict(former_names or {})

    def names(self) -> tuple[str, ...]:
        """Names of all parts: the package's own first, then those of extensions."""
        return (*self._parts, *extension_names(self.kind))

    def own_names(self) -> tuple[str, ...]:
        """Names of the parts that the package itself brings."""
        return tuple(self._parts)

    def part(self, name: str) -> Part:
        """Return the part called ``name``.

        An extension may offer the factory alone, without a `Part` around it.

        Raises:
            InvalidValue: There is no such part.
        """
        name = self._former_names.get(name, name)
        if name in self._parts:
            return self._parts[name]
        offered = extension(self.kind, name)
        if offered is None:
            raise InvalidValue(self.key, f"must be one of {', '.join(self.names())}", name)
        return offered if isinstance(offered, Part) else Part(offered)

    def factory(self, name: str) -> Any:
        """Return the factory of the part called ``name``, importing it if need be.

        Raises:
            InvalidValue: There is no such part.
        """
        factory = self.part(name).factory
        if not isinstance(factory, str):
            return factory
        module, _, attribute = factory.partition(":")
        return getattr(import_module(module), attribute)

    def spec(self, name: str, default: type) -> type:
        """Return the type of the settings of ``name``, or ``default`` if it declares none.

        Raises:
            InvalidValue: There is no such part.
        """
        return self.part(name).spec or default
