"""Search spaces by kind: from a stored or composed configuration back to a space."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from pnas.errors import require, require_choice
from pnas.extensions import extension, extension_names
from pnas.state_space.nasbench201 import NASBench201Space
from pnas.state_space.pnas_space import StateSpace
from pnas.state_space.slot_space import SlotSpace


@dataclass(frozen=True)
class StateSpaceSpec:
    """A space as plain data: the ``state_space`` group of conf/.

    Attributes:
        kind: which space: ``pnas``, ``nasbench201``, or one of an extension's (`pnas.extensions`).
        B: blocks of the largest cell.
        operators: operator strings; None for the paper's eight.
        input_lookback_depth: -n: the n previous cells may be read; 0: flat cells.
        input_lookforward_depth: how many blocks of the cell later ones may read; None: all.

    Raises:
        InvalidValue: an unknown kind, or a value that the space refuses.
    """

    kind: str = "pnas"
    B: int = 3
    operators: list[str] | None = None
    input_lookback_depth: int = -2
    input_lookforward_depth: int | None = None

    def __post_init__(self) -> None:
        self.build()

    def build(self) -> SlotSpace:
        """The space itself."""
        known = (*_BUILDERS, *extension_names("state_spaces"))
        kind = require_choice("state_space.kind", self.kind, known)
        build: Callable[[StateSpaceSpec], SlotSpace] = _BUILDERS.get(kind) or extension(
            "state_spaces", kind
        )
        return build(self)


def build_space(spec: Mapping[str, Any] | StateSpaceSpec) -> SlotSpace:
    """The space that ``spec`` describes; ``build_space(space.spec())`` is ``space`` again.

    Raises:
        InvalidValue: an unknown key or kind, or a value that the space refuses.
    """
    if isinstance(spec, StateSpaceSpec):
        return spec.build()
    known = [field.name for field in fields(StateSpaceSpec)]
    for key, value in spec.items():
        require(
            key in known, f"state_space.{key}", f"must be one of the keys {', '.join(known)}", value
        )
    return StateSpaceSpec(**spec).build()


def _pnas(spec: StateSpaceSpec) -> SlotSpace:
    return StateSpace(
        spec.B, spec.operators, spec.input_lookback_depth, spec.input_lookforward_depth
    )


def _nasbench201(spec: StateSpaceSpec) -> SlotSpace:
    for field in fields(spec):
        value = getattr(spec, field.name)
        rule = "must be left out: NAS-Bench-201 fixes what its cells are made of"
        free = field.name in ("kind", "B")
        require(free or value == field.default, f"state_space.{field.name}", rule, value)
    return NASBench201Space(spec.B)


_BUILDERS: dict[str, Callable[[StateSpaceSpec], SlotSpace]] = {
    "pnas": _pnas,
    "nasbench201": _nasbench201,
}
