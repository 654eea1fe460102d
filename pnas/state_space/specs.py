"""Settings of the ``state_space`` config group: one frozen specification for each kind of space."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pnas.state_space import limits
from pnas.state_space.nasbench201 import NODES
from pnas.state_space.operator_patterns import parse_operators
from pnas.validation import check_fields, integer, setting

_GROUP = "state_space"


@dataclass(frozen=True)
class StateSpaceSpec:
    """What every state space has; the base of all specifications of this group.

    Attributes:
        kind: Which space: ``pnas``, ``nasbench201``, or one of an extension (`pnas.extensions`).
        B: Number of blocks of the largest cell.

    Raises:
        InvalidValue: A value breaks its rule.
    """

    kind: str = "pnas"
    B: int = setting(3, limits.BLOCKS)

    def __post_init__(self) -> None:
        check_fields(self, _GROUP)


@dataclass(frozen=True)
class PNASSpaceSpec(StateSpaceSpec):
    """The PNAS space (`pnas.state_space.pnas_space`).

    A space of an extension that declares no specification of its own is read by this one too.

    Attributes:
        operators: Operator strings; None for the paper's eight.
        input_lookback_depth: -n: the n previous cells may be read; 0: flat cells.
        input_lookforward_depth: How many blocks of the cell later ones may read; None for all.
    """

    operators: list[str] | None = None
    input_lookback_depth: int = setting(-2, limits.LOOKBACK)
    input_lookforward_depth: int | None = setting(None, limits.LOOKFORWARD)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.operators is not None:
            parse_operators(self.operators)


@dataclass(frozen=True)
class NASBench201Spec(StateSpaceSpec):
    """The NAS-Bench-201 space, whose operators and inputs are fixed.

    Attributes:
        B: Number of nodes of the largest cell.
    """

    kind: str = "nasbench201"
    B: int = setting(NODES, integer(minimum=1, maximum=NODES))


def migrate_state_space(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored ``state_space`` group as this version reads it.

    Earlier versions stored the keys of the PNAS space with every space, null or at their default
    where the space did not read them.
    """
    if values.get("kind") != "nasbench201":
        return dict(values)
    return {key: values[key] for key in ("kind", "B") if key in values}
