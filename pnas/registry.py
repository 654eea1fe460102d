"""Registries: from the name that people type to the part that it stands for.

There is one registry for each kind of part (operators, state spaces, predictors, strategies,
executors, data sets, objectives). The package fills it when the registry is made; extensions add
to it under the same kind (`pnas.extensions`). An entry is a `Part`: the specification, a frozen
dataclass whose fields are exactly the keys that the part reads, and the factory that makes it.
"""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from importlib import import_module
from typing import Any

from pnas.errors import InvalidValue, require
from pnas.extensions import check_names, extension, extension_names
from pnas.system.wording import plural


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
        """Names of all parts: the package's own first, then those of extensions.

        Raises:
            InvalidValue: An extension offers a part under a name of the package.
        """
        check_names(self.kind, self._has)
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
        check_names(self.kind, self._has)
        name = self._former_names.get(name, name)
        if name in self._parts:
            return self._parts[name]
        offered = extension(self.kind, name)
        if offered is None:
            raise InvalidValue(self.key, f"must be one of {', '.join(self.names())}", name)
        part = offered if isinstance(offered, Part) else Part(offered)
        has_fields = part.spec is None or is_dataclass(part.spec)
        require(has_fields, self.key, f"{name} must have a dataclass as its spec", part.spec)
        return part

    def _has(self, name: str) -> bool:
        """Whether the package has a part called ``name``, today or in an earlier version."""
        return name in self._parts or name in self._former_names

    def factory(self, name: str) -> Any:
        """Return the factory of the part called ``name``, importing it if need be.

        Raises:
            InvalidValue: There is no such part, or an extension has misnamed where it is.
        """
        factory = self.part(name).factory
        if not isinstance(factory, str):
            return factory
        module, _, attribute = factory.partition(":")
        try:
            return getattr(import_module(module), attribute)
        except (ImportError, AttributeError, ValueError) as error:
            if name not in extension_names(self.kind):
                raise
            rule = f"{name} must be at module:attribute ({type(error).__name__}: {error})"
            raise InvalidValue(self.key, rule, factory) from error

    def make(self, name: str, contract: type, *arguments: Any) -> Any:
        """Return what the factory of the part called ``name`` makes of ``arguments``.

        Args:
            name: Name of the part.
            contract: What it has to make: a class, or a protocol that can be checked at run time.
            arguments: Arguments of the factory.

        Raises:
            InvalidValue: There is no such part, or one of an extension cannot be called with
                ``arguments``, or makes something else.
        """
        factory = self.factory(name)
        if name in extension_names(self.kind):
            self._check_call(name, factory, arguments)
        made = factory(*arguments)
        rule = f"{name} must return a value of type {contract.__name__}"
        require(isinstance(made, contract), self.key, rule, made)
        return made

    def _check_call(self, name: str, factory: Any, arguments: Sequence[Any]) -> None:
        """Raise `InvalidValue` unless ``factory`` can be called with ``arguments``."""
        rule = f"{name} must be a function or a class"
        require(callable(factory), self.key, rule, factory)
        try:
            signature = inspect.signature(factory)
        except ValueError:  # some built-in ones have none
            return
        try:
            signature.bind(*arguments)
        except TypeError as error:
            count = plural(len(arguments), "argument")
            raise InvalidValue(self.key, f"{name} must take {count} ({error})", factory) from error

    def spec(self, name: str, default: type) -> type:
        """Return the type of the settings of ``name``, or ``default`` if it declares none.

        Raises:
            InvalidValue: There is no such part.
        """
        return self.part(name).spec or default
