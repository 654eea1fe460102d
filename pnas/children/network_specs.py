"""Settings of the config group ``child``: the network that stacks a cell.

There is one specification for each kind of network. The builder (`pnas.children.network.builder`)
asks it for the cells to stack and for what comes before them.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from pnas.errors import require_choice, require_count
from pnas.validation import (
    check_fields,
    choice,
    drop_former_keys,
    integer,
    number_where,
    setting,
)

GROUP = "child"

_MOST_REPEATS = 100
_MOST_FILTERS = 4096
_LARGEST_MULTIPLIER = 64
"""Bounds of a network that can be planned in a second; published ones have N of up to 7 and F of up
to 216 (PNASNet-5 large)."""

_IMAGENET_STEM_FILTERS = 32
_IMAGENET_SMALLEST_FILTERS = 4
"""The first cell of the ImageNet stem has a quarter of the filters."""


class CellPlan(NamedTuple):
    """Width and stride of one cell of a network.

    Attributes:
        filters: Filters of each operator of the cell.
        stride: 2 for a cell that halves height and width, 1 for any other.
    """

    filters: int
    stride: int


@dataclass(frozen=True)
class NetworkSpec(ABC):
    """What every network has around its cells; the base class of the kinds of network.

    Attributes:
        kind: Name of the kind of network.
        filters: F, the width of the first cells.
        concat: Blocks that make the output of a cell: ``all`` of them, or those ``unused`` as
            inputs of other blocks.
        bn_momentum: Share of the old moving statistics that batch normalization keeps at each step.
            Keras's default of 0.99 does not converge within a short training.
        bn_epsilon: Constant that batch normalization adds to variances.
    """

    kind: str
    filters: int = setting(8, integer(minimum=1, maximum=_MOST_FILTERS))
    concat: str = setting("all", choice("all", "unused"))
    bn_momentum: float = setting(0.9, number_where("must be in [0, 1)", lambda x: 0 <= x < 1))
    bn_epsilon: float = setting(1e-5, number_where("must be in (0, 1)", lambda x: 0 < x < 1))

    def __post_init__(self) -> None:
        check_fields(self, GROUP)

    @property
    @abstractmethod
    def has_stem(self) -> bool:
        """Whether a convolution comes before the first cell."""

    @property
    @abstractmethod
    def has_imagenet_stem(self) -> bool:
        """Whether two cells of stride 2, besides a convolution, come before the stacked cells."""

    @property
    @abstractmethod
    def stacked_cells(self) -> int:
        """Number of cells after the stem."""

    @abstractmethod
    def stem_filters(self) -> int:
        """Return the number of filters of the convolution before the first cell."""

    @abstractmethod
    def cell_plans(self) -> list[CellPlan]:
        """Return the plan of every cell, first to last, those of the stem included."""


@dataclass(frozen=True)
class PNASNetworkSpec(NetworkSpec):
    """3N cells after a stem; cells N and 2N (from 0) are reductions, which double the filters.

    Attributes:
        stem: What comes before the first of the 3N cells: ``cifar``, a 3x3 convolution to
            ``stem_multiplier`` * F filters; or ``imagenet``, a 3x3 convolution of stride 2 to
            32 * ``stem_multiplier`` filters and two cells of stride 2 with F / 4 and F / 2 filters.
        stem_multiplier: See ``stem``.
        repeats: N.
    """

    kind: str = setting("pnas", choice("pnas"))
    stem: str = setting("cifar", choice("cifar", "imagenet"))
    stem_multiplier: int = setting(3, integer(minimum=1, maximum=_LARGEST_MULTIPLIER))
    repeats: int = setting(1, integer(minimum=1, maximum=_MOST_REPEATS))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.has_imagenet_stem:
            require_count("child.filters", self.filters, _IMAGENET_SMALLEST_FILTERS)

    @property
    def has_stem(self) -> bool:
        return True

    @property
    def has_imagenet_stem(self) -> bool:
        return self.stem == "imagenet"

    @property
    def stacked_cells(self) -> int:
        return 3 * self.repeats

    def stem_filters(self) -> int:
        base = _IMAGENET_STEM_FILTERS if self.has_imagenet_stem else self.filters
        return self.stem_multiplier * base

    def cell_plans(self) -> list[CellPlan]:
        plans = []
        if self.has_imagenet_stem:
            plans.append(CellPlan(self.filters // 4, stride=2))
            plans.append(CellPlan(self.filters // 2, stride=2))

        reductions = (self.repeats, 2 * self.repeats)
        for cell in range(self.stacked_cells):
            width = self.filters * 2 ** (cell // self.repeats)
            plans.append(CellPlan(width, stride=2 if cell in reductions else 1))
        return plans


@dataclass(frozen=True)
class FlatNetworkSpec(NetworkSpec):
    """The original project's toy network: two cells of stride 2, the first on the image itself."""

    kind: str = setting("flat", choice("flat"))

    @property
    def has_stem(self) -> bool:
        return False

    @property
    def has_imagenet_stem(self) -> bool:
        return False

    @property
    def stacked_cells(self) -> int:
        return len(self.cell_plans())

    def stem_filters(self) -> int:
        return 0

    def cell_plans(self) -> list[CellPlan]:
        return [CellPlan(self.filters, stride=2), CellPlan(2 * self.filters, stride=2)]


NETWORK_SPECS: dict[str, type[NetworkSpec]] = {"pnas": PNASNetworkSpec, "flat": FlatNetworkSpec}
"""Specification of each kind of network, by the value of ``child.kind``."""


def migrate_network(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored settings of the group ``child`` without the keys that their kind does not read.

    Up to version 0.1.0 the keys of every kind were stored.
    """
    spec = NETWORK_SPECS.get(str(values.get("kind", "pnas")), PNASNetworkSpec)
    return drop_former_keys(values, spec, former=_keys(PNASNetworkSpec))


def network_from(values: Mapping[str, Any]) -> NetworkSpec:
    """Return the specification that stored settings of the group ``child`` describe.

    Raises:
        InvalidValue: A value that breaks a rule, or a kind that does not exist.
    """
    current = migrate_network(values)
    kind = require_choice("child.kind", current.get("kind", "pnas"), tuple(NETWORK_SPECS))
    return NETWORK_SPECS[kind](**current)


def flat_mapping(spec: NetworkSpec) -> dict[str, Any]:
    """Return ``spec`` with the keys of every kind of network, unread ones at their defaults.

    It is what version 0.1.0 hashed, so that its cached evaluations are still found.
    """
    mapping: dict[str, Any] = {}
    for each in (PNASNetworkSpec(), spec):
        for key in _keys(type(each)):
            mapping[key] = getattr(each, key)
    return mapping


def _keys(spec: type[NetworkSpec]) -> set[str]:
    return {each.name for each in fields(spec)}
