"""Settings of the network around a cell: rules, presets, and stored settings of version 0.1.0."""

from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from pnas.children import (
    NETWORK_SPECS,
    FlatNetworkSpec,
    NetworkSpec,
    PNASNetworkSpec,
    migrate_network,
    network_from,
)
from pnas.children.network_specs import CellPlan, flat_mapping
from pnas.errors import InvalidValue

PRESETS = sorted((Path(__file__).parents[2] / "conf/child").glob("*.yaml"))

STORED = {
    "kind": "flat",
    "stem": "cifar",
    "stem_multiplier": 3,
    "repeats": 1,
    "filters": 32,
    "concat": "all",
    "bn_momentum": 0.9,
    "bn_epsilon": 1e-5,
}
"""Version 0.1.0 stored the keys of every kind of network."""


def read_preset(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = OmegaConf.to_container(OmegaConf.load(path))  # type: ignore[assignment]
    del values["defaults"]
    return values


BAD_VALUES = [
    (PNASNetworkSpec, {"kind": "deep"}, "child.kind"),
    (PNASNetworkSpec, {"repeats": 0}, "child.repeats"),
    (PNASNetworkSpec, {"filters": 1.5}, "child.filters"),
    (PNASNetworkSpec, {"concat": "none"}, "child.concat"),
    (PNASNetworkSpec, {"bn_momentum": 1.0}, "child.bn_momentum"),
    (PNASNetworkSpec, {"bn_epsilon": 0.0}, "child.bn_epsilon"),
    (PNASNetworkSpec, {"stem": "wide"}, "child.stem"),
    (PNASNetworkSpec, {"stem_multiplier": 0}, "child.stem_multiplier"),
    (PNASNetworkSpec, {"stem": "imagenet", "filters": 3}, "child.filters"),
    (FlatNetworkSpec, {"filters": 0}, "child.filters"),
]


@pytest.mark.parametrize(
    ("spec", "values", "key"),
    BAD_VALUES,
)
def test_a_bad_value_is_named_by_its_key(
    spec: type[NetworkSpec], values: dict[str, Any], key: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        spec(**values)
    assert refused.value.key == key


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_a_preset_has_exactly_the_keys_of_its_kind(path: Path) -> None:
    values = read_preset(path)
    spec = NETWORK_SPECS[values["kind"]]
    assert list(values) != []
    assert set(values) == set(spec.__dataclass_fields__)
    spec(**values)


def test_the_default_preset_is_the_default() -> None:
    small = next(path for path in PRESETS if path.stem == "small")
    assert PNASNetworkSpec(**read_preset(small)) == PNASNetworkSpec()


def test_filters_double_at_the_reductions() -> None:
    plans = PNASNetworkSpec(repeats=2, filters=4).cell_plans()
    assert [plan.filters for plan in plans] == [4, 4, 8, 8, 16, 16]
    assert [plan.stride for plan in plans] == [1, 1, 2, 1, 2, 1]


def test_the_imagenet_stem_has_two_cells_of_stride_2() -> None:
    network = PNASNetworkSpec(stem="imagenet", stem_multiplier=2, filters=8)
    assert network.cell_plans()[:2] == [CellPlan(2, 2), CellPlan(4, 2)]
    assert network.stem_filters() == 64
    assert network.stacked_cells == 3


def test_stored_keys_that_the_kind_does_not_read_are_dropped() -> None:
    assert migrate_network(STORED) == {
        "kind": "flat",
        "filters": 32,
        "concat": "all",
        "bn_momentum": 0.9,
        "bn_epsilon": 1e-5,
    }
    assert migrate_network(STORED | {"kind": "pnas"}) == STORED | {"kind": "pnas"}
    assert network_from(STORED) == FlatNetworkSpec(filters=32)


def test_unknown_stored_keys_stay_to_be_refused() -> None:
    assert migrate_network({"kind": "flat", "wings": 2}) == {"kind": "flat", "wings": 2}


def test_the_flat_mapping_is_what_version_0_1_0_hashed() -> None:
    assert flat_mapping(FlatNetworkSpec(filters=32)) == STORED
